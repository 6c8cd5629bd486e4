"""A shortcut without parameters"""

import torch
from torch import nn


def shortcut(x, channels):
    """Every other position of the maps, and zeros for the channels that are new."""
    half = x[:, :, ::2, ::2]
    new = channels - x.shape[1]
    return nn.functional.pad(half, (0, 0, 0, 0, 0, new))


torch.manual_seed(0)
x = torch.randn(2, 4, 6, 6)
padded = shortcut(x, 10)
projection = nn.Conv2d(4, 10, kernel_size=1, stride=2, bias=False)
assert padded.shape == projection(x).shape
projection.weight.data = torch.eye(10, 4)[:, :, None, None]
assert torch.allclose(padded, projection(x)), "the identity as a projection"
