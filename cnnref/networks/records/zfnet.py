"""Records of ZFNet's two networks."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_ZFNET = Architecture(
    name="zfnet",
    title="ZFNet",
    authors="M. D. Zeiler, R. Fergus",
    year=2013,
    venue="ECCV 2014",
    paper="Visualizing and Understanding Convolutional Networks",
    source="Figure 3",
    differences=(
        "Figure 3 prints no padding; a padding of 1 before conv1, none before conv2, and poolings "
        "that round up give its sizes. It gives no constants for the contrast normalisation across "
        "maps; those of AlexNet are taken, to which section 3 refers for the rest."
    ),
    depth=8,
    input_size=224,
    sizes=(207, 209, 211, 217, 224, 225, 231, 238, (210, 237)),
    torchvision="",
    spec="zfnet:zfnet",
    model="zfnet:zfnet",
    family="ZFNet",
    chapter="zfnet",
)

RECORDS: tuple[Architecture, ...] = (
    _ZFNET,
    _ZFNET._replace(
        name="zfnet_b",
        title="ZFNet (b)",
        source="Table 2, network (b): 512, 1024 and 512 maps in layers 3, 4 and 5",
        spec="zfnet:zfnet_b",
        model="zfnet:zfnet_b",
    ),
)
