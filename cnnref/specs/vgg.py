"""VGG in configurations A, B, D and E, with and without batch normalisation.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556, ICLR 2015, Table 1.

Every convolution is 3x3 with stride 1 and padding 1, every pooling 2x2 with stride 2.
The `_bn` variants put a batch normalisation before each ReLU of a convolution; Table 1
has none, torchvision added them. The adaptive pooling before fc6 is torchvision's
too: at the paper's input of 224 it copies its input.
"""

from __future__ import annotations

from functools import partial

from cnnref.net import FeatureMap, Net

__all__ = [
    "vgg",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

# Table 1, by column: the filters of each convolution, a row for each stage
A = ((64,), (128,), (256, 256), (512, 512), (512, 512))
B = ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512))
D = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
E = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)

Stages = tuple[tuple[int, ...], ...]


def vgg(net: Net, num_classes: int = 1000, *, stages: Stages, norm: bool = False) -> FeatureMap:
    """Five stages of 3x3 convolutions, then three fully-connected layers."""
    x = net.input
    for number, widths in enumerate(stages, 1):
        with net.stage(f"conv{number}"):
            for place, filters in enumerate(widths, 1):
                x = conv_unit(net, x, filters, f"{number}_{place}", norm)
            x = net.max_pool(x, 2, stride=2, name=f"pool{number}")
    with net.stage("conv5"):
        x = net.adaptive_avg_pool(x, 7, name="avgpool")
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    for number, width in ((6, 512 * 7 * 7), (7, 4096)):
        with net.stage(f"fc{number}"):
            x = net.linear(x, 4096, in_features=width, name=f"fc{number}")
            x = net.relu(x, name=f"relu{number}")
            x = net.dropout(x, name=f"drop{number}")
    with net.stage("fc8"):
        return net.linear(x, num_classes, in_features=4096, name="fc8")


def conv_unit(net: Net, x: FeatureMap, filters: int, name: str, norm: bool) -> FeatureMap:
    """A 3x3 convolution, the batch normalisation of the `_bn` variants, and a ReLU."""
    x = net.conv(x, filters, 3, padding=1, name=f"conv{name}")
    if norm:
        x = net.batch_norm(x, name=f"bn{name}")
    return net.relu(x, name=f"relu{name}")


vgg11 = partial(vgg, stages=A)
vgg13 = partial(vgg, stages=B)
vgg16 = partial(vgg, stages=D)
vgg19 = partial(vgg, stages=E)
vgg11_bn = partial(vgg, stages=A, norm=True)
vgg13_bn = partial(vgg, stages=B, norm=True)
vgg16_bn = partial(vgg, stages=D, norm=True)
vgg19_bn = partial(vgg, stages=E, norm=True)
