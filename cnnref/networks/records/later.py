"""Records of networks that came after the lecture's."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

__all__ = ["RECORDS"]

_RESNEXT = Architecture(
    name="resnext50_32x4d",
    title="ResNeXt-50 (32x4d)",
    authors="S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He",
    year=2016,
    venue="CVPR 2017",
    paper="Aggregated Residual Transformations for Deep Neural Networks",
    source="Table 1, right column; the stride in the 3x3 convolution by section 4",
    differences="The padding is torchvision's; Table 1 prints none.",
    depth=50,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="resnext50_32x4d",
    spec="resnext:resnext50_32x4d",
    model="resnext:resnext50_32x4d",
    family="ResNet",
    chapter="after",
)

_DENSENET = Architecture(
    name="densenet121",
    title="DenseNet-121",
    authors="G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger",
    year=2016,
    venue="CVPR 2017",
    paper="Densely Connected Convolutional Networks",
    source="Table 1, first column, growth rate 32",
    differences="The padding is torchvision's; Table 1 prints none.",
    depth=121,
    input_size=224,
    # a pooling of the transitions meets an odd map at some of them
    sizes=(32, 45, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="densenet121",
    spec="densenet:densenet121",
    model="densenet:densenet121",
    family="DenseNet",
    chapter="after",
)

_REGNET = Architecture(
    name="regnet_x_400mf",
    title="RegNetX-400MF",
    authors="I. Radosavovic, R. P. Kosaraju, R. Girshick, K. He, P. Dollár",
    year=2020,
    venue="CVPR 2020",
    paper="Designing Network Design Spaces",
    source="The rule of section 3.3, with torchvision's parameters for 400 MFLOPs",
    differences=(
        "The rule gives the last stage 392 channels, half-way between two numbers of whole "
        "groups; torchvision, like this network, rounds up to 400, timm's regnetx_004 down to "
        "384."
    ),
    depth=68,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="regnet_x_400mf",
    spec="regnet:regnet_x_400mf",
    model="regnet:regnet_x_400mf",
    family="RegNet",
    chapter="after",
)

RECORDS: tuple[Architecture, ...] = (_RESNEXT, _DENSENET, _REGNET)
