"""timm as a further opinion: networks that torchvision lacks, built by other people."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import pytest
import torch
import torchvision_models
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape
from cnnref.tables.table import Table

if torchvision_models.models:  # timm imports torchvision, which may need the help of that module
    import timm
    from timm.models.resnetv2 import BatchNormAct2d, ResNetV2, create_conv2d

INCEPTIONS = ("inception_v4", "inception_resnet_v2")
PREACT = {f"preact_resnet{layers}": f"resnetv2_{layers}" for layers in (18, 34, 50, 101, 152)}
# whose poolings timm writes otherwise, or which torchvision has too: what has weights is compared
IN_ORDER = ("seresnet50", "inception_v3", *(f"resnet{layers}" for layers in (18, 34, 50, 101, 152)))
# what timm calls others otherwise, and what of the paper it leaves to whoever trains
NAMED = PREACT | {"mobilenet_v1": "mobilenetv1_100"}
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"drop_rate": 0.2} for name in INCEPTIONS},
    # its own default is the ReLU6 of the second MobileNet
    "mobilenet_v1": {"act_layer": "relu"},
}
WHOLE = (*INCEPTIONS, "mobilenet_v1")
NETWORKS = (*WHOLE, *PREACT, "preact_resnet200")


class Seen(NamedTuple):
    """One convolution or linear layer as it ran; a linear layer's window is empty."""

    shape: Shape
    out: Shape
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    groups: int = 1


@cache
def build(name: str) -> nn.Module:
    """timm's network; of 200 layers it has the class, but no entry."""
    with torch.device("meta"):
        if name == "preact_resnet200":
            parts: dict[str, Any] = {"conv_layer": create_conv2d, "norm_layer": BatchNormAct2d}
            return ResNetV2([3, 24, 36, 3], **parts).eval()
        options = OPTIONS.get(name, {})
        return timm.create_model(NAMED.get(name, name), pretrained=False, **options).eval()


@cache
def watched(name: str) -> tuple[tuple[tuple[str, Seen], ...], int]:
    """What hooks on timm's own layers see in one pass, in order, and torch's count of MACs."""
    module = build(name)
    seen: list[tuple[str, Seen]] = []

    def note(path: str, layer: Any, inputs: tuple[Tensor, ...], result: Tensor) -> None:
        window = isinstance(layer, nn.Conv2d)
        how = (layer.kernel_size, layer.stride, layer.groups) if window else ()
        seen.append((path, Seen(Shape(inputs[0].shape[1:]), Shape(result.shape[1:]), *how)))

    for path, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(partial(note, path))
    image = torch.empty(1, *cnnref.table(name).input_shape, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(image)
    return tuple(seen), counter.get_total_flops() // 2


def stated(layer: Layer) -> Seen:
    how = layer.window
    shapes = layer.in_shape, layer.out_shape
    return Seen(*shapes, how.kernel, how.stride, how.groups) if how else Seen(*shapes)


def weighted(table: Table) -> list[tuple[str, Seen]]:
    return [(row.name, stated(row)) for row in table if row.op in ("conv", "linear")]


def parts(rows: list[tuple[str, Seen]], projection: str) -> tuple[list[Seen], list[Seen]]:
    """The main path and the projections, each in order; a 1x1 layer on one pixel as linear."""
    paths: tuple[list[Seen], list[Seen]] = ([], [])
    for name, row in rows:
        pixel = row.kernel == (1, 1) and row.shape.size == row.out.size == (1, 1)
        flat = Seen(Shape(row.shape[:1]), Shape(row.out[:1])) if pixel else row
        paths[projection in name].append(flat)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NETWORKS, *IN_ORDER])
def test_the_totals_are_those_of_timm(name: str) -> None:
    table = cnnref.table(name)
    assert table.parameters == sum(part.numel() for part in build(name).parameters())
    assert table.macs == watched(name)[1]


@pytest.mark.parametrize("name", WHOLE)
def test_networks_are_those_of_timm_row_by_row(name: str) -> None:
    table = cnnref.table(name)
    assert [row for _, row in weighted(table)] == [row for _, row in watched(name)[0]]
    # also every pooling, norm, activation and join, and what feeds what
    assert cnnref.compare(table, cnnref.trace(build(name), table.input_shape)) == []


@pytest.mark.parametrize("name", IN_ORDER)
def test_networks_have_the_weights_of_timm_in_order(name: str) -> None:
    # timm runs the projection of a residual block after its main path, as torchvision does
    assert [row for _, row in weighted(cnnref.table(name))] == [row for _, row in watched(name)[0]]


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - set(WHOLE)))
def test_the_preactivation_networks_have_the_weights_of_timm_in_order(name: str) -> None:
    """timm runs a unit's projection first, and its last layer as a 1x1 convolution."""
    ours = parts(weighted(cnnref.table(name)), "projection")
    theirs = parts(list(watched(name)[0]), "downsample")
    assert ours == theirs
    assert len(ours[1]) == (3 if name in ("preact_resnet18", "preact_resnet34") else 4)


def test_the_stem_is_where_the_two_preactivation_networks_part() -> None:
    table = cnnref.table("preact_resnet50")
    other = cnnref.trace(build("preact_resnet50"), table.input_shape)
    assert [row.op for row in table[:4]] == ["conv", "batch_norm", "relu", "max_pool"]
    assert [row.op for row in other[:4]] == ["conv", "max_pool", "batch_norm", "relu"]


def test_a_network_of_timm_that_is_another_one_is_told_apart() -> None:
    with torch.device("meta"):
        deep = timm.create_model("resnetv2_50d").eval()
    table = cnnref.table("preact_resnet50")
    other = cnnref.trace(deep, table.input_shape)
    assert (table.parameters, table.macs) != (other.parameters, other.macs)
    assert parts(weighted(table), "projection") != parts(weighted(other), "downsample")
