"""Records of VGG's configurations."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_VGG = Architecture(
    name="vgg11",
    title="VGG-11",
    authors="K. Simonyan, A. Zisserman",
    year=2014,
    venue="ICLR 2015",
    paper="Very Deep Convolutional Networks for Large-Scale Image Recognition",
    source="Table 1, configuration A",
    differences="The adaptive pooling before fc6 is torchvision's, a copy at 224.",
    depth=11,
    input_size=224,
    sizes=(32, 33, 63, 97, 192, 224, 256, (64, 160)),
    torchvision="vgg11",
    spec="vgg:vgg11",
    model="vgg:vgg11",
    family="VGG",
    chapter="vgg",
)


def _vgg(letter: str, depth: int) -> Architecture:
    name = f"vgg{depth}"
    return _VGG._replace(
        name=name,
        title=f"VGG-{depth}",
        source=f"Table 1, configuration {letter}",
        depth=depth,
        torchvision=name,
        spec=f"vgg:{name}",
        model=f"vgg:{name}",
    )


def _vgg_bn(plain: Architecture) -> Architecture:
    name = f"{plain.name}_bn"
    return plain._replace(
        name=name,
        title=f"{plain.title} with batch norm",
        differences=(
            "The batch normalisation between each convolution and its ReLU is torchvision's; so "
            "is the adaptive pooling before fc6, a copy at 224."
        ),
        torchvision=name,
        spec=f"vgg:{name}",
        model=f"vgg:{name}",
    )


_PLAIN = (_vgg("A", 11), _vgg("B", 13), _vgg("D", 16), _vgg("E", 19))

RECORDS = (*_PLAIN, *(_vgg_bn(plain) for plain in _PLAIN))
