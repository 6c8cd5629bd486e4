"""Records of VGG's configuration C, of ENet's classifier and of SqueezeNet.

NOT_REBUILT lists what the lecture's charts show and no table could be established of, and why.
"""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

__all__ = ["NOT_REBUILT", "RECORDS"]

_VGG16_C = Architecture(
    name="vgg16_c",
    title="VGG-16, configuration C",
    authors="K. Simonyan, A. Zisserman",
    year=2014,
    venue="ICLR 2015",
    paper="Very Deep Convolutional Networks for Large-Scale Image Recognition",
    source="Table 1, configuration C",
    differences=(
        "The adaptive pooling before fc6 is that of torchvision's other VGG networks, a copy at "
        "224."
    ),
    depth=16,
    input_size=224,
    sizes=(32, 33, 63, 97, 192, 224, 256, (64, 160)),
    torchvision="",
    spec="vgg_c:vgg16_c",
    model="vgg_c:vgg16_c",
    family="VGG",
    chapter="vgg",
)

_ENET = Architecture(
    name="enet",
    title="ENet (classifier)",
    authors="A. Paszke, A. Chaurasia, S. Kim, E. Culurciello",
    year=2016,
    venue="arXiv:1606.02147",
    paper="ENet: A Deep Neural Network Architecture for Real-Time Semantic Segmentation",
    source=(
        "The authors' classifier for ImageNet: e-lab/imagenet-multiGPU.torch, branch e_data "
        "(commit 68bb4d0 of 23 July 2016), models/enet-ImageNet.lua"
    ),
    differences=(
        "The paper is of a segmentation network; the classifier of its blocks is in no paper. "
        "Later revisions of its definition move the first batch normalisation or leave it out. "
        "The last pooling takes the whole map at every input, where the definition has a "
        "window of 7x7, the whole map at 224."
    ),
    depth=38,
    input_size=224,
    # an odd size makes the convolution and the pooling of the initial block disagree
    sizes=(32, 34, 62, 98, 190, 224, 226, 254, (70, 226)),
    torchvision="",
    spec="enet:enet",
    model="enet:enet",
    family="ENet",
    chapter="",
)

_SQUEEZENET = Architecture(
    name="squeezenet1_0",
    title="SqueezeNet 1.0",
    authors="F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer",
    year=2016,
    venue="arXiv:1602.07360",
    paper="SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
    source="Table 1, as torchvision states the network",
    differences=(
        "Table 1 prints an input of 224 and maps of 111 x 111 after conv1, which are those of 227, "
        "the input of the authors' release (forresti/SqueezeNet, commit 445b1d9); 224 gives "
        "109 x 109. Nothing pads conv1."
    ),
    depth=18,
    input_size=224,
    sizes=(33, 63, 64, 97, 127, 224, 227, 256, (66, 161)),
    torchvision="squeezenet1_0",
    spec="squeezenet:squeezenet1_0",
    model="squeezenet:squeezenet1_0",
    family="SqueezeNet",
    chapter="",
)

RECORDS: tuple[Architecture, ...] = (
    _VGG16_C,
    _ENET,
    _SQUEEZENET,
    _SQUEEZENET._replace(
        name="squeezenet1_1",
        title="SqueezeNet 1.1",
        source="The authors' later release (forresti/SqueezeNet, SqueezeNet_v1.1), by torchvision",
        differences="Not in Table 1: conv1 is 3x3 with 64 filters, and the poolings are earlier.",
        sizes=(31, 32, 63, 97, 127, 224, 227, 256, (66, 161)),
        torchvision="squeezenet1_1",
        spec="squeezenet:squeezenet1_1",
        model="squeezenet:squeezenet1_1",
    ),
)

# title, why there is no table of it
NOT_REBUILT: tuple[tuple[str, str], ...] = (
    (
        "The winner of 2013 (Clarifai)",
        "M. Zeiler's entry for his company is an average of several networks that were never "
        "published. What charts draw in its place is ZFNet, the network of his paper, which is "
        "rebuilt in both of its variants.",
    ),
    (
        "The winner of 2016 (Trimps-Soushen)",
        "No network but an average of several, most of them by others, with weights that were "
        "never published. Reviews name its members, not all of them the same; of those that they "
        "agree on, Inception-v3, Inception-v4, Inception-ResNet-v2 and the 200-layer residual "
        "network are rebuilt.",
    ),
)
