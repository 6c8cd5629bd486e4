"""How much of an ONNX file is read, and what its fields mean, up to each limit and past it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_files import FLOAT, INT64, graph, helper, onnx, table, weight, wholes
from test_onnx_damaged import field, net, node, refused, tensor, varint, written

import cnnref
from cnnref.tables.onnx import model
from cnnref.tables.onnx.model import Node, Tensor, plain, read
from cnnref.tables.onnx.walk import _agrees, _place

NUMBERS = {
    name: number
    for name, number in onnx.TensorProto.DataType.items()
    # what came after the version of the format that is read here
    if number <= onnx.TensorProto.FLOAT4E2M1
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_learned_are_numbers_with_a_point(name: str) -> None:
    floating = "FLOAT" in name or name == "DOUBLE"
    assert Tensor("", (2, 3), NUMBERS[name], None).floating == floating
    assert Tensor("", (2, 3), NUMBERS[name], None).elements == 6


@pytest.mark.parametrize("depth", [1, 32, 33])
def test_subgraphs_may_be_thirty_two_deep(depth: int, tmp_path: Path) -> None:
    inner = b""
    for _ in range(depth):
        body = field(5, field(1, b"body") + field(6, inner))
        inner = field(1, field(4, b"If") + field(1, b"") + field(2, b"y") + body)
    content = field(7, inner + field(12, field(1, b"y")))
    if depth > 32:
        assert "it has subgraphs more than 32 deep" in refused(tmp_path, content)
        return
    found, many = read(written(tmp_path, content)), 0
    while found.nodes:
        (one,) = found.nodes
        assert (one.op, list(one.bodies)) == ("If", ["body"])
        found, many = one.bodies["body"], many + 1
    assert many == depth


@pytest.mark.parametrize("axes", [64, 65])
def test_a_tensor_may_have_sixty_four_axes(axes: int, tmp_path: Path) -> None:
    held = net(node(b"Relu"), tensors=tensor(b"w", *[1] * axes))
    fed = field(2, field(1, field(2, b"".join(field(1, varint(1, 1)) for _ in range(axes)))))
    stated = field(7, field(1, node(b"Relu", (b"x",))) + field(11, field(1, b"x") + fed))
    if axes > 64:
        assert "the sizes of 'w' are none that a tensor can have" in refused(tmp_path, held)
        assert "a tensor has 65 axes" in refused(tmp_path, stated)
    else:
        assert read(written(tmp_path, held)).tensors["w"].sizes == (1,) * 64
        assert read(written(tmp_path, stated)).inputs["x"] == (1,) * 64


@pytest.mark.parametrize(("numbers", "known"), [(1024, True), (1025, False)])
def test_values_are_read_of_tensors_that_may_say_a_shape(
    numbers: int, known: bool, tmp_path: Path
) -> None:
    given = helper.make_tensor("t", INT64, [numbers], range(numbers))
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    (tmp_path / "a.onnx").write_bytes(graph(nodes, {"x": [1]}, [given]).SerializeToString())
    found = read(tmp_path / "a.onnx").tensors["t"].values
    assert found == (tuple(range(numbers)) if known else None)


@pytest.mark.parametrize("dtype", [0, 1, 7])
def test_values_are_those_of_the_dtype_that_is_stated(dtype: int, tmp_path: Path) -> None:
    raw = field(9, bytes([0, 0, 128, 63, 0, 0, 0, 64]))
    for more, values in (
        # two numbers of four bytes, one of eight, and none where no dtype is stated
        (raw, {0: None, 1: (1.0, 2.0), 7: None}),
        (field(7, b"\x05\x06"), {0: (5, 6), 1: None, 7: (5, 6)}),
    ):
        said = b"" if not dtype else varint(2, dtype)
        held = field(5, varint(1, 2) + said + field(8, b"w") + more)
        content = field(7, held + field(1, node(b"Relu")))
        found = read(written(tmp_path, content)).tensors["w"]
        assert (found.dtype, found.values) == (dtype, values[dtype])


def test_a_name_may_have_a_hundred_and_twenty_signs() -> None:
    assert plain("a" * 120) == "a" * 120
    assert plain("a" * 121) == "a" * 119 + "…"
    assert plain("a\tb\u200bc") == "a?b?c"


def test_a_file_as_large_as_the_format_allows_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.LARGEST_FILE == 2 * 1024**3
    content = net(node(b"Relu"))
    monkeypatch.setattr(model, "LARGEST_FILE", len(content))
    assert len(cnnref.from_onnx(written(tmp_path, content))) == 1
    monkeypatch.setattr(model, "LARGEST_FILE", len(content) - 1)
    assert "bytes, more than the 2 GiB that the format allows" in refused(tmp_path, content)


def test_an_axis_without_a_size_is_free(tmp_path: Path) -> None:
    axes = field(1, varint(1, 1)) + field(1, varint(1, 0)) + field(1, field(2, b"N"))
    axes += field(1, varint(1, 5)) + field(1, b"")
    fed = field(1, b"x") + field(2, field(1, varint(1, 1) + field(2, axes)))
    path = written(tmp_path, field(7, field(1, node(b"Relu")) + field(11, fed)))
    assert read(path).inputs == {"x": (1, None, None, 5, None)}
    with pytest.raises(cnnref.CnnrefError, match="is 1 x free x free x 5 x free: give the sizes"):
        cnnref.from_onnx(path)
    assert cnnref.from_onnx(path, (7, 6, 5, 4))[0].out_shape == (7, 6, 5, 4)
    assert cnnref.from_onnx(path, (1, 7, 6, 5, 4))[0].out_shape == (7, 6, 5, 4)


def test_only_a_first_axis_is_a_batch_that_may_be_left_free(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    for stated, shape in ((["N", 3, 4], (3, 4)), ([2, 3, 4], (2, 3, 4)), ([1, 3], (3,))):
        assert table(graph(nodes, {"x": stated}), tmp_path)[0].out_shape == shape
    with pytest.raises(cnnref.CnnrefError, match="is free x 3 x free: give the sizes"):
        table(graph(nodes, {"x": ["N", 3, "W"]}), tmp_path)


ATTRIBUTES: list[tuple[dict[str, Any], tuple[int, ...], tuple[float, ...]]] = [
    ({"value_int": 3}, (), (3,)),
    ({"value_int": -3}, (), (-3,)),
    ({"value_ints": [3, -4, 5]}, (3,), (3, -4, 5)),
    ({"value_float": 0.5}, (), (0.5,)),
    ({"value_floats": [0.5, -2.0]}, (2,), (0.5, -2.0)),
    ({"value": helper.make_tensor("t", INT64, [2, 1], [7, 8])}, (2, 1), (7, 8)),
    ({"value": helper.make_tensor("t", FLOAT, [], [1.5])}, (), (1.5,)),
]


@pytest.mark.parametrize(("how", "sizes", "values"), ATTRIBUTES)
def test_a_constant_has_the_numbers_that_stand_in_it(
    how: dict[str, Any], sizes: tuple[int, ...], values: tuple[float, ...], tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], **how),
        helper.make_node("Mul", ["x", "c"], ["y"]),
    ]
    (row,) = table(graph(nodes, {"x": [1]}), tmp_path)
    if len(values) == 1:
        assert (row.op, row.constants) == ("scale", (("factor", values[0]),))
    held = read(tmp_path / "net.onnx").nodes[0].attributes
    (found,) = held.values()
    if isinstance(found, Tensor):
        assert (found.sizes, found.values, found.named) == (sizes, values, False)
    else:
        assert found == (values if sizes else values[0])


def test_what_a_constant_brings_is_learned_by_a_product_alone(tmp_path: Path) -> None:
    made = helper.make_tensor("t", FLOAT, [3, 4], [0.5] * 12)
    nodes = [
        helper.make_node("Constant", [], ["c"], value=made),
        helper.make_node("MatMul", ["x", "c"], ["a"]),
        helper.make_node("Constant", [], ["d"], value=helper.make_tensor("d", FLOAT, [4], [1] * 4)),
        helper.make_node("Add", ["a", "d"], ["y"]),
    ]
    product, added = table(graph(nodes, {"x": [2, 3]}), tmp_path)
    assert (product.op, product.parameters, added.parameters) == ("linear", 12, 0)
    held = [weight("m", 3, 4), weight("e", 4), weight("one", 1), wholes("w", 1, 2, 3, 4)]
    nodes = [
        helper.make_node("MatMul", ["x", "m"], ["a"]),
        helper.make_node("Add", ["a", "e"], ["b"]),
        helper.make_node("Add", ["b", "one"], ["c"]),
        helper.make_node("Add", ["c", "w"], ["y"]),
    ]
    rows = table(graph(nodes, {"x": [2, 3]}, held), tmp_path)
    assert [row.parameters for row in rows] == [12, 4, 0, 0]


@pytest.mark.parametrize(("bias", "learned", "added"), [("zeros", 0, 0), ("b", 4, 8)])
def test_a_bias_of_zeros_that_an_exporter_puts_in_is_none(
    bias: str, learned: int, added: int, tmp_path: Path
) -> None:
    zeros = helper.make_tensor("t", FLOAT, [4], [0.0] * 4)
    nodes = [
        helper.make_node("Constant", [], ["zeros"], value=zeros),
        helper.make_node("Gemm", ["x", "m", bias], ["y"]),
    ]
    held = [weight("m", 3, 4), weight("b", 4)]
    (row,) = table(graph(nodes, {"x": [2, 3]}, held), tmp_path)
    assert (row.counts.biases, row.counts.bias_adds) == (learned, added)


# size, kernel, stride, dilation, and how much stands in front where the more of it stands behind
# and where it stands in front
NAMED = [
    ("Conv", 8, 3, 2, 1, 0, 1), ("Conv", 7, 3, 1, 1, 1, 1), ("Conv", 5, 4, 1, 1, 1, 2),
    ("Conv", 8, 1, 2, 1, 0, 0), ("Conv", 9, 2, 3, 1, 0, 0), ("Conv", 7, 3, 1, 2, 2, 2),
    ("ConvTranspose", 5, 4, 1, 1, 1, 2), ("ConvTranspose", 5, 2, 4, 1, 0, 0),
    ("ConvTranspose", 5, 3, 2, 1, 0, 1), ("ConvTranspose", 5, 3, 1, 2, 2, 2),
]  # fmt: skip


@pytest.mark.parametrize(("op", "size", "kernel", "stride", "dilation", "upper", "lower"), NAMED)
def test_padding_that_is_named_stands_in_front_by_the_less_or_the_more(
    op: str,
    size: int,
    kernel: int,
    stride: int,
    dilation: int,
    upper: int,
    lower: int,
    tmp_path: Path,
) -> None:
    for name, front in (("SAME_UPPER", upper), ("SAME_LOWER", lower), ("VALID", 0)):
        how = {"auto_pad": name, "strides": [stride], "dilations": [dilation]}
        made = helper.make_node(op, ["x", "w"], ["y"], **how)
        (row,) = table(graph([made], {"x": [1, 1, size]}, [weight("w", 1, 1, kernel)]), tmp_path)
        assert row.window is not None
        assert row.window[:4] == ((kernel,), (stride,), (front,), (dilation,))


@pytest.mark.parametrize(
    ("op", "name", "scopes", "path"),
    [
        ("Conv", "/layer1/layer1.0/conv1/Conv", (), "layer1.0.conv1"),
        ("Conv", "/layer1/layer1.0/layer1.0.conv/Conv", (), "layer1.0.conv"),
        ("Conv", "/layer1/layer10/Conv", (), "layer1.layer10"),
        ("Relu", "/a/b/Relu_3", (), "a.b"),
        ("Relu", "/a/b/act", (), "a.b.act"),
        ("Conv", "/Conv", (), ""),
        ("Conv", "conv", (), ""),
        ("Conv", "", (), ""),
        ("Relu", "/a/Relu", ("", "body.0", "relu"), "body.0"),
        ("Relu", "/a/Relu", ("", "relu"), ""),
        ("Relu", "/a/Relu", ("relu",), "a"),
    ],
)
def test_a_row_stands_in_the_module_that_its_exporter_says(
    op: str, name: str, scopes: tuple[str, ...], path: str
) -> None:
    assert _place(Node(op, "", name, (), (), {}, scopes, {})) == path


@pytest.mark.parametrize(
    ("sizes", "stated", "agree"),
    [
        ((1, 3, 8), (1, 3, 8), True),
        ((1, 3, 8), (None, 3, None), True),
        ((1, 3, 8), None, True),
        ((1, 3, 8), (1, 3, 9), False),
        ((1, 3, 8), (2, None, None), False),
        ((1, 3, 8), (1, 3), False),
        ((1, 3), (1, 3, None), False),
        ((), (), True),
    ],
)
def test_sizes_are_those_of_the_file_where_it_leaves_them_free_or_has_the_same(
    sizes: tuple[int, ...], stated: tuple[int | None, ...] | None, agree: bool
) -> None:
    assert _agrees(sizes, stated) == agree
