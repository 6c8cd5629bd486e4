"""What exporters compute sizes with: each operator of constants against ONNX's own evaluator."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_files import BOOL, FLOAT, INT64, graph, helper, table, wholes

reference = pytest.importorskip("onnx.reference", reason="what evaluates a file")
NODE = helper.make_node


def compared(sign: str) -> list[Any]:
    return [NODE(sign, ["a", "b"], ["c"]), NODE("Where", ["c", "a", "b"], ["y"])]


def joined(word: str) -> list[Any]:
    return [
        NODE("Less", ["a", "b"], ["c"]),
        NODE("Greater", ["a", "zero"], ["d"]),
        NODE(word, ["c", "d"], ["e"]),
        NODE("Where", ["e", "a", "b"], ["y"]),
    ]


def rounded(word: str) -> list[Any]:
    return [
        NODE("Cast", ["a"], ["f"], to=FLOAT),
        NODE("Div", ["f", "half"], ["g"]),
        NODE("Mul", ["g", "quarter"], ["h"]),
        NODE(word, ["h"], ["i"]),
        NODE("Cast", ["i"], ["y"], to=INT64),
    ]


def total(word: str) -> list[Any]:
    return [NODE(word, ["a"], ["c"], keepdims=1), NODE("Add", ["c", "b"], ["y"])]


ARITHMETIC: dict[str, list[Any]] = {
    **{word: [NODE(word, ["a", "b"], ["y"])] for word in ("Add", "Sub", "Mul", "Max", "Min")},
    **{word: [NODE(word, ["a"], ["y"])] for word in ("Neg", "Abs", "Relu")},
    **{
        sign: compared(sign)
        for sign in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
    },
    **{word: joined(word) for word in ("And", "Or")},
    **{word: rounded(word) for word in ("Floor", "Ceil")},
    **{word: total(word) for word in ("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin")},
    "Mod": [NODE("Mod", ["a", "positive"], ["y"])],
    "Div": [NODE("Div", ["a", "positive"], ["c"]), NODE("Div", ["c", "negative"], ["y"])],
    "Not": [
        NODE("Less", ["a", "b"], ["c"]),
        NODE("Not", ["c"], ["d"]),
        NODE("Where", ["d", "a", "b"], ["y"]),
    ],
    "Range": [
        NODE("Range", ["first", "last", "step"], ["c"]),
        NODE("Mul", ["c", "a"], ["y"]),
    ],
    "Expand": [NODE("Expand", ["step", "three"], ["c"]), NODE("Mul", ["c", "a"], ["y"])],
    "Expand of several": [
        NODE("Expand", ["b", "three"], ["c"]),
        NODE("Add", ["c", "a"], ["y"]),
    ],
    "Cast to truth values": [
        NODE("Cast", ["a"], ["c"], to=BOOL),
        NODE("Cast", ["b"], ["d"], to=BOOL),
        NODE("And", ["c", "d"], ["e"]),
        NODE("Cast", ["e"], ["y"], to=INT64),
    ],
    "one for all": [NODE("Sub", ["a", "step"], ["c"]), NODE("Sub", ["step", "c"], ["y"])],
}


@pytest.mark.parametrize("word", ARITHMETIC)
def test_numbers_that_are_computed_are_those_of_onnx(word: str, tmp_path: Path) -> None:
    """They are made sizes of two and more, which a row shows."""
    dice = random.Random(word)
    nodes = [
        *ARITHMETIC[word],
        NODE("Abs", ["y"], ["large"]),
        NODE("Add", ["large", "two"], ["sizes"]),
        NODE("Expand", ["x", "sizes"], ["z"], "last"),
    ]
    for _ in range(12):
        a, b = ([dice.randrange(-7, 8) for _ in range(3)] for _ in range(2))
        b[0] = dice.choice([a[0], b[0]])
        step = dice.choice([2, 3])
        held = [
            wholes("a", *a),
            wholes("b", *b),
            wholes("positive", *(dice.randrange(1, 6) for _ in range(3))),
            wholes("negative", *(dice.randrange(-3, 0) for _ in range(3))),
            *(wholes(name, value) for name, value in (("zero", 0), ("two", 2), ("three", 3))),
            *(
                helper.make_tensor(name, INT64, [], [value])
                for name, value in (("first", -1), ("last", 3 * step - 1), ("step", step))
            ),
            helper.make_tensor("half", FLOAT, [1], [2.0]),
            helper.make_tensor("quarter", FLOAT, [1], [0.7]),
        ]
        model = graph(nodes, {"x": [1, 1, 1]}, held)
        evaluated = reference.ReferenceEvaluator(model)
        (made,) = evaluated.run(None, {"x": np.zeros((1, 1, 1), np.float32)})
        (row,) = table(model, tmp_path)
        assert tuple(row.out_shape) == made.shape
