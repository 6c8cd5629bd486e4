import cnnref
from model import Net

print(cnnref.trace(Net(), (3, 96, 96)).by_convention("torchinfo,thop,macs"))
