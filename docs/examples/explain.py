import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
for name in ("stem", "body.0.conv1", "body.0.norm1", "head"):
    print(table[name].explain("fvcore"))
