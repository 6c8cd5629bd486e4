"""Operators of one map that compute each number by itself, as ONNX lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx_files import graph, helper, inferred, onnx, table

from cnnref.tables.onnx.walk import RULES

FED = {"x": [2, 6, 8, 4]}
# of the sizes alone there is no row
OF_SIZES = {"Shape", "Size"}


def alone(op: str) -> bool:
    """Whether an operator needs one map of numbers, and no attribute, and keeps its sizes."""
    if not onnx.defs.has(op) or op in OF_SIZES:
        return False
    schema = onnx.defs.get_schema(op)
    single = onnx.defs.OpSchema.FormalParameterOption.Single
    needed = [one for one in schema.inputs if one.option == single]
    if len(needed) != 1 or any(one.required for one in schema.attributes.values()):
        return False
    try:
        return inferred(graph([helper.make_node(op, ["x"], ["y"])], FED)) == [tuple(FED["x"])]
    except onnx.shape_inference.InferenceError:
        return False


POINTWISE = [op for op in RULES if alone(op)]


def test_there_are_many() -> None:
    assert len(POINTWISE) > 40


@pytest.mark.parametrize("op", POINTWISE)
def test_a_function_of_each_number_has_a_row_of_its_size_and_no_products(
    op: str, tmp_path: Path
) -> None:
    found = table(graph([helper.make_node(op, ["x"], ["y"], "node")], FED), tmp_path)
    if op not in ("Identity", "Cast"):
        (row,) = found
        assert (row.name, row.counted) == ("node", True)
        assert row.in_shape == row.out_shape == tuple(FED["x"])
        assert row.counts.elements_out == 2 * 6 * 8 * 4
    assert (found.macs, found.parameters) == (0, 0)
