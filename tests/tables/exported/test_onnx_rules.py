"""Each operator of ONNX: its sizes against ONNX's own inference, its counts against our rules."""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest
from onnx_files import INT64, graph, helper, inferred, onnx, small, table, weight, wholes

import cnnref
from cnnref.counting.operators import KINDS
from cnnref.counting.shapes import Counts
from cnnref.tables.onnx.walk import RULES

HERE = Path(__file__).resolve()
EXAMPLE = HERE.parents[3] / "docs/examples/small.onnx"


def test_the_example_is_what_it_says() -> None:
    assert EXAMPLE.read_bytes() == small().SerializeToString()
    table = cnnref.from_onnx(EXAMPLE)
    net = cnnref.Net((3, 32, 32), name="small")
    x = net.relu(net.conv(net.input, 8, kernel=3, name="stem"), name="act")
    x = net.flatten(net.adaptive_avg_pool(x, 1, name="pool"), name="flat")
    net.linear(x, 10, name="head")
    assert [row._replace(stage="", block="") for row in table] == list(net.table())
    assert (table.name, table.input_shape) == ("small", net.table().input_shape)


GRID = list(product((1, 3), (1, 2), (0, 1), (1, 2), (1, 2)))


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups"), GRID)
def test_a_convolution_is_that_of_a_spec(
    kernel: int, stride: int, padding: int, dilation: int, groups: int, tmp_path: Path
) -> None:
    how = {
        "strides": [stride] * 2,
        "pads": [padding] * 4,
        "dilations": [dilation] * 2,
        "group": groups,
    }
    nodes = [
        helper.make_node("Conv", ["x", "c.weight"], ["y"], **how),
        helper.make_node("ConvTranspose", ["y", "t.weight", "t.bias"], ["z"], **how),
    ]
    held = [
        weight("c.weight", 6, 4 // groups, kernel, kernel),
        weight("t.weight", 6, 2, kernel, kernel),
        weight("t.bias", 2 * groups),
    ]
    model = graph(nodes, {"x": [1, 4, 9, 11]}, held)
    net = cnnref.Net((4, 9, 11))
    window = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x = net.conv(net.input, 6, kernel, bias=False, name="c", **window)
    net.conv_transpose(x, 2 * groups, kernel, name="t", **window)
    found = table(model, tmp_path)
    stated = [row._replace(stage=row.name) for row in net.table()]
    assert list(found) == stated
    assert inferred(model) == [(1, *found[-1].out_shape)]


@pytest.mark.parametrize("ceil", [0, 1])
@pytest.mark.parametrize("size", range(5, 13))
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 2, 0), (3, 2, 1), (2, 3, 1)])
def test_a_pool_is_that_of_a_spec(
    size: int, kernel: int, stride: int, padding: int, ceil: int, tmp_path: Path
) -> None:
    how = {
        "kernel_shape": [kernel] * 2,
        "strides": [stride] * 2,
        "pads": [padding] * 4,
        "ceil_mode": ceil,
    }
    nodes = [
        helper.make_node("MaxPool", ["x"], ["y"], "m", **how),
        helper.make_node("AveragePool", ["x"], ["z"], "a", count_include_pad=1, **how),
    ]
    model = graph(nodes, {"x": [1, 2, size, size]}, outputs=["y", "z"])
    net = cnnref.Net((2, size, size))
    window = {"stride": stride, "padding": padding, "ceil_mode": bool(ceil)}
    net.max_pool(net.input, kernel, name="m", **window)
    net.avg_pool(net.input, kernel, name="a", **window)
    assert list(table(model, tmp_path)) == list(net.table())


