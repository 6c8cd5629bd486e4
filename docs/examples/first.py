import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table)
