"""Records of the inception family.

Depth is the longest path, which for GoogLeNet is what the paper says.
"""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_GOOGLENET = Architecture(
    name="googlenet",
    title="GoogLeNet",
    authors="C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, "
    "V. Vanhoucke, A. Rabinovich",
    year=2014,
    venue="CVPR 2015",
    paper="Going Deeper with Convolutions",
    source="Table 1 and Figure 3",
    differences=(
        "Figure 3 marks every window as same or valid: here the same ones are centred, and "
        "poolings between stages round up without padding, which gives the same maps. It does not "
        "print the window of the local response normalisation, which here covers 5 channels."
    ),
    depth=22,
    input_size=224,
    sizes=(223, 224, 225, 231, 240, 247, 254, (226, 253)),
    torchvision="",
    spec="googlenet:googlenet",
    model="googlenet:googlenet",
    family="Inception",
    chapter="googlenet",
)

_GOOGLENET_TORCHVISION = _GOOGLENET._replace(
    name="googlenet_torchvision",
    title="GoogLeNet (torchvision)",
    source="The network of the paper's Table 1, as torchvision states it",
    differences=(
        "Batch normalisation replaces biases and local response normalisation, the branch "
        "called 5x5 has a 3x3 window, the pooling before 5a is 2x2, and the last pooling is "
        "adaptive; the auxiliary heads exist but do not run at inference."
    ),
    sizes=(31, 32, 63, 97, 224, 225, 255, 288, (65, 190)),
    torchvision="googlenet",
    spec="googlenet:googlenet_torchvision",
    model="googlenet:googlenet_torchvision",
)

_BN_INCEPTION = Architecture(
    name="bn_inception",
    title="BN-Inception",
    authors="S. Ioffe, C. Szegedy",
    year=2015,
    venue="ICML 2015",
    paper=(
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate "
        "Shift"
    ),
    source="Figure 5 and the text beside it",
    differences=(
        "Figure 5 prints 128 filters behind the poolings of 4c and 4d, which contradicts the 576 "
        "and 1024 maps that it prints after them; the 96 of the network that Google published "
        "(TensorFlow's inception_v2.py) give all its outputs. Figure 5 prints no padding: every "
        "window is centred."
    ),
    depth=35,
    input_size=224,
    sizes=(193, 200, 201, 211, 217, 223, 224, (199, 222)),
    torchvision="",
    spec="bn_inception:bn_inception",
    model="bn_inception:bn_inception",
    family="Inception",
    chapter="",
)

_INCEPTION_V3 = Architecture(
    name="inception_v3",
    title="Inception-v3",
    authors="C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna",
    year=2015,
    venue="CVPR 2016",
    paper="Rethinking the Inception Architecture for Computer Vision",
    source="Table 1 and Figures 5, 6, 7 and 10, as torchvision states the network",
    differences=(
        "Table 1 has three 3x3 convolutions after the first pooling, and prints no filters inside "
        "the modules. In Figure 5 every 5x5 of a module is two 3x3; here one 5x5, of 48 to 64 "
        "channels, is left. Stem, filters and that window are those of the network that Google "
        "published (TensorFlow's inception_v3.py), whose longest path has 48 layers where section "
        "6 says 42."
    ),
    depth=48,
    input_size=299,
    sizes=(75, 76, 97, 128, 224, 299, 300, 331, (111, 198)),
    torchvision="inception_v3",
    spec="inception_v3:inception_v3",
    model="inception_v3:inception_v3",
    family="Inception",
    chapter="",
)

_INCEPTION_V4 = Architecture(
    name="inception_v4",
    title="Inception-v4",
    authors="C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi",
    year=2016,
    venue="AAAI 2017",
    paper="Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
    source="Figures 3 to 9",
    differences=(
        "The last pooling adapts, a copy of Figure 9's at 299; the order of tall and wide windows "
        "in the longest branches is that of the network that Google published (TensorFlow's "
        "inception_v4.py)."
    ),
    depth=76,
    input_size=299,
    sizes=(75, 76, 97, 128, 224, 299, 300, 331, (111, 198)),
    torchvision="",
    spec="inception_v4:inception_v4",
    model="inception_v4:inception_v4",
    family="Inception",
    chapter="",
)

RECORDS: tuple[Architecture, ...] = (
    _GOOGLENET,
    _GOOGLENET._replace(
        name="googlenet_aux",
        title="GoogLeNet with its auxiliary heads",
        source="Table 1, Figure 3 and section 5",
        spec="googlenet:googlenet_aux",
        model="googlenet:googlenet_aux",
    ),
    _GOOGLENET_TORCHVISION,
    _GOOGLENET_TORCHVISION._replace(
        name="googlenet_torchvision_aux",
        title="GoogLeNet (torchvision) with its auxiliary heads",
        differences=(
            "As googlenet_torchvision, with both auxiliary heads run as in training; their "
            "pooling adapts, where the paper's is 5x5 with stride 3 (Figure 3)."
        ),
        torchvision="",
        spec="googlenet:googlenet_torchvision_aux",
        model="googlenet:googlenet_torchvision_aux",
    ),
    _BN_INCEPTION,
    _BN_INCEPTION._replace(
        name="bn_inception_aux",
        title="BN-Inception with its auxiliary head",
        source="Figure 5; the head: soumith/imagenet-multiGPU.torch, models/googlenetbn.lua",
        differences=(
            "As bn_inception, with one auxiliary head run as in training. Figure 5 does not "
            "show it, but the parameters of section 4.2 are those of the network with the head."
        ),
        sizes=(209, 210, 211, 217, 220, 223, 224, (215, 222)),
        spec="bn_inception:bn_inception_aux",
        model="bn_inception:bn_inception_aux",
    ),
    _INCEPTION_V3,
    _INCEPTION_V3._replace(
        name="inception_v3_aux",
        title="Inception-v3 with its auxiliary head",
        differences="As inception_v3, with the auxiliary head run as in training.",
        sizes=(299, 300, 307, 315, 331, 363, 395, (299, 427)),
        torchvision="",
        spec="inception_v3:inception_v3_aux",
        model="inception_v3:inception_v3_aux",
    ),
    _INCEPTION_V4,
    _INCEPTION_V4._replace(
        name="inception_resnet_v1",
        title="Inception-ResNet-v1",
        source="Figures 7 and 10 to 15, and Table 1",
        differences=(
            "Figures 10 to 13 draw no biases and no factors before the sums: the 1x1 convolution "
            "before a sum has a bias and no batch normalisation, as in the Inception-ResNet-v2 "
            "that Google published, and no residual is scaled. The last pooling adapts, a copy of "
            "Figure 15's at 299."
        ),
        depth=93,
        sizes=(75, 76, 97, 128, 224, 299, 300, (111, 198)),
        spec="inception_resnet:inception_resnet_v1",
        model="inception_resnet:inception_resnet_v1",
    ),
    _INCEPTION_V4._replace(
        name="inception_resnet_v2",
        title="Inception-ResNet-v2",
        source="Figures 7 and 15 to 19, and TensorFlow's inception_resnet_v2.py",
        differences=(
            "Against Figure 15: the stem is Inception-v3's with one inception module more, the "
            "blocks number 10, 20 and 10 in place of 5, 10 and 5, the maps have 320, 1088 and "
            "2080 channels (1154 and 2048 there do not follow from its own widths), and a "
            "1x1 convolution to 1536 comes last."
        ),
        depth=176,
        sizes=(75, 76, 97, 224, 299, 300, (111, 198)),
        spec="inception_resnet:inception_resnet_v2",
        model="inception_resnet:inception_resnet_v2",
    ),
)
