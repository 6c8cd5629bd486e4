"""What a step of training costs."""

from model import Net
from torch import nn

import cnnref

net = Net()
step = cnnref.trace(net, (3, 96, 96), mode="training")
print(f"{step.forward.macs:,} forward, {step.backward.macs:,} backward")
for layer in step.backward:
    if layer.macs:
        print(layer.name, f"{layer.macs:,}")

*body, head = net.children()
for part in body:
    part.requires_grad_(False)
frozen = cnnref.trace(net, (3, 96, 96), mode="training")
print(f"{frozen.backward.macs:,} backward where all but the {type(head).__name__} is frozen")
assert isinstance(head, nn.Module)
