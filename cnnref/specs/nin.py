"""Network in Network for ImageNet, as published and with batch normalisation.

M. Lin, Q. Chen, S. Yan, "Network In Network", arXiv:1312.4400, ICLR 2014. Section 3 gives
the idea; the network for ImageNet is the Caffe definition that M. Lin published, nin_imagenet
(gist d802a5849de39225bcc6): four mlpconv
layers, each a convolution and two 1x1 convolutions ("cccp"), the last of them with an
output for each class, and global average pooling. Caffe's poolings round up.

bn_nin: S. Zagoruyko's network of the list that Canziani et al. used ("bn-NIN",
62.62 % top-1), from soumith/imagenet-multiGPU.torch, models/ninbn.lua: other paddings,
poolings that round down, no dropout, 1024 channels to the end, then one linear layer.

Both publications pool windows of the size that the last maps have at 224, 6x6 and 7x7;
here the whole map is pooled whatever its size, as section 3.2 words it.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["bn_nin", "nin"]

#        filters, kernel, stride, padding of the convolution of each mlpconv layer
NIN = (
    (96, 11, 4, 0),
    (256, 5, 1, 2),
    (384, 3, 1, 1),
    (1024, 3, 1, 1),
)
BN_NIN = (
    (96, 11, 4, 5),
    (256, 5, 1, 2),
    (384, 3, 1, 1),
    (1024, 3, 1, 1),
)


def nin(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Four mlpconv layers; the mean of each of the last maps is the score of a class."""
    x = net.input
    for number, (filters, kernel, stride, padding) in enumerate(NIN, 1):
        last = number == len(NIN)
        with net.stage(f"mlpconv{number}"):
            if last:
                x = net.dropout(x, name="drop")
            x = net.conv(x, filters, kernel, stride=stride, padding=padding, name=f"conv{number}")
            x = net.relu(x, name=f"relu{number}")
            for place in (2 * number - 1, 2 * number):
                width = num_classes if place == 8 else filters
                x = net.conv(x, width, 1, name=f"cccp{place}")
                x = net.relu(x, name=f"cccp{place}_relu")
            if not last:
                x = net.max_pool(x, 3, stride=2, ceil_mode=True, name=f"pool{number}")
    with net.stage("pool"):
        x = net.adaptive_avg_pool(x, 1, name="pool4")
        return net.flatten(x, name="flatten")


def bn_nin(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Four mlpconv layers with batch normalisation before each ReLU, and a linear layer."""
    x = net.input
    for number, (filters, kernel, stride, padding) in enumerate(BN_NIN, 1):
        with net.stage(f"mlpconv{number}"):
            x = net.conv(x, filters, kernel, stride=stride, padding=padding, name=f"conv{number}")
            x = normed(net, x, f"conv{number}")
            for place in (2 * number - 1, 2 * number):
                x = net.conv(x, filters, 1, name=f"cccp{place}")
                x = normed(net, x, f"cccp{place}")
            if number < len(BN_NIN):
                x = net.max_pool(x, 3, stride=2, padding=1, name=f"pool{number}")
    with net.stage("pool"):
        x = net.adaptive_avg_pool(x, 1, name="pool4")
    with net.stage("fc"):
        x = net.flatten(x, name="flatten")
        return net.linear(x, num_classes, in_features=1024, name="fc")


def normed(net: Net, x: FeatureMap, name: str) -> FeatureMap:
    """A batch normalisation and a ReLU."""
    return net.relu(net.batch_norm(x, eps=1e-3, name=f"{name}_bn"), name=f"{name}_relu")
