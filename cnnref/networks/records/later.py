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

_REGNET_Y = _REGNET._replace(
    name="regnet_y_400mf",
    title="RegNetY-400MF",
    source="The rule of section 3.3 and the gate of section 5, with torchvision's parameters",
    differences="",
    depth=50,
    torchvision="regnet_y_400mf",
    spec="regnet:regnet_y_400mf",
    model="regnet:regnet_y_400mf",
)

_SERESNET = Architecture(
    name="seresnet50",
    title="SE-ResNet-50",
    authors="J. Hu, L. Shen, G. Sun",
    year=2017,
    venue="CVPR 2018",
    paper="Squeeze-and-Excitation Networks",
    source="Table 1, second column, and Figure 3",
    differences=(
        "The stride is in the 3x3 convolutions, as in the ResNet-50 of this catalogue and in "
        "timm's seresnet50; Table 1 says neither this nor the padding."
    ),
    depth=50,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="",
    spec="seresnet:seresnet50",
    model="seresnet:seresnet50",
    family="ResNet",
    chapter="after",
)

_MOBILENET_V1 = Architecture(
    name="mobilenet_v1",
    title="MobileNetV1",
    authors=(
        "A. G. Howard, M. Zhu, B. Chen, D. Kalenichenko, W. Wang, T. Weyand, M. Andreetto, H. Adam"
    ),
    year=2017,
    venue="arXiv:1704.04861",
    paper=("MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications"),
    source="Table 1 and Figure 3",
    differences=(
        "The last depthwise convolution has a stride of 1: Table 1 prints 2, and below it a map as "
        "large as before. The padding is that of timm's mobilenetv1_100; Table 1 prints none."
    ),
    depth=28,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="",
    spec="mobilenet:mobilenet_v1",
    model="mobilenet_v1:mobilenet_v1",
    family="MobileNet",
    chapter="after",
)

_MOBILENET = Architecture(
    name="mobilenet_v2",
    title="MobileNetV2",
    authors="M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen",
    year=2018,
    venue="CVPR 2018",
    paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    source="Tables 1 and 2",
    differences="The padding is torchvision's; the tables print none.",
    depth=53,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="mobilenet_v2",
    spec="mobilenet:mobilenet_v2",
    model="mobilenet:mobilenet_v2",
    family="MobileNet",
    chapter="after",
)

_SHUFFLENET = Architecture(
    name="shufflenet_v2_x1_0",
    title="ShuffleNetV2 1x",
    authors="N. Ma, X. Zhang, H.-T. Zheng, J. Sun",
    year=2018,
    venue="ECCV 2018",
    paper="ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
    source="Table 5, column 1x, and Figure 3 (c) and (d)",
    differences="The padding is torchvision's; Table 5 prints none.",
    depth=51,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="shufflenet_v2_x1_0",
    spec="shufflenet:shufflenet_v2_x1_0",
    model="shufflenet:shufflenet_v2_x1_0",
    family="ShuffleNet",
    chapter="after",
)

_EFFICIENTNET = Architecture(
    name="efficientnet_b0",
    title="EfficientNet-B0",
    authors="M. Tan, Q. V. Le",
    year=2019,
    venue="ICML 2019",
    paper="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    source="Table 1",
    differences=(
        "Padding and strides are torchvision's; Table 1 prints neither. The depth leaves out the "
        "gates."
    ),
    depth=50,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="efficientnet_b0",
    spec="efficientnet:efficientnet_b0",
    model="efficientnet:efficientnet_b0",
    family="EfficientNet",
    chapter="after",
)

_CONVNEXT = Architecture(
    name="convnext_tiny",
    title="ConvNeXt-T",
    authors="Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell, S. Xie",
    year=2022,
    venue="CVPR 2022",
    paper="A ConvNet for the 2020s",
    source="Table 9 and Figure 4",
    differences="",
    depth=59,
    input_size=224,
    # patches of 4 and of 2 leave a remainder at some of them
    sizes=(32, 39, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="convnext_tiny",
    spec="convnext:convnext_tiny",
    model="convnext:convnext_tiny",
    family="ConvNeXt",
    chapter="after",
)

RECORDS: tuple[Architecture, ...] = (
    _RESNEXT,
    _SERESNET,
    _DENSENET,
    _MOBILENET_V1,
    _MOBILENET,
    _SHUFFLENET,
    _EFFICIENTNET,
    _REGNET,
    _REGNET_Y,
    _CONVNEXT,
)
