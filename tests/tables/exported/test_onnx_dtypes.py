"""Values of tensors in an ONNX file, in each dtype and form, against what ONNX reads there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnref.tables.onnx.model import read

DTYPES = [
    "FLOAT", "UINT8", "INT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT16", "DOUBLE", "UINT32",
    "UINT64",
]  # fmt: skip


def values(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Numbers that differ in their sign, in their first and in their last byte, where they can."""
    if dtype.kind == "b":
        return np.array([True, False, True])
    if dtype.kind == "f":
        return np.array([-1.5, 0.25, 1000], dtype)
    limits = np.iinfo(dtype)
    # the largest is what an int64 holds, since a size is no larger
    return np.array([limits.min, 3, min(limits.max, 2**63 - 1)], dtype)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("raw", [True, False])
def test_values_of_every_dtype_are_those_that_onnx_reads(
    name: str, raw: bool, tmp_path: Path
) -> None:
    number = getattr(TensorProto, name)
    given = values(helper.tensor_dtype_to_np_dtype(number))
    said = given.tobytes() if raw else given.tolist()
    tensor = helper.make_tensor("t", number, [len(given)], said, raw=raw)
    out = helper.make_tensor_value_info("y", number, [len(given)])
    body = helper.make_graph([helper.make_node("Identity", ["t"], ["y"])], "g", [], [out], [tensor])
    onnx.save(helper.make_model(body), tmp_path / "a.onnx")
    found = read(tmp_path / "a.onnx").tensors["t"]
    assert found.values == tuple(numpy_helper.to_array(tensor).tolist())
