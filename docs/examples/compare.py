import cnnref
from model import Net

before = cnnref.trace(Net(blocks=3), (3, 96, 96))
after = cnnref.trace(Net(blocks=3, width=48), (3, 96, 96))
found = cnnref.compare(before, after)
print(found.rows_differing, "rows differ, such as:", found[0])
print(cnnref.compare(before, cnnref.trace(Net(blocks=4), (3, 96, 96))))