@pytest.mark.parametrize("size", range(4, 11))
@pytest.mark.parametrize("same", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("op", ["Conv", "MaxPool"])
def test_padding_that_is_named(op: str, same: str, size: int, tmp_path: Path) -> None:
    inputs = ["x", "w"] if op == "Conv" else ["x"]
    how = {"auto_pad": same, "strides": [2, 3], "kernel_shape": [3, 2]}
    model = graph(
        [helper.make_node(op, inputs, ["y"], **how)],
        {"x": [1, 2, size, size + 1]},
        [weight("w", 4, 2, 3, 2)] if op == "Conv" else [],
    )
    (row,) = table(model, tmp_path)
    assert inferred(model) == [(1, *row.out_shape)]
    taps = prod(row.out_shape) * 6 * (2 if op == "Conv" else 1)
    assert taps == (row.macs if op == "Conv" else row.counts.window_taps)


@pytest.mark.parametrize("same", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 4), (3, 3), (4, 2)])
def test_a_transposed_convolution_of_named_padding_grows_by_its_stride(
    same: str, kernel: int, stride: int, tmp_path: Path
) -> None:
    how = {"auto_pad": same, "strides": [stride] * 2, "kernel_shape": [kernel] * 2}
    model = graph(
        [helper.make_node("ConvTranspose", ["x", "w"], ["y"], **how)],
        {"x": [1, 2, 5, 6]},
        [weight("w", 2, 3, kernel, kernel)],
    )
    (row,) = table(model, tmp_path)
    assert (row.out_shape, row.macs) == ((3, 5 * stride, 6 * stride), 60 * 3 * kernel**2)
    # for a shorter kernel ONNX's inference departs from its text and its reference evaluator
    assert kernel < stride or inferred(model) == [(1, *row.out_shape)]


@pytest.mark.parametrize(
    ("op", "names", "attributes", "field"),
    [
        ("InstanceNormalization", ("s", "b"), {}, (9, 8)),
        ("BatchNormalization", ("s", "b", "b", "s"), {"training_mode": 1}, (9, 8)),
        ("BatchNormalization", ("s", "b", "b", "s"), {}, (3, 3)),
    ],
)
def test_a_norm_by_statistics_of_the_map_sees_all_of_it(
    op: str,
    names: tuple[str, ...],
    attributes: dict[str, int],
    field: tuple[int, int],
    tmp_path: Path,
) -> None:
    nodes = [
        helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3]),
        helper.make_node(op, ["y", *names], ["z"], **attributes),
    ]
    made = graph(nodes, {"x": [1, 2, 9, 8]}, [weight("s", 2), weight("b", 2)])
    assert [seen for seen, _ in table(made, tmp_path).receptive_fields()] == [(3, 3), field]


def test_padding_at_one_end_is_counted_by_position(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[0, 0, 1, 1], strides=[2, 2])
    (row,) = table(graph([node], {"x": [1, 1, 4, 4]}, [weight("w", 1, 1, 3, 3)]), tmp_path)
    assert (row.out_shape, row.macs) == ((1, 2, 2), 36)
    # of 6 taps along an axis one is behind the end
    assert row.padding_macs == 36 - 5 * 5


