import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table.peak_activation_bytes("float16"), "bytes at once")
print(table.training_activation_bytes("float16"), "bytes for the backward pass")
print(table.receptive_fields()[-3])
print(round(table.arithmetic_intensity("float16", batch_size=8), 1), "FLOPs per byte")
print(table[:4].to_text(columns="layer,output,field,jump,peak,intensity"))
