"""Networks as PyTorch exports them, against traces of the same modules."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from onnx_files import exported, graph, helper, onnx, weight
from onnx_files import table as written
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from cnnref.counting.layer import Layer
from cnnref.tables.onnx.model import read
from cnnref.tables.onnx.walk import _fed, _Walk

pytest.importorskip("onnxscript", reason="the exporter's own package is not installed")
models = pytest.importorskip("torchvision").models

NETWORKS = (
    "alexnet", "vgg16", "resnet50", "googlenet", "mobilenet_v2", "densenet121",
    "efficientnet_b0", "convnext_tiny", "vit_b_16",
)  # fmt: skip
# of these the exporter writes a linear layer on a map as a product and an add
IN_TWO = ("convnext_tiny", "vit_b_16")


def working(table: cnnref.Table, learned: bool) -> list[tuple[object, ...]]:
    """The convolutions and linear layers in their order."""

    def told(row: Layer) -> tuple[object, ...]:
        bias = (row.counts.bias_adds, row.counts.biases) if learned else ()
        return row.macs, row.in_shape, row.out_shape, row.window, row.counts.weights, bias

    return [told(row) for row in table if row.op in ("conv", "linear")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_costs_what_its_trace_says(name: str, tmp_path: Path) -> None:
    module = getattr(models, name)(weights=None).eval()
    traced = cnnref.trace(module)
    path = exported(module, (torch.zeros(1, 3, 224, 224),), tmp_path / f"{name}.onnx")
    table = cnnref.from_onnx(path)
    assert (table.macs, table.parameters) == (traced.macs, traced.parameters)
    assert table.input_shape == traced.input_shape
    assert not table.uncounted
    whole = name not in IN_TWO
    assert working(table, whole) == working(traced, whole)
    if whole:
        same = [(row.name, row.op) for row in traced if row.op in ("conv", "batch_norm", "linear")]
        named = [(row.name, row.op) for row in table]
        assert [one for one in named if one[1] in ("conv", "batch_norm", "linear")] == same
    assert unlike(path) == {}


def unlike(path: Path) -> dict[str, object]:
    """The tensors whose sizes ONNX's own inference finds otherwise."""
    model = onnx.load(path, load_external_data=False)
    del model.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    said = {}
    for value in inferred.graph.value_info:
        axes = value.type.tensor_type.shape.dim
        known = value.type.tensor_type.HasField("shape")
        if known and all(axis.HasField("dim_value") for axis in axes):
            said[value.name] = tuple(axis.dim_value for axis in axes)
    assert len(said) > len(model.graph.node) // 4
    stated = read(path)
    walk = _Walk(stated, _fed(stated, None))
    for node in stated.nodes:
        walk.step(node)
    found = {name: value.sizes for name, value in walk._values.items()}
    return {name: (found[name], sizes) for name, sizes in said.items() if found[name] != sizes}


class Parts(nn.Module):
    """What the nine do not have."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.act = nn.PReLU(4)
        self.pool = nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)
        self.each = nn.InstanceNorm2d(4, affine=True)
        self.rnn = nn.LSTM(9, 5, num_layers=2, bidirectional=True)
        self.words = nn.Embedding(7, 6)

    def forward(self, x: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.pool(self.act(self.up(self.norm(self.stem(x)))))
        x = nn.functional.interpolate(self.each(x), scale_factor=2.0)
        y, _ = self.rnn(nn.functional.pad(x[0, 0, :4, :8], (0, 1))[:, None])
        return y, self.words(ids), x.mean((2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [False, True])
def test_parts_of_other_networks(legacy: bool, tmp_path: Path) -> None:
    module = Parts().eval()
    for learned in module.parameters():  # equal ones are written once by the older exporter
        nn.init.normal_(learned)
    given = torch.zeros(1, 3, 8, 8), torch.zeros(1, 5, dtype=torch.int64)
    path = exported(module, given, tmp_path / "parts.onnx", legacy)
    table, traced = cnnref.from_onnx(path), cnnref.trace(module, inputs=given)
    assert (table.macs, table.parameters) == (traced.macs, traced.parameters)
    assert not table.uncounted
    kinds = ("conv", "conv_transpose", "avg_pool", "prelu")
    for ours, theirs in zip(
        [row for row in table if row.op in kinds],
        [row for row in traced if row.op in kinds],
        strict=True,
    ):
        assert (ours.name, ours.counts, ours.window) == (theirs.name, theirs.counts, theirs.window)
    assert [row.out_shape for row in table if row.op == "interpolate"] == [(4, 18, 18)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("sizes", [None, (3, 64, 48)])
def test_a_free_axis_takes_what_it_is_given(sizes: tuple[int, ...] | None, tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    free = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    program = torch.onnx.export(
        module, (torch.zeros(2, 3, 32, 32),), dynamo=True, verbose=False, dynamic_shapes=(free,)
    )
    program.save(tmp_path / "free.onnx")
    if sizes is None:
        with pytest.raises(cnnref.CnnrefError, match="is free x 3 x free x free: give the sizes"):
            cnnref.from_onnx(tmp_path / "free.onnx")
        return
    table = cnnref.from_onnx(tmp_path / "free.onnx", sizes)
    assert (table.input_shape, table.macs) == (sizes, cnnref.trace(module, sizes).macs)


def test_an_input_of_which_no_sizes_are_said_takes_what_it_is_given(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("MatMul", ["a", "w"], ["y"])]
    model = graph(nodes, {"x": None}, [weight("w", 8, 4)])
    with pytest.raises(cnnref.CnnrefError, match="does not say the sizes of its input 'x': give"):
        written(model, tmp_path)
    table = written(model, tmp_path, (5, 8))
    assert [row.out_shape for row in table] == [(5, 8), (5, 4)]
    assert (table.macs, table.input_shape) == (5 * 8 * 4, (5, 8))


class Sum(nn.Module):
    def __init__(self, equation: str) -> None:
        super().__init__()
        self.equation = equation

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.einsum(self.equation, left, right)


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        ("bij,jk->bk", (2, 5, 8), (8, 4)),
        ("bij,jk->k", (2, 5, 8), (8, 4)),
        ("bij,k->k", (2, 5, 8), (4,)),
        ("ij,kl->ik", (3, 4), (5, 6)),
        ("ij,ij->", (3, 4), (3, 4)),
        ("bij,bkj->bik", (2, 3, 4), (1, 5, 4)),
    ],
)
def test_what_one_term_alone_has_is_summed_before_the_product(
    equation: str, left: tuple[int, ...], right: tuple[int, ...], tmp_path: Path
) -> None:
    given = torch.zeros(left), torch.zeros(right)
    with FlopCounterMode(display=False) as counter:
        made = torch.einsum(equation, *given)
    node = helper.make_node("Einsum", ["a", "b"], ["y"], equation=equation)
    (row,) = written(graph([node], {"a": left, "b": right}), tmp_path)
    assert 2 * row.macs == counter.get_total_flops()
    assert (row.op, row.macs) == [
        (theirs.op, theirs.macs) for theirs in cnnref.trace(Sum(equation), inputs=given)
    ][-1]
    assert row.counts.elements_out == made.numel()
