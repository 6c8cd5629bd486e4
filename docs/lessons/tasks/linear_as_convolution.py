"""A fully-connected layer as a convolution"""

import torch
from torch import nn


def as_convolution(linear, channels):
    """A convolution on maps that computes what linear does of the flattened ones."""
    size = round((linear.in_features // channels) ** 0.5)
    made = nn.Conv2d(channels, linear.out_features, size)
    made.weight.data = linear.weight.data.reshape(made.weight.shape)
    made.bias.data = linear.bias.data
    return made


torch.manual_seed(0)
linear = nn.Linear(8 * 7 * 7, 10).double()
conv = as_convolution(linear, 8)
x = torch.randn(3, 8, 9, 7, dtype=torch.float64)
scores = conv(x)
assert scores.shape == (3, 10, 3, 1), "a larger map gives a map of scores"
for row in range(3):
    window = x[:, :, row : row + 7].flatten(1)
    assert torch.allclose(scores[:, :, row, 0], linear(window)), f"from row {row}"
assert conv.weight.numel() == linear.weight.numel()
