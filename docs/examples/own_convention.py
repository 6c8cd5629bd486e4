import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table.operations("edge.toml"), "ops")
print(table["stem"].explain("edge.toml"))

free_head = cnnref.Convention.from_dict({"name": "mine", "base": "macs", "prices": {"linear": {}}})
print(table.macs - table.operations(free_head), "MACs are in the head")
