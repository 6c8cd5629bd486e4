"""Records of AlexNet's variants."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_ALEXNET_2012 = Architecture(
    name="alexnet_2012",
    title="AlexNet (2012)",
    authors="A. Krizhevsky, I. Sutskever, G. E. Hinton",
    year=2012,
    venue="NIPS 2012",
    paper="ImageNet Classification with Deep Convolutional Neural Networks",
    source="Section 3.5 and Figure 2",
    differences=(
        "The input is 227, since the 224 of section 3.5, without padding, does not give the 55 x "
        "55 maps of Figure 2; groups of 2 stand for the split over two cards."
    ),
    depth=8,
    input_size=227,
    sizes=(227, 228, 231, 239, 243, 251, 258, (230, 257)),
    torchvision="",
    spec="alexnet:alexnet_2012",
    model="alexnet:alexnet_2012",
    family="AlexNet",
    chapter="alexnet",
)

RECORDS = (
    Architecture(
        name="alexnet",
        title="AlexNet (one tower)",
        authors="A. Krizhevsky",
        year=2014,
        venue="arXiv:1404.5997",
        paper="One weird trick for parallelizing convolutional neural networks",
        source="Footnote 1, the author's program, and torchvision",
        differences=(
            "Footnote 1 of the paper prints 384 filters for conv4; the 256 are those of the "
            "author's program, cuda-convnet2, whose layers-imagenet-1gpu.cfg also normalises after "
            "conv1 and conv2 and does not pad conv1. Leaving the normalisation out, the padding "
            "of conv1, the adaptive pooling and the places of dropout are torchvision's. The "
            "lecture runs it at 227."
        ),
        depth=8,
        input_size=224,
        sizes=(63, 64, 95, 127, 224, 227, 256, (96, 320)),
        torchvision="alexnet",
        spec="alexnet:alexnet",
        model="alexnet:alexnet",
        family="AlexNet",
        chapter="alexnet",
    ),
    Architecture(
        name="bn_alexnet",
        title="BN-AlexNet",
        authors="A. Krizhevsky; with batch normalisation: S. Chintala, S. Zagoruyko",
        year=2015,
        venue="soumith/imagenet-multiGPU.torch, models/alexnetowtbn.lua",
        paper="One weird trick for parallelizing convolutional neural networks",
        source="The AlexNet with batch normalisation of the repository with which it was trained",
        differences=(
            "No paper has it. The list that Canziani et al. used said at first (commit 018d140 of "
            "imagenet-validation.torch) that it was trained with the repository, which has one "
            "AlexNet with batch normalisation: the tower of 2014 with biases and a batch "
            "normalisation before every ReLU, no adaptive pooling. From commit ab39781 on it names "
            "a gist of the list's author instead."
        ),
        depth=8,
        input_size=224,
        sizes=(223, 224, 227, 233, 239, 247, 254, (230, 253)),
        torchvision="",
        spec="alexnet:bn_alexnet",
        model="alexnet:bn_alexnet",
        family="AlexNet",
        chapter="alexnet",
    ),
    _ALEXNET_2012,
    _ALEXNET_2012._replace(
        name="alexnet_2012_nogroups",
        title="AlexNet (2012) without groups",
        differences=(
            "Every filter sees every channel; the paper's conv2, conv4 and conv5 see only the half "
            "that lies on their card. The input is 227."
        ),
        spec="alexnet:alexnet_2012_nogroups",
        model="alexnet:alexnet_2012_nogroups",
    ),
)
