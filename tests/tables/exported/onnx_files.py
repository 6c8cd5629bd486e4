"""ONNX files that tests make with the onnx package, from operators or from modules."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

import cnnref

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
helper = onnx.helper
BOOL, FLOAT, INT64 = onnx.TensorProto.BOOL, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64

__all__ = [
    "BOOL", "FLOAT", "INT64", "exported", "graph", "inferred", "onnx", "small", "table", "weight",
    "wholes",
]  # fmt: skip


def weight(name: str, *sizes: int, dtype: int = FLOAT) -> Any:
    """An initializer of those sizes whose numbers are not in the file."""
    tensor = onnx.TensorProto()
    tensor.name, tensor.data_type = name, dtype
    tensor.dims.extend(sizes)
    return tensor


def wholes(name: str, *numbers: int) -> Any:
    return helper.make_tensor(name, INT64, [len(numbers)], numbers)


def graph(
    nodes: Iterable[Any],
    inputs: Mapping[str, Any],
    held: Iterable[Any] = (),
    opset: int = 21,
    outputs: Iterable[str] | None = None,
) -> Any:
    """A model of those operators; its outputs are those of the last one unless said."""
    nodes = list(nodes)
    fed = [helper.make_tensor_value_info(n, FLOAT, s) for n, s in inputs.items()]
    named = nodes[-1].output if outputs is None else outputs
    made = [helper.make_empty_tensor_value_info(name) for name in named]
    found = helper.make_graph(nodes, "g", fed, made, list(held))
    return helper.make_model(found, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def inferred(model: Any) -> list[tuple[int, ...]]:
    """The sizes of the outputs as ONNX finds them."""
    whole = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    axes = [value.type.tensor_type.shape.dim for value in whole.graph.output]
    return [tuple(axis.dim_value for axis in each) for each in axes]


def small() -> Any:
    """What docs/examples/small.onnx is: five operators, with the weights' sizes alone."""
    node = helper.make_node
    return graph(
        [
            node("Conv", ["image", "stem.weight", "stem.bias"], ["a"], "stem", kernel_shape=[3, 3]),
            node("Relu", ["a"], ["b"], "act"),
            node("GlobalAveragePool", ["b"], ["c"], "pool"),
            node("Flatten", ["c"], ["d"], "flat"),
            node("Gemm", ["d", "head.weight", "head.bias"], ["e"], "head", transB=1),
        ],
        {"image": ["N", 3, 32, 32]},
        [
            weight("stem.weight", 8, 3, 3, 3),
            weight("stem.bias", 8),
            weight("head.weight", 10, 8),
            weight("head.bias", 10),
        ],
    )


def table(model: Any, folder: Path, *given: Any, **how: Any) -> cnnref.Table:
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return cnnref.from_onnx(path, *given, **how)


def exported(module: Any, given: Any, path: Path, legacy: bool = False) -> Path:
    """The file that PyTorch's exporter writes, without the weights beside it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if legacy:
            how = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
            torch.onnx.export(module, given, path, dynamo=False, **how)
            return path
        # unoptimised: a batch norm that is folded into a convolution has no row of its own
        program = torch.onnx.export(module, given, dynamo=True, verbose=False, optimize=False)
        program.save(path, external_data=True)
    path.with_name(f"{path.name}.data").unlink()
    return path
