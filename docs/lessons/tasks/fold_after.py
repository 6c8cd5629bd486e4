"""Batch normalisation, folded into the convolution after it"""

import torch
from torch import nn


def folded(norm, conv):
    """What the two do at inference, as one convolution; conv has no padding."""
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * factor
    sizes = conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride
    made = nn.Conv2d(*sizes)
    made.weight.data = conv.weight * factor[:, None, None]
    made.bias.data = conv.bias + conv.weight.sum(dim=(2, 3)) @ shift
    return made


torch.manual_seed(0)
norm, conv = nn.BatchNorm2d(4).double(), nn.Conv2d(4, 6, 3, stride=2).double()
for numbers in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
    numbers.data.uniform_(0.5, 2)
before = conv.weight.clone()
both = nn.Sequential(norm, conv).eval()
x = torch.randn(2, 4, 11, 11, dtype=torch.float64)
assert torch.allclose(folded(norm, conv)(x), both(x)), "the outputs differ"
assert torch.equal(conv.weight, before), "the convolution that was given is changed"
