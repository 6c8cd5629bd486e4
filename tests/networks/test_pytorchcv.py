"""pytorchcv as a further opinion: networks that neither torchvision nor timm has."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest
import torch
import torchvision_models

import cnnref
from cnnref.counting.layer import Layer
from cnnref.tables.table import Table

if (
    torchvision_models.models
):  # pytorchcv imports torchvision, which may need the help of that module
    from pytorchcv.model_provider import get_model

# ours -> theirs; what they state otherwise has a test of its own below
SAME_WEIGHTS = {
    "zfnet": "zfnet",
    "zfnet_b": "zfnetb",
    "preact_resnet164_cifar": "preresnet164bn_cifar10",
    "preact_resnet1001_cifar": "preresnet1001_cifar10",
}
SAME_ROWS = ("zfnet", "zfnet_b")


@cache
def theirs(name: str, ours: str) -> Table:
    with torch.device("meta"):
        module = get_model(name).eval()
    return cnnref.trace(module, tuple(cnnref.table(ours).input_shape))


def weighted(rows: Iterable[Layer]) -> list[tuple[object, ...]]:
    """Convolutions and fully-connected layers by their shapes and windows, biases apart."""
    return [
        (row.in_shape, row.out_shape, row.window) for row in rows if row.op in ("conv", "linear")
    ]


@pytest.mark.parametrize("name", SAME_WEIGHTS)
def test_the_parameters_are_those_of_pytorchcv(name: str) -> None:
    assert cnnref.table(name).parameters == theirs(SAME_WEIGHTS[name], name).parameters


@pytest.mark.parametrize("name", SAME_ROWS)
def test_the_sequence_of_weighted_layers_is_that_of_pytorchcv(name: str) -> None:
    ours, other = cnnref.table(name), theirs(SAME_WEIGHTS[name], name)
    assert weighted(ours) == weighted(other)
    assert ours.macs == other.macs


def test_inception_resnet_v1_is_pytorchcvs_but_for_a_block_the_factors_and_the_head() -> None:
    """Theirs is made for faces: it scales residuals, has a sixth block and an embedding."""
    ours = cnnref.table("inception_resnet_v1")
    other = theirs("inceptionresnetv1", "inception_resnet_v1")
    sixth = [row for row in other if ".stage3.unit7." in row.name]
    kept = [row for row in other if row.name.startswith("features.") and row not in sixth]
    assert weighted(ours)[:-1] == weighted(kept)
    assert weighted(sixth) == weighted(ours)[-6:-1]
    kinds = ("conv", "batch_norm", "relu", "max_pool", "concat", "add")
    assert [row.op for row in ours if row.op in kinds] == [
        row.op for row in kept if row.op in kinds
    ]
    assert sum(row.op == "scale" for row in kept) == 5 + 10 + 5


def test_bn_inception_is_pytorchcvs_but_for_the_rows_that_figure_5_leaves_open() -> None:
    """Theirs has a plain first convolution, and 128 filters where the printed maps need 96."""
    ours, other = cnnref.table("bn_inception"), theirs("bninception", "bn_inception")
    rows, others = weighted(ours)[2:], weighted(other)[1:]
    assert weighted(other)[0] == (
        (3, 224, 224),
        (64, 112, 112),
        others[2][2]._replace(kernel=(7, 7), stride=(2, 2), padding=(3, 3)),
    )
    assert len(rows) == len(others)
    differing = [n for n, pair in enumerate(zip(rows, others, strict=True)) if pair[0] != pair[1]]
    names = [row.name for row in ours if row.op in ("conv", "linear")][2:]
    assert [names[n] for n in differing] == [
        "inception_4c.branch4.2_1x1",
        *(f"inception_4d.branch{number}.1_1x1" for number in (1, 2, 3)),
        "inception_4d.branch4.2_1x1",
        *(f"inception_4e.branch{number}.1_1x1" for number in (1, 2)),
        *(f"inception_5a.branch{number}.1_1x1" for number in (1, 2, 3)),
        "inception_5a.branch4.2_1x1",
    ]
    assert [
        (others[n][0][0], others[n][1][0]) for n in differing if rows[n][1] != others[n][1]
    ] == [
        (576, 128),
        (608, 128),
    ]
