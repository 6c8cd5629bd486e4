import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table.macs, table.parameters, len(table))
row = table["body.1.conv2"]
print(row.macs, row.out_shape, row.window.kernel, row.inputs)
