"""Records of the residual networks and of their plain twins."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture

_RESNET = Architecture(
    name="resnet18",
    title="ResNet-18",
    authors="K. He, X. Zhang, S. Ren, J. Sun",
    year=2015,
    venue="CVPR 2016",
    paper="Deep Residual Learning for Image Recognition",
    source="Table 1, with shortcuts of option B (section 4.1)",
    differences="The padding is torchvision's; Table 1 prints none.",
    depth=18,
    input_size=224,
    sizes=(32, 33, 63, 97, 224, 225, 256, (64, 160)),
    torchvision="resnet18",
    spec="resnet:resnet18",
    model="resnet:resnet18",
    family="ResNet",
    chapter="resnet",
)


def _resnet(depth: int) -> Architecture:
    name = f"resnet{depth}"
    return _RESNET._replace(
        name=name,
        title=f"ResNet-{depth}",
        depth=depth,
        torchvision=name,
        spec=f"resnet:{name}",
        model=f"resnet:{name}",
    )


def _deep(depth: int) -> Architecture:
    return _resnet(depth)._replace(
        differences=(
            "The stride of a bottleneck is in its 3x3 convolution, as torchvision has it. Table 1 "
            "does not say where it is; its operations are those of the first 1x1, where the models "
            "that the authors published (KaimingHe/deep-residual-networks) have it. The padding is "
            "torchvision's too; Table 1 prints none."
        )
    )


def _variant(depth: int, suffix: str, title: str, source: str) -> Architecture:
    name = f"resnet{depth}_{suffix}"
    return _resnet(depth)._replace(
        name=name,
        title=f"ResNet-{depth} {title}",
        source=source,
        torchvision="",
        spec=f"resnet:{name}",
        model=f"resnet:{name}",
    )


def _v1(depth: int) -> Architecture:
    return _variant(depth, "v1", "with the paper's strides", _RESNET.source)


def _plain(depth: int) -> Architecture:
    name = f"plain{depth}"
    return _resnet(depth)._replace(
        name=name,
        title=f"plain-{depth}",
        source="Table 1 without shortcuts, section 4.1",
        torchvision="",
        spec=f"resnet:{name}",
        model=f"resnet:{name}",
    )


_PADDED = "with padded shortcuts (option A)"
_OPTIONS = "Table 1, with shortcuts of option {} (section 4.1)"

_IMAGENET = (
    _resnet(18),
    _resnet(34),
    _deep(50),
    _deep(101),
    _deep(152),
    _v1(50),
    _v1(101),
    _v1(152),
    _variant(18, "a", _PADDED, _OPTIONS.format("A")),
    _variant(34, "a", _PADDED, _OPTIONS.format("A")),
    _variant(34, "c", "with projections only (option C)", _OPTIONS.format("C")),
    _plain(18),
    _plain(34),
)


_CIFAR_SIZES = (8, 17, 27, 31, 32, 33, 48, (20, 45))


def _cifar(kind: str, title: str, depth: int) -> Architecture:
    name = f"{kind}{depth}_cifar"
    return _RESNET._replace(
        name=name,
        title=f"{title}-{depth} (CIFAR-10)",
        source="Section 4.2" + (" and Table 6" if kind == "resnet" else " and Figure 6"),
        differences="",
        depth=depth,
        input_size=32,
        sizes=_CIFAR_SIZES if depth < 1000 else _CIFAR_SIZES[2:],
        torchvision="",
        spec=f"resnet_cifar:{name}",
        model=f"resnet_cifar:{name}",
        num_classes=10,
    )


_CIFAR = (
    *(_cifar("resnet", "ResNet", depth) for depth in (20, 32, 44, 56, 110, 1202)),
    *(_cifar("plain", "plain", depth) for depth in (20, 32, 44, 56, 110)),
)

_PREACT = _RESNET._replace(
    venue="ECCV 2016",
    year=2016,
    paper="Identity Mappings in Deep Residual Networks",
    source="Figure 4 (e), the appendix, and fb.resnet.torch, models/preresnet.lua",
    torchvision="",
)


def _preact(depth: int) -> Architecture:
    name = f"preact_resnet{depth}"
    stride = "The stride of a bottleneck is in its 3x3 convolution, as in that code. "
    unreported = "Table 5 of the paper holds 152 and 200 layers; this depth is that code's. "
    return _PREACT._replace(
        name=name,
        title=f"ResNet-{depth} (pre-activation)",
        differences=(
            (stride if depth >= 50 else "")
            + (unreported if depth < 152 else "")
            + "Neither Table 5 nor the appendix states the padding."
        ),
        depth=depth,
        spec=f"preact_resnet:{name}",
        model=f"preact_resnet:{name}",
    )


def _preact_cifar(depth: int) -> Architecture:
    name = f"preact_resnet{depth}_cifar"
    return _PREACT._replace(
        name=name,
        title=f"ResNet-{depth} (pre-activation, CIFAR-10)",
        source="Figure 4 (e), the appendix, and KaimingHe/resnet-1k-layers, resnet-pre-act.lua",
        differences="",
        depth=depth,
        input_size=32,
        sizes=_CIFAR_SIZES if depth < 1000 else _CIFAR_SIZES[2:],
        spec=f"preact_resnet:{name}",
        model=f"preact_resnet:{name}",
        num_classes=10,
    )


RECORDS: tuple[Architecture, ...] = (
    *_IMAGENET,
    *_CIFAR,
    *(_preact(depth) for depth in (18, 34, 50, 101, 152, 200)),
    *(_preact_cifar(depth) for depth in (164, 1001)),
)
