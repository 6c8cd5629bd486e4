"""AlexNet: the one-tower network of 2014, with and without batch normalisation, and that of 2012.

alexnet: A. Krizhevsky, "One weird trick for parallelizing convolutional neural
networks", arXiv:1404.5997, 2014. Its footnote 1 prints one tower of 64, 192, 384, 384, 256
filters. The 256 of conv4 are those of the author's program (cuda-convnet2,
layers/layers-imagenet-1gpu.cfg), which has local response normalisation after conv1 and conv2
and no padding before conv1. Leaving the normalisation out, the padding of 2 and the adaptive
pooling before fc6 are torchvision's; footnote 1 mentions none of them.

alexnet_2012: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet Classification with
Deep Convolutional Neural Networks", NIPS 2012, section 3.5 and Figure 2. Section 3.5
states an input of 224, which does not give the 55 x 55 maps of Figure 2 without padding; 227
does.
alexnet_2012_nogroups is the same network with every filter seeing every channel.

bn_alexnet: the network of S. Zagoruyko in the list that Canziani et al. used. The list said at
first (imagenet-validation.torch, commit 018d140) that it was trained with
soumith/imagenet-multiGPU.torch; since commit ab39781 it names a gist. The one AlexNet with batch
normalisation of that repository is models/alexnetowtbn.lua: the tower of 2014 with a batch
normalisation before every ReLU. Its layers keep their biases, and it has no adaptive pooling.
"""

from __future__ import annotations

from cnnref.net import FeatureMap, Net

__all__ = ["alexnet", "alexnet_2012", "alexnet_2012_nogroups", "bn_alexnet"]

#        filters, kernel, stride, padding, followed by a 3x3/2 max pooling
TOWER_2014 = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)

#        filters, kernel, stride, padding, groups, followed by normalisation, by pooling
TOWERS_2012 = (
    (96, 11, 4, 0, 1, True, True),
    (256, 5, 1, 2, 2, True, True),
    (384, 3, 1, 1, 1, False, False),
    (384, 3, 1, 1, 2, False, False),
    (256, 3, 1, 1, 2, False, True),
)


def alexnet(net: Net, num_classes: int = 1000) -> FeatureMap:
    """Five convolutions and three fully-connected layers, torchvision's rows."""
    x = tower(net, net.input, normed=False)
    with net.stage("conv5"):
        x = net.adaptive_avg_pool(x, 6, name="avgpool")
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    return classifier(net, x, num_classes, dropout_first=True)


def bn_alexnet(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The same tower and fc6 to fc8, with a batch normalisation before every ReLU."""
    x = tower(net, net.input, normed=True)
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    return classifier(net, x, num_classes, dropout_first=True, normed=True)


def tower(net: Net, x: FeatureMap, *, normed: bool) -> FeatureMap:
    """The five convolutions of 2014."""
    for number, (filters, kernel, stride, padding, pooled) in enumerate(TOWER_2014, 1):
        with net.stage(f"conv{number}"):
            x = net.conv(x, filters, kernel, stride=stride, padding=padding, name=f"conv{number}")
            if normed:
                x = net.batch_norm(x, eps=1e-3, name=f"bn{number}")
            x = net.relu(x, name=f"relu{number}")
            if pooled:
                x = net.max_pool(x, 3, stride=2, name=f"pool{number}")
    return x


def alexnet_2012(net: Net, num_classes: int = 1000, *, grouped: bool = True) -> FeatureMap:
    """The two-tower network: groups of 2 stand for the split over two cards."""
    x = net.input
    for number, row in enumerate(TOWERS_2012, 1):
        filters, kernel, stride, padding, groups, normed, pooled = row
        with net.stage(f"conv{number}"):
            x = net.conv(
                x,
                filters,
                kernel,
                stride=stride,
                padding=padding,
                groups=groups if grouped else 1,
                name=f"conv{number}",
            )
            x = net.relu(x, name=f"relu{number}")
            if normed:
                # section 3.3: k = 2, n = 5, alpha = 1e-4, which it does not divide by n
                x = net.lrn(x, 5, name=f"norm{number}", alpha=5 * 1e-4, beta=0.75, k=2)
            if pooled:
                x = net.max_pool(x, 3, stride=2, name=f"pool{number}")
    with net.stage("fc6"):
        x = net.flatten(x, name="flatten")
    return classifier(net, x, num_classes, dropout_first=False)


def alexnet_2012_nogroups(net: Net, num_classes: int = 1000) -> FeatureMap:
    """The network of 2012 in one tower."""
    return alexnet_2012(net, num_classes, grouped=False)


def classifier(
    net: Net, x: FeatureMap, num_classes: int, *, dropout_first: bool, normed: bool = False
) -> FeatureMap:
    """fc6 to fc8; torchvision drops before fc6 and fc7, the paper (section 4.2) in them."""
    for name, width in (("6", 256 * 6 * 6), ("7", 4096)):
        with net.stage(f"fc{name}"):
            if dropout_first:
                x = net.dropout(x, name=f"drop{name}")
            x = net.linear(x, 4096, in_features=width, name=f"fc{name}")
            if normed:
                x = net.batch_norm(x, eps=1e-3, name=f"bn{name}")
            x = net.relu(x, name=f"relu{name}")
            if not dropout_first:
                x = net.dropout(x, name=f"drop{name}")
    with net.stage("fc8"):
        return net.linear(x, num_classes, in_features=4096, name="fc8")
