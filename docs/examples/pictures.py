from textwrap import fill

import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
picture = table.draw("body.0")  # a notebook shows it; picture.save("block.svg") writes it
print(picture.title)
print(fill(picture.description, 100), "\n")
print(table.to_mermaid("body.0"))