# operator, sizes of its inputs, what it holds besides, attributes, MACs
INT32 = onnx.TensorProto.INT32
WHOLE = (INT64, INT32)
Case = tuple[str, list[list[int]], list[Any], dict[str, Any], int]
AXES, PADS = wholes("axes", 2, 3), wholes("pads", 0, 0, 1, 2, 0, 0, 3, 4)
CASES: list[Case] = [
    ("Conv", [[1, 3, 20]], [weight("w", 5, 3, 4)], {}, 5 * 17 * 12),
    ("Conv", [[1, 2, 5, 6, 7]], [weight("w", 4, 2, 3, 3, 3)], {}, 4 * 60 * 54),
    ("Conv", [[2, 3, 8, 8]], [weight("w", 4, 3, 3, 3)], {}, 2 * 4 * 36 * 27),
    ("Gemm", [[1, 12]], [weight("w", 7, 12), weight("b", 7)], {"transB": 1}, 84),
    ("Gemm", [[12, 3]], [weight("w", 12, 7)], {"transA": 1}, 3 * 84),
    ("MatMul", [[1, 5, 6]], [weight("w", 6, 8)], {}, 5 * 48),
    ("MatMul", [[1, 4, 5, 6], [1, 1, 6, 8]], [], {}, 4 * 5 * 48),
    ("MatMul", [[6], [6]], [], {}, 6),
    ("MatMul", [[3, 2, 6], [6]], [], {}, 36),
    ("Einsum", [[1, 4, 5, 6], [1, 4, 7, 6]], [], {"equation": "bhld,bhsd->bhls"}, 4 * 35 * 6),
    ("Einsum", [[1, 4, 5]], [weight("w", 3, 4)], {"equation": "bcl,kc->bkl"}, 60),
    ("Einsum", [[3, 4]], [], {"equation": "ij->ji"}, 0),
    ("Einsum", [[3], [4]], [], {"equation": "i,j->ij"}, 0),
    ("Add", [[1, 4, 5, 5], [4, 1, 1]], [], {}, 0),
    ("Mul", [[1, 4, 5, 5]], [weight("s", 4, 1, 1)], {}, 0),
    ("Concat", [[1, 4, 5, 5], [1, 2, 5, 5]], [], {"axis": 1}, 0),
    ("Flatten", [[1, 4, 5, 5]], [], {}, 0),
    ("Transpose", [[1, 4, 5, 6]], [], {"perm": [0, 2, 3, 1]}, 0),
    ("Reshape", [[1, 4, 5, 6]], [wholes("s", 0, -1, 6)], {}, 0),
    ("Squeeze", [[1, 4, 1, 1]], [AXES], {}, 0),
    ("Unsqueeze", [[4, 5]], [AXES], {}, 0),
    ("Expand", [[1, 4, 1]], [wholes("s", 2, 1, 3)], {}, 0),
    ("Tile", [[1, 4, 5]], [wholes("s", 1, 2, 3)], {}, 0),
    ("Slice", [[1, 9, 9]], [wholes("a", 1, 8), wholes("b", 99, 2), wholes("c", 1, 2),
                            wholes("d", 3, -2)], {}, 0),
    ("Slice", [[1, 8, 5]], [wholes("a", -12), wholes("b", -99), wholes("c", 1), wholes("d", -1)],
     {}, 0),
    ("Pad", [[1, 4, 5, 5]], [PADS], {}, 0),
    ("Gather", [[1, 9, 4]], [wholes("i", 1, 2, 5)], {"axis": 1}, 0),
    ("ReduceMean", [[1, 4, 5, 5]], [AXES], {"keepdims": 0}, 0),
    ("ReduceSum", [[1, 4, 5, 5]], [], {}, 0),
    ("ArgMax", [[1, 4, 5]], [], {"axis": 1, "keepdims": 0}, 0),
    ("TopK", [[1, 9]], [wholes("k", 3)], {}, 0),
    ("Resize", [[1, 4, 5, 5]], [weight("r", 0), helper.make_tensor("f", 1, [4], [1, 1, 2, 3.5])],
     {}, 0),
    ("Resize", [[1, 4, 5, 5]], [weight("r", 0), weight("f", 0), wholes("s", 1, 4, 8, 9)], {}, 0),
    ("DepthToSpace", [[1, 8, 5, 5]], [], {"blocksize": 2}, 0),
    ("SpaceToDepth", [[1, 2, 6, 6]], [], {"blocksize": 3}, 0),
    ("GlobalMaxPool", [[1, 8, 5, 5]], [], {}, 0),
    ("LRN", [[1, 8, 5, 5]], [], {"size": 5}, 0),
    ("Softmax", [[1, 8]], [], {}, 0),
    ("Dropout", [[1, 8]], [], {}, 0),
    ("LayerNormalization", [[1, 5, 8]], [weight("s", 8), weight("b", 8)], {}, 0),
    ("InstanceNormalization", [[1, 8, 5, 5]], [weight("s", 8), weight("b", 8)], {}, 0),
    ("PRelu", [[1, 8, 5, 5]], [weight("s", 8, 1, 1)], {}, 0),
    ("OneHot", [[1, 5]], [wholes("d", 7), weight("v", 2)], {}, 0),
    ("GridSample", [[1, 4, 5, 5], [1, 7, 8, 2]], [], {}, 0),
    ("LSTM", [[6, 1, 5]], [weight("w", 2, 12, 5), weight("r", 2, 12, 3), weight("b", 2, 24)],
     {"hidden_size": 3, "direction": "bidirectional"}, 6 * 2 * 12 * 8),
    ("LSTM", [[6, 2, 5]], [weight("w", 1, 12, 5), weight("r", 1, 12, 3), weight("b", 1, 24),
                           helper.make_tensor("n", INT32, [2], [6, 4])],
     {"hidden_size": 3}, 10 * 12 * 8),
    ("GRU", [[6, 1, 5]], [weight("w", 1, 9, 5), weight("r", 1, 9, 3)], {"hidden_size": 3},
     6 * 9 * 8),
    ("RNN", [[6, 1, 5]], [weight("w", 1, 3, 5), weight("r", 1, 3, 3)], {"hidden_size": 3},
     6 * 3 * 8),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_an_operator_has_the_sizes_that_onnx_finds(case: Case, tmp_path: Path) -> None:
    op, shapes, held, attributes, macs = case
    inputs = {f"x{number}": shape for number, shape in enumerate(shapes)}
    outputs = ["y", "h"] if op == "TopK" else ["y"]
    node = helper.make_node(op, [*inputs, *(one.name for one in held)], outputs, **attributes)
    model = graph([node], inputs, held)
    (row,) = table(model, tmp_path)
    (out, *_) = inferred(model)
    assert (row.out_shape, row.macs) == (out[1:] if out[:1] == (1,) else out, macs)
    assert row.op in KINDS
    learned = sum(
        prod(one.dims) for one in held if one.data_type not in WHOLE and prod(one.dims) > 1
    )
    assert row.parameters == (0 if op in ("Resize", "OneHot") else learned)
    assert str(row.macs) in row.explain().replace(",", "")


MORE: list[tuple[str, list[list[int]], list[Any], dict[str, Any]]] = [
    ("AveragePool", [[1, 2, 7, 7]], [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("ConvTranspose", [[1, 3, 5, 5]], [weight("w", 3, 4, 3, 3)], {"strides": [2, 2]}),
    ("RoiAlign", [[1, 4, 9, 9], [6, 4]], [wholes("b", 0, 0, 0, 0, 0, 0)], {}),
    ("GatherND", [[3, 4, 5], [3, 1]], [], {}),
    ("Split", [[4, 6]], [wholes("s", 1, 3)], {}),
    ("ArgMax", [[1, 4, 5]], [], {}),
    ("BatchNormalization", [[1, 4, 5, 5]], [weight(name, 4) for name in "sbmv"], {}),
]
DEFAULTS = [*(case[:4] for case in CASES), *MORE]


@pytest.mark.parametrize("case", DEFAULTS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_an_attribute_that_is_left_out_is_the_one_that_onnx_says(
    case: tuple[str, list[list[int]], list[Any], dict[str, Any]], tmp_path: Path
) -> None:
    op, shapes, held, attributes = case
    inputs = {f"x{number}": shape for number, shape in enumerate(shapes)}
    said = onnx.defs.get_schema(op, 21).attributes
    whole = {name: helper.get_attribute_value(one.default_value)
             for name, one in said.items() if one.default_value.name} | attributes  # fmt: skip
    rows = []
    for given in (attributes, whole):
        outputs = ["y", "h"] if op in ("TopK", "Split") else ["y"]
        node = helper.make_node(op, [*inputs, *(one.name for one in held)], outputs, **given)
        rows.append(list(table(graph([node], inputs, held), tmp_path)))
    assert rows[0] == rows[1]
    assert rows[0][0].counted


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        ("LRN", [[1, 8, 5, 5]]),
        ("DepthToSpace", [[1, 8, 5, 5]]),
        ("SpaceToDepth", [[1, 2, 6, 6]]),
        ("Attention", [[1, 5, 8], [1, 7, 8], [1, 7, 8]]),
    ],
)
def test_what_cannot_be_told_without_an_attribute_is_marked(
    op: str, shapes: list[list[int]], tmp_path: Path
) -> None:
    inputs = {f"x{number}": shape for number, shape in enumerate(shapes)}
    model = graph([helper.make_node(op, [*inputs], ["y"])], inputs)
    with pytest.warns(cnnref.UncountedWarning, match=f"no rule counts {op}"):
        (row,) = table(model, tmp_path)
    assert not row.counted


def test_tensors_are_stacked_where_they_agree_on_every_other_axis(tmp_path: Path) -> None:
    for axis, other in product(range(4), range(4)):
        sizes = [1, 4, 5, 6]
        sizes[other] += 1
        node = helper.make_node("Concat", ["a", "b"], ["y"], axis=axis)
        model = graph([node], {"a": [1, 4, 5, 6], "b": sizes})
        if axis == other:
            (row,) = table(model, tmp_path)
            assert prod(row.out_shape) == 120 + prod(sizes)
        else:
            with pytest.raises(cnnref.ShapeError, match="cannot stack 1x4x5x6 on"):
                table(model, tmp_path)


def test_every_rule_gives_a_kind_that_conventions_price(tmp_path: Path) -> None:
    for op in RULES:
        node = helper.make_node(op, ["x"], ["y"])
        try:
            found = table(graph([node], {"x": [1, 4, 4, 4]}), tmp_path)
        except (cnnref.CnnrefError, cnnref.UncountedWarning):
            continue
        assert {row.op for row in found} <= set(KINDS), op


def test_a_recurrence_reads_the_states_that_it_begins_with_and_learns_its_peepholes(
    tmp_path: Path,
) -> None:
    inputs = ["x", "w", "r", "b", "", "h", "c", "p"]
    shapes = {"x": [6, 1, 5], "h": [1, 1, 3], "c": [1, 1, 3]}
    learned = {"w": (1, 12, 5), "r": (1, 12, 3), "b": (1, 24), "p": (1, 9)}
    node = helper.make_node("LSTM", inputs, ["y"], hidden_size=3)
    model = graph([node], shapes, [weight(name, *size) for name, size in learned.items()])
    (row,) = table(model, tmp_path)
    assert row.counts.elements_in == sum(map(prod, shapes.values()))
    assert row.parameters == sum(map(prod, learned.values()))


def test_attention_of_few_heads_of_keys(tmp_path: Path) -> None:
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], q_num_heads=8, kv_num_heads=2)
    shapes = {"q": [1, 5, 8 * 6], "k": [1, 7, 2 * 6], "v": [1, 7, 2 * 4]}
    (row,) = table(graph([node], shapes, opset=23), tmp_path)
    assert (row.out_shape, row.macs) == ((5, 32), 8 * 5 * 7 * (6 + 4))


