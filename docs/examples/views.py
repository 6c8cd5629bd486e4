import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table.group(depth=1), "\n")
print(table.group("op"), "\n")
print(table.top(3, "macs").to_text(columns="layer,macs,macs_share"), "\n")
print(table.collapse())
