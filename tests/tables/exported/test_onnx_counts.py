"""All raw counts of ONNX operators, worked out by hand, and the sizes of all that they make."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest
from onnx_files import FLOAT, graph, helper, inferred, table, weight, wholes

import cnnref
from cnnref.counting.shapes import Counts, Window

LEARNED = {"w": (4, 3, 3, 3), "b": (4,), "m": (6, 5), "n": (5, 6), "c": (5,)}
Case = tuple[str, list[str], dict[str, list[int]], dict[str, Any], Counts]
# in order: macs, bias_adds, window_taps, elements_in, elements_out, weights, biases
COUNTED: list[Case] = [
    ("Conv", ["x", "w"], {"x": [1, 3, 5, 6]}, {}, Counts(48 * 27, 0, 0, 90, 48, 108, 0)),
    ("Conv", ["x", "w", "b"], {"x": [1, 3, 5, 6]}, {}, Counts(48 * 27, 48, 0, 90, 48, 108, 4)),
    ("ConvTranspose", ["x", "w"], {"x": [1, 4, 2, 5]}, {"strides": [2, 3]},
     Counts(40 * 27, 0, 3 * 5 * 15 * 4 * 9, 40, 225, 108, 0)),
    ("ConvTranspose", ["x", "w", "c3"], {"x": [1, 4, 2, 5]}, {},
     Counts(40 * 27, 3 * 4 * 7, 3 * 4 * 7 * 4 * 9, 40, 84, 108, 3)),
    ("ConvTranspose", ["x", "w"], {"x": [1, 4, 2, 2]}, {"group": 2},
     Counts(16 * 27, 0, 6 * 16 * 2 * 9, 16, 96, 108, 0)),
    ("Gemm", ["x", "m"], {"x": [1, 6]}, {}, Counts(30, 0, 0, 6, 5, 30, 0)),
    ("Gemm", ["x", "m", "c"], {"x": [2, 6]}, {}, Counts(60, 10, 0, 12, 10, 30, 5)),
    ("Gemm", ["x", "n", "c"], {"x": [6, 2]}, {"transA": 1, "transB": 1},
     Counts(60, 10, 0, 12, 10, 30, 5)),
    ("Gemm", ["x", "y"], {"x": [2, 6], "y": [6, 3]}, {}, Counts(36, 0, 0, 30, 6, 0, 0)),
    ("MatMul", ["x", "m"], {"x": [2, 7, 6]}, {}, Counts(420, 0, 0, 84, 70, 30, 0)),
    ("MatMul", ["m", "x"], {"x": [5, 2]}, {}, Counts(60, 0, 0, 10, 12, 30, 0)),
    ("MatMul", ["x", "y"], {"x": [6], "y": [4, 6, 3]}, {}, Counts(72, 0, 0, 78, 12, 0, 0)),
    ("Einsum", ["x", "m"], {"x": [2, 6]}, {"equation": "ai, ij -> aj"},
     Counts(60, 0, 0, 12, 10, 30, 0)),
    # k is summed in the first term beforehand
    ("Einsum", ["x", "y"], {"x": [2, 3, 4], "y": [3, 5]}, {"equation": "ijk,jl->il"},
     Counts(2 * 3 * 5, 0, 0, 39, 10, 0, 0)),
    ("Einsum", ["x", "y"], {"x": [1, 3], "y": [4, 3]}, {"equation": "ij,ij->"},
     Counts(12, 0, 0, 15, 1, 0, 0)),
    ("Einsum", ["x", "y"], {"x": [2, 3], "y": [3]}, {"equation": "ij,j->ij"},
     Counts(0, 0, 0, 9, 6, 0, 0)),
    ("Einsum", ["x"], {"x": [2, 3]}, {"equation": "ij->j"}, Counts(0, 0, 0, 6, 3, 0, 0)),
    ("MaxPool", ["x"], {"x": [1, 2, 5, 6]}, {"kernel_shape": [2, 3]},
     Counts(0, 0, 32 * 6, 60, 32, 0, 0)),
    ("LpPool", ["x"], {"x": [1, 2, 5, 6]}, {"kernel_shape": [2, 3], "strides": [1, 2]},
     Counts(0, 0, 16 * 6, 60, 16, 0, 0)),
    ("GlobalAveragePool", ["x"], {"x": [1, 2, 5, 6]}, {}, Counts(0, 0, 60, 60, 2, 0, 0)),
    ("LRN", ["x"], {"x": [1, 7, 2, 3]}, {"size": 5}, Counts(0, 0, 210, 42, 42, 0, 0)),
    ("BatchNormalization", ["x", "b", "b1", "b2", "b3"], {"x": [1, 4, 5, 6]}, {},
     Counts(0, 0, 0, 120, 120, 4, 4)),
    ("PRelu", ["x", "c"], {"x": [2, 5]}, {}, Counts(0, 0, 0, 10, 10, 5, 0)),
    ("Gather", ["m", "i"], {"i": [2, 3]}, {}, Counts(0, 0, 0, 6, 30, 30, 0)),
    ("Gather", ["x", "i"], {"x": [4, 5], "i": [3]}, {"axis": 1}, Counts(0, 0, 0, 23, 12, 0, 0)),
    ("Add", ["x", "y"], {"x": [2, 5], "y": [5]}, {}, Counts(0, 0, 0, 15, 10, 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: f"{case[0]}-{case[1]}-{case[3]}")
def test_an_operator_counts_what_is_worked_out_by_hand(case: Case, tmp_path: Path) -> None:
    op, names, fed, how, counts = case
    learned = LEARNED | {"b1": (4,), "b2": (4,), "b3": (4,), "c3": (3,)}
    held = [weight(name, *learned[name]) for name in names if name in learned]
    model = graph([helper.make_node(op, names, ["y_"], **how)], fed, held)
    (row,) = table(model, tmp_path)
    assert row.counts == counts
    if op != "Gather":
        (out,) = inferred(model)
        assert prod(row.out_shape) == prod(out)


CALLED: list[tuple[str, list[str], dict[str, list[int]], dict[str, Any], str]] = [
    ("Einsum", ["x"], {"x": [2, 3]}, {"equation": "ij->ji"}, "permute"),
    ("Einsum", ["x"], {"x": [2, 3]}, {"equation": "ij->j"}, "sum"),
    ("Einsum", ["x", "y"], {"x": [2, 3], "y": [3]}, {"equation": "ij,j->ij"}, "multiply"),
    ("Einsum", ["x", "y"], {"x": [2, 3], "y": [3]}, {"equation": "ij,j->i"}, "matmul"),
    ("Einsum", ["x", "m"], {"x": [2, 6]}, {"equation": "ij,jk->ik"}, "matmul"),
    ("Gemm", ["x", "m"], {"x": [2, 6]}, {}, "linear"),
    ("Gemm", ["m", "x"], {"x": [5, 2]}, {}, "matmul"),
    ("Gemm", ["x", "y"], {"x": [2, 6], "y": [6, 2]}, {}, "matmul"),
    ("MatMul", ["x", "m"], {"x": [2, 4, 6]}, {}, "linear"),
    ("MatMul", ["x", "k"], {"x": [2, 4, 6]}, {}, "matmul"),
    ("Gather", ["m", "i"], {"i": [2, 3]}, {}, "embedding"),
    ("Gather", ["x", "i"], {"x": [4, 5], "i": [3]}, {}, "index_select"),
    ("Gather", ["x", "one"], {"x": [4, 5]}, {}, "select"),
    ("Gather", ["x", "two"], {"x": [4, 5]}, {}, "index_select"),
]


@pytest.mark.parametrize("case", CALLED, ids=lambda case: f"{case[0]}-{case[4]}-{case[1]}")
def test_a_row_is_called_by_what_it_multiplies_or_chooses(case: Any, tmp_path: Path) -> None:
    op, names, fed, how, called = case
    held = [weight("m", 6, 5), weight("k", 2, 6, 5), wholes("one", 1), wholes("two", 1, 2)]
    (row,) = table(graph([helper.make_node(op, names, ["y"], **how)], fed, held), tmp_path)
    assert row.op == called


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_a_recurrence_multiplies_every_weight_at_each_step(
    op: str, gates: int, directions: int, biased: bool, first: int, tmp_path: Path
) -> None:
    steps, images, given, hidden = 7, 2, 5, 3
    held = [
        weight("w", directions, gates * hidden, given),
        weight("r", directions, gates * hidden, hidden),
        *([weight("b", directions, 2 * gates * hidden)] if biased else []),
    ]
    how = {"hidden_size": hidden, "layout": first}
    how |= {"direction": "bidirectional"} if directions == 2 else {}
    outputs = ["y", "h", "c"] if op == "LSTM" else ["y", "h"]
    node = helper.make_node(op, ["x", *(one.name for one in held)], outputs, **how)
    ends = [helper.make_node("Neg", [name], [f"{name}-"]) for name in outputs]
    fed = {"x": [images, steps, given] if first else [steps, images, given]}
    model = graph([node, *ends], fed, held, outputs=[f"{name}-" for name in outputs])
    row, *made = table(model, tmp_path)
    each = steps * images * directions * gates * hidden
    state = (images, directions, hidden) if first else (directions, images, hidden)
    all_states = (
        (images, steps, directions, hidden) if first else (steps, directions, images, hidden)
    )
    assert row.counts == Counts(
        macs=each * (given + hidden),
        bias_adds=each * 2 * biased,
        elements_in=steps * images * given,
        elements_out=prod(all_states) + prod(state) * (len(outputs) - 1),
        weights=directions * gates * hidden * (given + hidden),
        biases=directions * 2 * gates * hidden * biased,
    )
    shapes = [all_states, *[state] * (len(outputs) - 1)]
    assert [one.out_shape for one in made] == [
        shape[1:] if shape[0] == 1 else shape for shape in shapes
    ]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_attention_of_grouped_heads_makes_what_onnx_says(groups: int, tmp_path: Path) -> None:
    fed = {
        "q": [2, 4, 5, 6],
        "k": [2, groups, 7, 6],
        "v": [2, groups, 7, 8],
        "past_k": [2, groups, 9, 6],
        "past_v": [2, groups, 9, 8],
    }
    outputs = ["y", "keys", "values", "products"]
    node = helper.make_node("Attention", ["q", "k", "v", "", "past_k", "past_v"], outputs)
    ends = [helper.make_node("Neg", [name], [f"{name}-"]) for name in outputs]
    model = graph([node, *ends], fed, opset=23, outputs=[f"{name}-" for name in outputs])
    row, *made = table(model, tmp_path)
    sizes = [(2, 4, 5, 8), (2, groups, 16, 6), (2, groups, 16, 8), (2, 4, 5, 16)]
    assert [one.out_shape for one in made] == sizes
    assert row.macs == 2 * 4 * 5 * 16 * (6 + 8)
    assert row.counts.elements_in == sum(map(prod, fed.values()))
    assert row.counts.elements_out == sum(map(prod, sizes))


Sized = tuple[str, list[Any], dict[str, Any], int]
# the sizes and tensors that an operator reads, its attributes, and how many outputs it has
SIZED: list[Sized] = [
    ("GatherND", [[3, 4, 5], [6, 2]], {}, 1),
    ("GatherND", [[3, 4, 5], [6, 7, 3]], {}, 1),
    ("GatherND", [[3, 4, 5], [3, 1]], {"batch_dims": 1}, 1),
    ("GatherElements", [[3, 4], [3, 2]], {"axis": 1}, 1),
    ("RoiAlign", [[2, 4, 9, 9], [6, 4], [6]], {"output_height": 3, "output_width": 5}, 1),
    ("GridSample", [[2, 4, 5, 5], [2, 7, 8, 2]], {}, 1),
    ("GridSample", [[2, 4, 5, 5, 5], [2, 6, 7, 8, 3]], {}, 1),
    ("Split", [[10, 3]], {"num_outputs": 4}, 4),
    ("Split", [[10, 3]], {"num_outputs": 3, "axis": -2}, 3),
    ("Split", [[4, 9], wholes("s", 2, 3, 4)], {"axis": 1}, 3),
    ("Transpose", [[2, 3, 4]], {}, 1),
    ("Transpose", [[2, 3, 4]], {"perm": [1, 2, 0]}, 1),
    ("Slice", [[9, 8, 7], wholes("a", 2, 1), wholes("b", 8, 5)], {}, 1),
    ("Slice", [[9, 8, 7], wholes("a", 8), wholes("b", 0), wholes("c", -2), wholes("d", -3)], {}, 1),
    ("Slice", [[9, 8, 7], wholes("a", 1), wholes("b", 9), wholes("c", 0), wholes("d", 3)], {}, 1),
    ("Pad", [[5, 6], wholes("p", 1, 2, 3, 4)], {}, 1),
    ("Pad", [[5, 6], wholes("p", -1, 2, 3, -4)], {}, 1),
    ("Concat", [[3, 4]], {"axis": 0}, 1),
    ("OneHot", [[3, 4], wholes("d", 7), weight("v", 2)], {"axis": 0}, 1),
    ("Trilu", [[3, 4]], {}, 1),
    ("ScatterND", [[3, 4], [2, 1], [2, 4]], {}, 1),
    ("ScatterElements", [[3, 4], [2, 2], [2, 2]], {}, 1),
    ("EyeLike", [[3, 4]], {}, 1),
    ("ReverseSequence", [[3, 4, 5], [4]], {}, 1),
    ("MaxPool", [[2, 3, 9, 8]], {"kernel_shape": [3, 2], "strides": [2, 3]}, 2),
    ("MaxPool", [[2, 3, 9]], {"kernel_shape": [3], "dilations": [2], "pads": [1, 2]}, 2),
    ("AveragePool", [[2, 3, 9, 8]], {"kernel_shape": [3, 2], "pads": [1, 0, 0, 1]}, 1),
    ("LpPool", [[2, 3, 9, 8]], {"kernel_shape": [3, 2], "strides": [2, 3]}, 1),
    ("GlobalAveragePool", [[2, 3, 5, 6, 7]], {}, 1),
    ("ConvTranspose", [[2, 4, 5, 6], weight("w", 4, 3, 3, 2)],
     {"strides": [2, 3], "dilations": [2, 1], "pads": [1, 0, 2, 1]}, 1),
    ("ConvTranspose", [[2, 4, 5, 6], weight("w", 4, 3, 3, 3)],
     {"strides": [2, 3], "output_padding": [1, 2]}, 1),
    ("ConvTranspose", [[2, 4, 5, 6], weight("w", 4, 3, 3, 3)],
     {"strides": [2, 2], "output_shape": [10, 12]}, 1),
    ("DepthToSpace", [[2, 18, 5, 6]], {"blocksize": 3}, 1),
    ("SpaceToDepth", [[2, 3, 6, 9]], {"blocksize": 3}, 1),
    ("Resize", [[2, 3, 5, 6], weight("r", 0), helper.make_tensor("f", FLOAT, [2], [2, 1.5])],
     {"axes": [2, 3]}, 1),
    ("Resize", [[2, 3, 5, 6], weight("r", 0), weight("f", 0), wholes("s", 7, 4)],
     {"axes": [2, 3]}, 1),
    ("ReduceMean", [[2, 3, 4]], {"noop_with_empty_axes": 1}, 1),
    ("ReduceMax", [[2, 3, 4]], {"keepdims": 0}, 1),
    ("TopK", [[5, 6, 7], wholes("k", 3)], {"axis": 1}, 2),
    ("ArgMin", [[5, 6]], {"axis": 1, "keepdims": 0}, 1),
    ("LayerNormalization", [[2, 5, 8], weight("s", 8), weight("b", 8)], {}, 1),
    ("Tile", [[2, 3], wholes("t", 4, 5)], {}, 1),
    ("Expand", [[2, 1], wholes("e", 4, 1, 3)], {}, 1),
]  # fmt: skip


@pytest.mark.parametrize("case", SIZED, ids=lambda case: f"{case[0]}-{case[2]}-{case[3]}")
def test_each_output_has_the_sizes_that_onnx_finds(case: Sized, tmp_path: Path) -> None:
    op, given, how, many = case
    fed = {f"x{number}": one for number, one in enumerate(given) if isinstance(one, list)}
    held = [one for one in given if not isinstance(one, list)]
    whole = {"GatherND": ["x1"], "GatherElements": ["x1"], "RoiAlign": ["x2"], "OneHot": ["x0"],
             "ScatterND": ["x1"], "ScatterElements": ["x1"], "ReverseSequence": ["x1"]}  # fmt: skip
    outputs = [f"y{number}" for number in range(many)]
    names = [*fed, *(one.name for one in held)]
    # places are whole numbers, as of a map that is cast
    casts = [helper.make_node("Cast", [name], [f"{name}i"], to=7) for name in whole.get(op, [])]
    names = [f"{name}i" if name in whole.get(op, []) else name for name in names]
    node = helper.make_node(op, names, outputs, "node", **how)
    ends = [helper.make_node("Identity", [name], [f"{name}-"]) for name in outputs]
    model = graph([*casts, node, *ends], fed, held, outputs=[f"{name}-" for name in outputs])
    made = table(model, tmp_path)[-many:]
    sizes = inferred(model)
    assert [row.out_shape for row in made] == [
        size[1:] if size[:1] == (1,) else size for size in sizes
    ]


def test_a_list_of_another_length_than_the_axes_fits_nothing(tmp_path: Path) -> None:
    node = helper.make_node
    held = [weight("w", 4, 3, 3, 3), wholes("t", 2, 3, 4), wholes("s", 7)]
    for wrong in (
        node("ConvTranspose", ["x", "w"], ["y"], output_padding=[1]),
        node("Conv", ["x", "w"], ["y"], strides=[1]),
        node("Conv", ["x", "w"], ["y"], pads=[1, 1]),
        node("MaxPool", ["x"], ["y"], kernel_shape=[2]),
        node("Tile", ["x", "t"], ["y"]),
        node("Resize", ["x", "", "", "s"], ["y"]),
        node("Einsum", ["x"], ["y"], equation="ab->ba"),
        node("Slice", ["x", "t", "s"], ["y"]),
    ):
        with pytest.raises(cnnref.ShapeError, match=r"fit|must be positive"):
            table(graph([wrong], {"x": [1, 4, 8, 8]}, held), tmp_path)


@pytest.mark.parametrize(
    ("how", "constants"),
    [
        ({}, ()),
        ({"pads": [0, 0, 0, 1]}, ()),
        ({"pads": [1, 0, 0, 0]}, (("count_include_pad", 0),)),
        ({"pads": [1, 0, 0, 0], "count_include_pad": 1}, ()),
    ],
)
def test_an_average_says_that_it_leaves_its_padding_out(
    how: dict[str, Any], constants: Any, tmp_path: Path
) -> None:
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], **how)
    (row,) = table(graph([node], {"x": [1, 2, 7, 7]}), tmp_path)
    assert row.constants == constants


def test_a_normalisation_over_channels_is_that_of_a_spec(tmp_path: Path) -> None:
    how = {"size": 5, "alpha": 0.001, "beta": 0.5, "bias": 2.0}
    (row,) = table(
        graph([helper.make_node("LRN", ["x"], ["y"], "n", **how)], {"x": [1, 8, 4, 4]}), tmp_path
    )
    net = cnnref.Net((8, 4, 4))
    net.lrn(net.input, 5, alpha=0.001, beta=0.5, k=2.0, name="n")
    assert row == net.table()[0]
    (usual,) = table(
        graph([helper.make_node("LRN", ["x"], ["y"], size=3)], {"x": [1, 8, 4, 4]}), tmp_path
    )
    assert usual.constants == (("alpha", 1e-4), ("beta", 0.75), ("k", 1.0))
    assert usual.window == Window((3,), (1,), (1,), (1,))


def test_what_depends_on_a_policy_of_ratios_is_not_guessed(tmp_path: Path) -> None:
    held = [weight("r", 0), weight("f", 0), wholes("s", 7, 4)]
    how = {"axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}
    node = helper.make_node("Resize", ["x", "r", "f", "s"], ["y"], **how)
    with pytest.warns(cnnref.UncountedWarning, match="no rule counts Resize"):
        table(graph([node], {"x": [1, 2, 5, 6]}, held), tmp_path)


def test_a_pad_says_what_it_adds_on_each_side(tmp_path: Path) -> None:
    node = helper.make_node("Pad", ["x", "p", "", "a"], ["y"])
    held = [wholes("p", 1, 2, 3, 4), wholes("a", 1, 3)]
    (row,) = table(graph([node], {"x": [1, 5, 6, 7]}, held), tmp_path)
    assert row.out_shape == (5 + 1 + 3, 6, 7 + 2 + 4)
    assert row.constants == (("left", 2), ("right", 4), ("before", 1), ("after", 3))


def test_a_lone_number_scales_and_is_no_map(tmp_path: Path) -> None:
    node = helper.make_node
    held = [
        helper.make_tensor("half", FLOAT, [], [0.5]),
        weight("unsaid", 1),
        weight("line", 4),
    ]
    for names, op, constants, read in (
        (["x", "half"], "scale", (("factor", 0.5),), 48),
        (["half", "x"], "scale", (("factor", 0.5),), 48),
        (["x", "unsaid"], "scale", (), 48),
        (["x", "line"], "multiply", (), 52),
        (["x", "x"], "multiply", (), 96),
    ):
        (row,) = table(graph([node("Mul", names, ["y"])], {"x": [1, 3, 4, 4]}, held), tmp_path)
        assert (row.op, row.constants, row.counts.elements_in) == (op, constants, read)
        assert row.out_shape == (3, 4, 4)
    (row,) = table(graph([node("Add", ["half", "x"], ["y"])], {"x": [1, 3, 4, 4]}, held), tmp_path)
    assert (row.op, row.inputs) == ("add", (-1,))


def test_an_old_file_lays_the_second_over_the_first_from_an_axis_on(tmp_path: Path) -> None:
    node = helper.make_node("Add", ["x", "b"], ["y"], broadcast=1, axis=1)
    fed = {"x": [2, 3, 4, 5], "b": [3, 4]}
    (row,) = table(graph([node], fed, opset=6), tmp_path)
    assert (row.out_shape, row.counts.elements_in) == ((2, 3, 4, 5), 132)


@pytest.mark.parametrize(
    ("ends", "op"),
    [((0.0, 6.0), "relu6"), ((0.0, 5.0), "clamp"), ((-1.0, 6.0), "clamp"), ((0.0, None), "clamp")],
)
def test_a_clip_between_zero_and_six_is_a_relu6(
    ends: tuple[float, float | None], op: str, tmp_path: Path
) -> None:
    given = [(name, end) for name, end in zip(("min", "max"), ends, strict=True) if end is not None]
    old = helper.make_node("Clip", ["x"], ["y"], **dict(given))
    new = helper.make_node("Clip", ["x", *(name for name, _ in given)], ["y"])
    held = [helper.make_tensor(name, FLOAT, [], [end]) for name, end in given]
    for model in (
        graph([old], {"x": [1, 3, 4, 4]}, opset=6),
        graph([new], {"x": [1, 3, 4, 4]}, held),
    ):
        (row,) = table(model, tmp_path)
        assert (row.op, row.out_shape, row.counts.elements_in) == (op, (3, 4, 4), 48)


@pytest.mark.parametrize(
    ("start", "limit", "step", "many"),
    [(0, 5, 1, 5), (1, 8, 3, 3), (1, 7, 3, 2), (5, 0, -2, 3), (4, 4, 1, 0), (5, 1, 1, 0)],
)
def test_a_range_has_the_numbers_before_its_limit(
    start: int, limit: int, step: int, many: int, tmp_path: Path
) -> None:
    assert many == len(range(start, limit, step))
    held = [
        helper.make_tensor(name, 7, [], [value])
        for name, value in (("a", start), ("b", limit), ("c", step))
    ]
    nodes = [
        helper.make_node("Range", ["a", "b", "c"], ["r"]),
        helper.make_node("Shape", ["r"], ["s"]),
        helper.make_node("Add", ["s", "one"], ["t"]),
        helper.make_node("Expand", ["x", "t"], ["y"]),
    ]
    (row,) = table(graph(nodes, {"x": [1]}, [*held, wholes("one", 1)]), tmp_path)
    assert prod(row.out_shape) == many + 1


def test_what_is_drawn_or_filled_has_the_shape_that_is_said(tmp_path: Path) -> None:
    drawn = helper.make_node("RandomNormal", [], ["r"], shape=[2, 3])
    filled = helper.make_node("ConstantOfShape", ["s"], ["f"])
    nodes = [
        drawn,
        filled,
        helper.make_node("Add", ["x", "r"], ["a"]),
        helper.make_node("Add", ["a", "f"], ["y"]),
    ]
    rows = table(graph(nodes, {"x": [2, 3]}, [wholes("s", 4, 2, 3)]), tmp_path)
    assert [row.out_shape for row in rows] == [(2, 3), (4, 2, 3)]


def test_what_is_filled_by_one_number_may_be_of_any_size(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["f"]),
        helper.make_node("Add", ["x", "f"], ["y"]),
    ]
    for many in (3, 1 << 45):
        (row,) = table(graph(nodes, {"x": [1]}, [wholes("s", 2, many)]), tmp_path)
        assert row.out_shape == (2, many)
