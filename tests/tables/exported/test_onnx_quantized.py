"""Operators of whole numbers count what the plain ones count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_files import graph, helper, table, weight

from cnnref.errors import ShapeError

IMAGE, VECTOR = {"x": [2, 6, 9, 9]}, {"x": [2, 6]}
HOW = {"kernel_shape": [3, 2], "strides": [2, 1], "group": 2}
HELD = [
    *(weight(name) for name in ("x_scale", "x_zero", "w_scale", "w_zero", "y_scale", "y_zero")),
    weight("bias", 4),
]
CONV, PRODUCT = weight("w", 4, 3, 3, 2), weight("w", 6, 5)
SCALED = ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero"]


@pytest.mark.parametrize(("op", "names", "plain", "fed", "held", "how"), [
    ("ConvInteger", ["x", "w", "x_zero", "w_zero"], ["x", "w"], IMAGE, CONV, HOW),
    ("ConvInteger", ["x", "w"], ["x", "w"], IMAGE, CONV, HOW),
    ("QLinearConv", SCALED, ["x", "w"], IMAGE, CONV, HOW),
    ("QLinearConv", [*SCALED, "bias"], ["x", "w", "bias"], IMAGE, CONV, HOW),
    ("MatMulInteger", ["x", "w", "x_zero", "w_zero"], ["x", "w"], VECTOR, PRODUCT, {}),
    ("QLinearMatMul", SCALED, ["x", "w"], VECTOR, PRODUCT, {}),
])  # fmt: skip
def test_an_operator_of_whole_numbers_counts_what_the_plain_one_does(
    op: str, names: list[str], plain: list[str], fed: Any, held: Any, how: Any, tmp_path: Path
) -> None:
    kind = "Conv" if "Conv" in op else "MatMul"
    rows = []
    for sign, given in ((op, names), (kind, plain)):
        used = [one for one in (held, *HELD) if one.name in given]
        node = helper.make_node(sign, given, ["y"], "node", **how)
        (row,) = table(graph([node], fed, used), tmp_path)
        rows.append(row)
    assert rows[0].counts == rows[1].counts
    assert rows[0].macs > 0
    assert rows[0].counts.biases == (4 if "bias" in names else 0)
    assert (rows[0].op, rows[0].window) == (rows[1].op, rows[1].window)
    assert (rows[0].in_shape, rows[0].out_shape) == (rows[1].in_shape, rows[1].out_shape)


def test_what_does_not_fit_says_the_sizes_that_it_was_given(tmp_path: Path) -> None:
    node = helper.make_node("ConvInteger", ["x", "w"], ["y"], "node")
    model = graph([node], IMAGE, [weight("w", 4, 5, 3, 3)])
    with pytest.raises(
        ShapeError, match=r"^net: node \(ConvInteger\).*\(input 2 x 6 x 9 x 9, 4 x 5"
    ):
        table(model, tmp_path)
