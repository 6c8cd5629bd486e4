"""Squeeze and excitation: a gate between zero and one for each channel, computed from all of them.

J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", arXiv:1709.01507, CVPR 2018, section 3.
The two fully-connected layers are 1x1 convolutions on a map of one position, with biases.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["gate"]


def gate(
    net: Net, x: FeatureMap, name: str, squeezed: int, *, activation: str = "relu"
) -> FeatureMap:
    """A map times its gates; squeezed: the channels between the two layers."""
    y = net.adaptive_avg_pool(x, 1, name=f"{name}.pool")
    y = net.conv(y, squeezed, 1, name=f"{name}.reduce")
    y = getattr(net, activation)(y, name=f"{name}.{activation}")
    y = net.conv(y, x.shape.channels, 1, name=f"{name}.expand")
    y = net.sigmoid(y, name=f"{name}.sigmoid")
    return net.multiply(y, x, name=f"{name}.scale")
