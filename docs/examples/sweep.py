import cnnref
from model import Net

print(cnnref.sweep(Net, width=[16, 32, 64], input_size=[96, 128]))
