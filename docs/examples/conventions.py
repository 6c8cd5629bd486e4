import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
for name in cnnref.conventions():
    print(f"{name:<13} {table.operations(name):>12,} {cnnref.convention(name).unit}s")
