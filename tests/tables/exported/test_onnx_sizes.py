"""Sizes that an ONNX file computes: they make no rows, and say what others give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_files import FLOAT, INT64, graph, helper, onnx, table, weight, wholes


def enlarged(factor: float, size: int, **stated: list[Any]) -> Any:
    """An interpolation by a factor, and a convolution of what it makes."""
    nodes = [
        helper.make_node("Resize", ["x", "", "f"], ["y"]),
        helper.make_node("Conv", ["y", "c.weight"], ["z"]),
    ]
    held = [helper.make_tensor("f", FLOAT, [4], [1, 1, factor, factor])]
    model = graph(nodes, {"x": ["N", 2, size, size]}, [*held, weight("c.weight", 3, 2, 1, 1)])
    for name, sizes in stated.items():
        model.graph.value_info.append(helper.make_tensor_value_info(name, FLOAT, sizes))
    return model


@pytest.mark.parametrize(("size", "factor", "out"), [(10, 0.7, 7), (20, 1.3, 26), (15, 0.5, 7)])
def test_a_size_is_scaled_in_32_bits(size: int, factor: float, out: int, tmp_path: Path) -> None:
    resized, conv = table(enlarged(factor, size), tmp_path)
    assert (resized.out_shape, conv.macs) == ((2, out, out), out**2 * 6)


def test_a_scaled_size_is_what_the_file_states_of_it(tmp_path: Path) -> None:
    # PyTorch multiplies by the factor of 64 bits: 229, where one of 32 bits gives 230
    assert table(enlarged(2.3, 100), tmp_path)[0].out_shape == (2, 230, 230)
    model = enlarged(2.3, 100, y=["N", 2, 229, "W"])
    assert table(model, tmp_path)[0].out_shape == (2, 229, 230)
    # of another input than that of the file it states nothing
    assert table(model, tmp_path, (2, 10, 10))[0].out_shape == (2, 23, 23)


def test_sizes_that_are_computed_are_scaled_in_32_bits(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Cast", ["s"], ["a"], to=FLOAT),
        helper.make_node("Mul", ["a", "f"], ["b"]),
        helper.make_node("Floor", ["b"], ["c"]),
        helper.make_node("Cast", ["c"], ["d"], to=INT64),
        helper.make_node("Resize", ["x", "", "", "d"], ["y"]),
    ]
    held = [helper.make_tensor("f", FLOAT, [4], [1, 1, 1.3, 0.7])]
    assert table(graph(nodes, {"x": [1, 2, 10, 10]}, held), tmp_path)[-1].out_shape == (2, 13, 7)


def test_arithmetic_of_sizes_makes_no_rows(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "two"], ["h"]),
        helper.make_node("Mul", ["h", "two"], ["twice"]),
        helper.make_node("Concat", ["one", "minus", "twice"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"], "shaped"),
    ]
    held = [wholes("two", 2), wholes("one", 1), wholes("minus", -1)]
    (row,) = table(graph(nodes, {"x": [1, 4, 6, 9]}, held), tmp_path)
    assert (row.op, row.out_shape) == ("reshape", (18, 12))


def test_a_size_is_divided_towards_zero(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "three"], ["w"]),
        helper.make_node("Div", ["w", "minus"], ["start"]),
        helper.make_node("Slice", ["x", "start", "end", "three"], ["y"]),
    ]
    held = [wholes("three", 3), wholes("minus", -2), wholes("end", 99)]
    (row,) = table(graph(nodes, {"x": [1, 4, 6, 9]}, held), tmp_path)
    assert (row.op, row.out_shape) == ("slice", (4, 6, 4))


@pytest.mark.parametrize("cast", ["Cast", "CastLike"])
def test_a_size_that_is_cast_is_divided_as_a_float(cast: str, tmp_path: Path) -> None:
    like, how = (["half"], {}) if cast == "CastLike" else ([], {"to": FLOAT})
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["seven"]),
        helper.make_node(cast, ["seven", *like], ["a"], **how),
        helper.make_node(cast, ["two", *like], ["b"], **how),
        helper.make_node("Div", ["a", "b"], ["c"]),
        helper.make_node("Ceil", ["c"], ["four"]),
        helper.make_node("Floor", ["c"], ["three"]),
        # what is rounded stays a float
        helper.make_node("Div", ["three", "b"], ["d"]),
        helper.make_node("Ceil", ["d"], ["e"]),
        helper.make_node("Concat", ["four", "e"], ["f"], axis=0),
        helper.make_node("Cast", ["f"], ["times"], to=INT64),
        helper.make_node("Tile", ["x", "times"], ["y"]),
    ]
    held = [wholes("zero", 0), wholes("two", 2), helper.make_tensor("half", FLOAT, [1], [0.5])]
    (row,) = table(graph(nodes, {"x": [7, 5]}, held), tmp_path)
    assert row.out_shape == (4 * 7, 2 * 5)


def test_halves_that_a_file_writes_as_bits_say_a_size(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["h"], ["s"], to=INT64),
        helper.make_node("Reshape", ["x", "s"], ["y"]),
    ]
    halves = helper.make_tensor("h", onnx.TensorProto.FLOAT16, [3], [2.0, 3.0, 4.0])
    assert halves.int32_data
    *_, row = table(graph(nodes, {"x": [24]}, [halves]), tmp_path)
    assert row.out_shape == (2, 3, 4)


DTYPES = onnx.TensorProto.DataType
WHOLE = ["UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "UINT32", "UINT64"]


@pytest.mark.parametrize("name", [*WHOLE, "FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16"])
def test_seven_halves_are_three_in_whole_numbers(name: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["seven"], ["a"], to=DTYPES.Value(name)),
        helper.make_node("Cast", ["two"], ["b"], to=DTYPES.Value(name)),
        helper.make_node("Div", ["a", "b"], ["c"]),
        helper.make_node("Cast", ["c"], ["d"], to=FLOAT),
        helper.make_node("Mul", ["d", "double"], ["e"]),
        helper.make_node("Cast", ["e"], ["size"], to=INT64),
        helper.make_node("Expand", ["x", "size"], ["y"]),
    ]
    held = [wholes("seven", 7), wholes("two", 2), helper.make_tensor("double", FLOAT, [1], [2.0])]
    (row,) = table(graph(nodes, {"x": [1]}, held), tmp_path)
    assert row.out_shape == ((6,) if name in WHOLE else (7,))


@pytest.mark.parametrize(
    ("operator", "held", "stated", "sizes"),
    [
        # a mean and a variance for each of the channels, running on
        ("BatchNormalization", "sbmv", {"training_mode": 1}, [(2, 4, 5, 6), (4,), (4,)]),
        # and of an older version those of the batch, too
        ("BatchNormalization", "sbmv", {}, [(2, 4, 5, 6), (4,), (4,), (4,), (4,)]),
        ("LayerNormalization", "s", {}, [(2, 4, 5, 6), (2, 4, 5, 1), (2, 4, 5, 1)]),
        ("LayerNormalization", "s", {"axis": 2}, [(2, 4, 5, 6), (2, 4, 1, 1), (2, 4, 1, 1)]),
        ("LayerNormalization", "s", {"axis": 1}, [(2, 4, 5, 6), (2, 1, 1, 1)]),
    ],
)
def test_statistics_of_a_norm_have_the_sizes_that_onnx_gives_them(
    operator: str,
    held: str,
    stated: dict[str, int],
    sizes: list[tuple[int, ...]],
    tmp_path: Path,
) -> None:
    outs = [f"y{number}" for number in range(len(sizes))]
    size = 4 if operator == "BatchNormalization" else (4 * 5 * 6 if stated.get("axis") == 1 else 6)
    nodes = [helper.make_node(operator, ["x", *held], outs, **stated)]
    nodes += [helper.make_node("Relu", [out], [f"z{out}"], f"after.{out}") for out in outs]
    model = graph(nodes, {"x": [2, 4, 5, 6]}, [weight(name, size) for name in held])
    assert [row.out_shape for row in table(model, tmp_path)[1:]] == sizes
