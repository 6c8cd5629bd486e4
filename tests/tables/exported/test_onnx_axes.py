"""Operators of ONNX along each of their axes: the sizes are those that ONNX infers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_files import graph, helper, inferred, table, weight, wholes

# the sizes and tensors that an operator reads, the axes that it takes, and what else it is told
ALONG: list[tuple[str, list[Any], range, dict[str, Any]]] = [
    ("Concat", [[2, 3, 4]] * 3, range(-3, 3), {}),
    ("Flatten", [[2, 3, 4]], range(-3, 4), {}),
    ("Split", [[2, 4, 6]], range(-3, 3), {"num_outputs": 2}),
    ("Gather", [[2, 3, 4], wholes("i", 1, 0)], range(-3, 3), {}),
    ("GatherElements", [[3, 4], [2, 4]], range(1), {}),
    ("OneHot", [[2, 3, 4], wholes("d", 7), weight("v", 2)], range(-4, 4), {}),
    ("TopK", [[5, 6, 7], wholes("k", 3)], range(-3, 3), {}),
    ("ArgMax", [[2, 3, 4]], range(-3, 3), {"keepdims": 0}),
    ("ArgMin", [[2, 3, 4]], range(-3, 3), {"keepdims": 1}),
    ("Softmax", [[2, 3, 4]], range(-3, 3), {}),
]
AXES = [(op, given, axis, how) for op, given, axes, how in ALONG for axis in axes]
LISTED = [("ReduceMean", kept, axes) for kept in (0, 1) for axes in ([0], [-1], [0, 2], [1, -2])]
LISTED += [("Unsqueeze", None, axes) for axes in ([0], [3], [-1], [0, -1], [-2, 1])]
LISTED += [("Squeeze", None, axes) for axes in ([1], [-2])]


def agrees(model: Any, folder: Path) -> bool:
    """Whether the first row has the sizes that ONNX infers, but for a batch of one."""
    out, *_ = inferred(model)
    return table(model, folder)[0].out_shape == (out[1:] if out[:1] == (1,) else out)


@pytest.mark.parametrize(("op", "given", "axis", "how"), AXES)
def test_sizes_along_one_axis(
    op: str, given: list[Any], axis: int, how: dict[str, Any], tmp_path: Path
) -> None:
    fed = {f"x{number}": one for number, one in enumerate(given) if isinstance(one, list)}
    held = [one for one in given if not isinstance(one, list)]
    outputs = ["y", "h"] if op in ("TopK", "Split") else ["y"]
    node = helper.make_node(op, [*fed, *(one.name for one in held)], outputs, axis=axis, **how)
    assert agrees(graph([node], fed, held), tmp_path)


@pytest.mark.parametrize(("op", "kept", "axes"), LISTED)
def test_sizes_along_several_axes(
    op: str, kept: int | None, axes: list[int], tmp_path: Path
) -> None:
    how = {} if kept is None else {"keepdims": kept}
    node = helper.make_node(op, ["x", "axes"], ["y"], **how)
    shape = [2, 1, 4] if op == "Squeeze" else [2, 3, 4]
    assert agrees(graph([node], {"x": shape}, [wholes("axes", *axes)]), tmp_path)


@pytest.mark.parametrize(("start", "end"), [(0, 4), (1, 3), (-2, 4), (1, -1), (0, 9), (2, None)])
def test_a_part_of_a_shape_as_a_size(start: int, end: int | None, tmp_path: Path) -> None:
    how = {"start": start} | ({} if end is None else {"end": end})
    nodes = [
        helper.make_node("Shape", ["x"], ["s"], **how),
        helper.make_node("Expand", ["one", "s"], ["y"]),
    ]
    model = graph(nodes, {"x": [2, 3, 4, 5], "one": [1]}, outputs=["y"])
    assert table(model, tmp_path)[-1].out_shape == (2, 3, 4, 5)[start:end] == inferred(model)[0]