@pytest.mark.parametrize("rank", [3, 4])
def test_attention_to_keys_that_are_kept(rank: int, tmp_path: Path) -> None:
    inputs = ["q", "k", "v", "", "past_k", "past_v"]
    how = {"q_num_heads": 2, "kv_num_heads": 2} if rank == 3 else {}
    node = helper.make_node("Attention", inputs, ["y", "keys", "values"], **how)
    shapes = dict.fromkeys("qkv", [1, 1, 8] if rank == 3 else [1, 2, 1, 4])
    shapes |= {name: [1, 2, 9, 4] for name in inputs[4:]}
    model = graph([node], shapes, opset=23)
    (row,) = table(model, tmp_path)
    # each of 2 heads reads 9 keys from before and its own
    assert (row.macs, row.inputs) == (2 * 10 * (4 + 4), (-1,) * 5)
    assert inferred(model) == [(1, *row.out_shape), (1, 2, 10, 4), (1, 2, 10, 4)]
    assert row.counts.elements_out == 8 + 2 * 80
    assert "160" in row.explain()


def test_an_operator_without_a_rule_is_marked_and_what_follows_too(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "first"),
        helper.make_node("Warp", ["a"], ["b"], "strange", domain="mine"),
        helper.make_node("Conv", ["b", "c.weight"], ["y"], "behind"),
    ]
    model = graph(nodes, {"x": [1, 3, 8, 8]}, [weight("c.weight", 4, 3, 3, 3)])
    with pytest.warns(
        cnnref.UncountedWarning, match="Warp in strange, Conv in c.Conv; these rows are"
    ):
        found = table(model, tmp_path)
    assert [(row.name, row.op, row.counted) for row in found] == [
        ("first", "relu", True), ("strange", "Warp", False), ("c.Conv", "Conv", False)
    ]  # fmt: skip
    with pytest.raises(cnnref.CnnrefError, match="no rule counts Warp in strange"):
        table(model, tmp_path, strict=True)
    # what the file says of the tensor between is enough for what follows
    model.graph.value_info.append(
        helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [1, 3, 6, 6])
    )
    with pytest.warns(cnnref.UncountedWarning):
        found = table(model, tmp_path)
    assert [row.counted for row in found] == [True, False, True]
    assert (found.macs, found[1].out_shape) == (4 * 16 * 27, (3, 6, 6))
    # which it does not say of another input
    with pytest.warns(cnnref.UncountedWarning, match="Warp in strange, Conv in"):
        table(model, tmp_path, (3, 9, 9))
    # a name of ONNX's in another's domain is another operator
    nodes[0].domain = "mine"
    with pytest.warns(cnnref.UncountedWarning, match="Relu in first, Warp"):
        table(graph(nodes[:2], {"x": [1, 3, 8, 8]}), tmp_path)


