import cnnref
from model import Net
from torch import nn
from torch.nn.utils import prune

net = Net()
for part in net.modules():
    if isinstance(part, nn.Conv2d):
        prune.l1_unstructured(part, "weight", amount=0.5)  # half of the weights become zero
        prune.remove(part, "weight")  # and stay so, without a mask

table = cnnref.trace(net, (3, 96, 96), sparsity=True)
print(table.group(depth=1).to_text(columns="macs,sparsity,nonzero_macs"))
