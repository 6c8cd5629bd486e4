"""ENet's classifier for ImageNet.

A. Paszke, A. Chaurasia, S. Kim, E. Culurciello, "ENet: A Deep Neural Network Architecture
for Real-Time Semantic Segmentation", arXiv:1606.02147, 2016, describes the initial block and
the bottlenecks of a segmentation network. Canziani, Paszke and Culurciello compare a
classifier made of them ("ENet for ImageNet", arXiv:1605.07678v3), which no paper prints;
its definition is that of its authors, e-lab/imagenet-multiGPU.torch, branch e_data (commit
68bb4d0 of 23 July 2016), models/enet-ImageNet.lua ("ENet version 14 == for ImageNet").

Later revisions of that file move the batch normalisation of the initial block or leave it
out, which changes 32 parameters and no multiplication. The definition pools 7x7, the
whole map at 224; here the whole map is pooled whatever its size. Convolution and pooling
of the initial block agree on sizes that are even only.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["enet"]

#        stage, then (internal scale, filters) of its bottlenecks; the first of them halves the maps
BLOCKS = (
    ("block1", ((1, 64), (4, 128), (4, 128))),
    ("block2", ((4, 256), (4, 256), (4, 256))),
    ("block3", ((4, 512), (4, 512), (4, 512))),
    ("block4", ((4, 1024), (4, 1024), (4, 1024))),
)

EPS = 1e-3  # of every batch normalisation of the definition


def enet(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The initial block, four stages of three bottlenecks, global average pooling."""
    with net.stage("initial"):
        x = initial(net)
    for stage, bottlenecks in BLOCKS:
        for number, (scale, filters) in enumerate(bottlenecks, 1):
            name = f"{stage}_{number}"
            with net.stage(stage), net.block(name):
                x = bottleneck(net, x, filters, filters // scale, name, halves=number == 1)
    with net.stage("pool"):
        x = net.adaptive_avg_pool(x, 1, name="avgpool")
    with net.stage("fc"):
        x = net.flatten(x, name="flatten")
        return net.linear(x, num_classes, in_features=1024, name="fc")


def initial(net: Net) -> FeatureMap:
    """13 filters beside the pooled image."""
    x = net.conv(net.input, 13, 3, stride=2, padding=1, name="initial_conv")
    image = net.max_pool(net.input, 2, stride=2, name="initial_pool")
    x = net.concat(x, image, name="initial_concat")
    return net.prelu(net.batch_norm(x, eps=EPS, name="initial_bn"), name="initial_prelu")


def bottleneck(
    net: Net, x: FeatureMap, filters: int, internal: int, name: str, *, halves: bool
) -> FeatureMap:
    """Projection, 3x3 and expansion, added to the input pooled and padded with zeros."""
    step = 2 if halves else 1
    main = net.conv(x, internal, step, stride=step, bias=False, name=f"{name}_project")
    main = net.prelu(net.batch_norm(main, eps=EPS, name=f"{name}_bn1"), name=f"{name}_prelu1")
    main = net.conv(main, internal, 3, padding=1, name=f"{name}_conv")
    main = net.prelu(net.batch_norm(main, eps=EPS, name=f"{name}_bn2"), name=f"{name}_prelu2")
    main = net.conv(main, filters, 1, bias=False, name=f"{name}_expand")
    main = net.batch_norm(main, eps=EPS, name=f"{name}_bn3")
    new = filters - x.shape.channels
    if halves:
        x = net.max_pool(x, 2, stride=2, name=f"{name}_pool")
    if new:
        x = net.pad_channels(x, 0, new, name=f"{name}_pad")
    return net.prelu(net.add(main, x, name=f"{name}_add"), name=f"{name}_prelu3")