def test_a_slice_says_how_much_it_leaves_out_before_it(tmp_path: Path) -> None:
    node = helper.make_node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"])
    held = [wholes("starts", 1, -6), wholes("ends", 99, 99), wholes("axes", 2, 3),
            wholes("steps", 2, 2)]  # fmt: skip
    (row,) = table(graph([node], {"x": [1, 4, 6, 9]}, held), tmp_path)
    assert (row.out_shape, row.constants) == ((4, 3, 3), (("left", 3), ("top", 1)))


def test_weights_that_are_unpacked_first_count_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["q.weight", "scale"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Conv", ["a", "w"], ["y"]),
    ]
    held = [weight("q.weight", 4, 4, 1, 1, dtype=onnx.TensorProto.INT8), weight("scale", 4)]
    first, second = table(graph(nodes, {"x": [1, 4, 6, 6]}, held), tmp_path)
    assert (first.name, first.parameters) == ("q", 16)
    assert (second.name, second.counts) == ("q#2", Counts(576, 0, 0, 144, 144, 0, 0))


def test_a_layer_whose_input_is_quantized_as_it_runs_is_counted(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
        helper.make_node("MatMulInteger", ["q", "fc.weight", "zero"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["scale", "fc.scale"], ["s"]),
        helper.make_node("Mul", ["f", "s"], ["y"]),
    ]
    held = [weight("fc.weight", 6, 4, dtype=onnx.TensorProto.INT8), weight("fc.scale", 4)]
    model = graph(nodes, {"x": [1, 5, 6]}, held)
    rows = table(model, tmp_path)
    assert not rows.uncounted
    assert [row.op for row in rows if row.macs] == ["linear"]
    assert (rows.macs, rows[1].parameters) == (5 * 6 * 4, 6 * 4)
    assert inferred(model) == [(1, *rows[-1].out_shape)]


def test_outputs_that_others_read_are_alive_to_the_end(tmp_path: Path) -> None:
    node = helper.make_node
    nodes = [node(op, [x], [y]) for op, x, y in (("Tanh", "x", "a"), ("Neg", "a", "y"))]
    nodes.append(node("MaxPool", ["y"], ["z"], kernel_shape=[2, 2], strides=[2, 2]))
    read = table(graph(nodes, {"x": [1, 1, 4, 4]}, outputs=["a", "z"]), tmp_path)
    assert read.returned == (0,)
    assert read.live_activation_bytes(1) == (32, 32, 36)
