"""Records of Network in Network, as published and with batch normalisation."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_NIN = Architecture(
    name="nin",
    title="NIN",
    authors="M. Lin, Q. Chen, S. Yan",
    year=2013,
    venue="ICLR 2014",
    paper="Network In Network",
    source="The network that M. Lin published for Caffe, nin_imagenet (gist d802a5849de39225bcc6)",
    differences=(
        "The last pooling takes the whole map at every input, where the published network has "
        "a window of 6x6, the whole map at 224."
    ),
    depth=12,
    input_size=224,
    sizes=(63, 65, 97, 128, 199, 224, 227, 257, (101, 230)),
    torchvision="",
    spec="nin:nin",
    model="nin:nin",
    family="Network in Network",
    chapter="",
)

RECORDS: tuple[Architecture, ...] = (
    _NIN,
    _NIN._replace(
        name="bn_nin",
        title="BN-NIN",
        authors="M. Lin, Q. Chen, S. Yan; with batch normalisation: S. Zagoruyko",
        year=2016,
        venue="soumith/imagenet-multiGPU.torch, models/ninbn.lua",
        source="The network of that name in the list that Canziani et al. used",
        differences=(
            "Not the paper's network: its poolings are padded, it has batch normalisation, "
            "no dropout, and a linear layer after the last pooling. That takes the whole map at "
            "every input, where the definition has a window of 7x7, the whole map at 224."
        ),
        depth=13,
        sizes=(63, 65, 97, 128, 193, 224, 227, 257, (101, 230)),
        spec="nin:bn_nin",
        model="nin:bn_nin",
    ),
)
