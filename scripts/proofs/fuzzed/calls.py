"""Random calls of the public functions: a right answer, or a sentence."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st

import cnnref
from cnnref.net import Net
from cnnref.testing import assert_budget

__all__ = ["Call", "call_fault", "calls"]

# what is given in place of anything
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3, -1, 7, 2**31, 2**63, 10**400, 1.5, 0.0, math.nan, math.inf, "",
    "macs", "alexnet", "lecture", "conv1", "a\x1b\u202e\n", "畳", b"x", (), (1,), (1, 2), (3, 8, 8),
    (0, 1), (3, 2**62, 4), [], [5], {}, {"a": 1}, object(), int, print, Path("missing"), "float16",
    ["layer", "macs"], "stage", "5G", -5, range(3), {1, 2}, (1, 2, 3, 4), ("a", "b"),
)  # fmt: skip
TABLE = cnnref.table("alexnet")
MODULE = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
LAYERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "conv": {
        "filters": (4, 8),
        "kernel": (1, 3, (1, 3)),
        "stride": (1, 2),
        "padding": (0, 1),
        "dilation": (1, 2),
        "groups": (1, 2),
        "bias": (True, False),
        "name": (None, "a"),
    },
    "max_pool": {
        "kernel": (2, 3),
        "stride": (None, 2),
        "padding": (0, 1),
        "ceil_mode": (True, False),
    },
    "avg_pool": {"kernel": (2, 3), "stride": (None, 2), "padding": (0, 1)},
    "adaptive_avg_pool": {"size": (1, (2, 3))},
    "linear": {"features": (5,), "bias": (True, False)},
    "batch_norm": {"affine": (True, False), "eps": (1e-5,)},
    "relu": {},
    "flatten": {},
    "prelu": {},
    "add": {},
    "concat": {},
    "lrn": {"window": (5,)},
    "dropout": {"p": (0.5,)},
    "pad_channels": {"before": (0, 2), "after": (1,)},
    "split": {"parts": (1, 2)},
    "shuffle": {"groups": (1, 2)},
    "mean": {},
    "permute": {"order": ((1, 2, 0), (2, 1, 0))},
    "layer_scale": {},
}
VIEWS = {
    "convention": ("macs", "lecture", "torch"),
    "columns": (None, ["layer", "macs"], ["+field"]),
    "dtype": ("float32", "float16", 2),
    "batch_size": (1, 8),
}
OF_TABLE: dict[str, dict[str, tuple[Any, ...]]] = {
    **{
        f"to_{name}": VIEWS
        for name in ("text", "csv", "html", "latex", "markdown", "json", "frame")
    },
    "operations": {"convention": ("macs", "lecture")},
    "top": {"n": (1, 5), "by": ("macs",)},
    "sorted": {"by": ("macs", "layer")},
    "group": {"by": ("stage", "op"), "depth": (None,)},
    "peak_activation_bytes": {"bytes_per_element": (4, "float16")},
    "training_bytes": {"optimizer": ("adam",), "batch_size": (2,), "bytes_per_element": (4,)},
    "arithmetic_intensity": {"bytes_per_element": (4,), "batch_size": (2,)},
    "listed": {"convention": ("macs",)},
    "collapse": {},
    "receptive_fields": {},
    "__getitem__": {"key": (0, "c", slice(1))},
}
FUNCTIONS: dict[str, dict[str, tuple[Any, ...]]] = {
    "table": {
        "name": ("alexnet", "vgg11"),
        "input_size": (64, (65, 80), None),
        "num_classes": (10,),
    },
    "architecture": {"name": ("alexnet",)},
    "published": {"name": ("alexnet",)},
    "convention": {"name": ("macs", "lecture")},
    "compare": {"a": (TABLE,), "b": (TABLE, TABLE[:9])},
    "sweep": {"what": ("alexnet",), "input_size": ([64, 96],), "batch_size": ([1, 2],)},
    "trace": {"module": (MODULE, torch.nn.Identity()), "input_shape": ((3, 8, 8),)},
    "roofline": {"what": (TABLE,), "ceilings": (cnnref.Ceilings("float32", 10**9, 10**9),)},
    "assert_budget": {"what": (TABLE,), "macs": ("5G", 10**9)},
    "from_dict": {"entries": ({"base": "macs"},)},
    "Net": {"input_shape": ((3, 8, 8),), "name": ("n",)},
}
# what Python itself says of an argument that a function does not have, or of no row
PLAIN = (cnnref.CnnrefError, IndexError)


class Call(NamedTuple):
    """A function by its name, of a net, of a table or of the package, and what it is given."""

    of: str
    name: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={str(value)[:60]!r}" for name, value in self.arguments.items())
        return f"{self.of}.{self.name}({given})"


def calls() -> st.SearchStrategy[Call]:
    """Calls of which some arguments fit and others are anything."""
    known = [
        (of, name, options)
        for of, functions in (("net", LAYERS), ("table", OF_TABLE), ("cnnref", FUNCTIONS))
        for name, options in functions.items()
    ]
    return st.sampled_from(known).flatmap(
        lambda one: st.builds(Call, *map(st.just, one[:2]), _given(one[2]))
    )


def _given(options: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    odd = st.one_of(st.sampled_from(ODD), st.integers(), st.floats(), st.text(max_size=8))
    values = {
        name: st.one_of(*[st.sampled_from(fitting)] * 2 * bool(fitting), odd)
        for name, fitting in options.items()
    }
    return st.fixed_dictionaries(values)


def call_fault(call: Call) -> str:
    """What a call did that none may do; nothing where it answered or said why it does not."""
    try:
        answer = _function(call)(**call.arguments)
    except PLAIN as error:
        text = str(error)
        whole = len(text) > 15 and (text[-1] in ".?" or isinstance(error, IndexError))
        return "" if whole else f"no sentence: {text!r}"
    except AssertionError as error:
        return "" if call.name == "assert_budget" else f"it raised {error!r}"
    except BaseException as error:
        return f"it raised {error!r}"
    return _sound(answer)


def _function(call: Call) -> Callable[..., Any]:
    net = Net((4, 9, 9), name="n")
    x = net.conv(net.input, 4, 3, name="c")
    if call.of == "net":
        method = getattr(net, call.name)
        maps = (x, net.relu(x)) if call.name in ("add", "concat") else (x,)
        return lambda **given: (method(*maps, **given), net.table().to_json())[1]
    if call.of == "table":
        return getattr(net.table(), call.name)  # type: ignore[no-any-return]
    if call.name == "assert_budget":
        return assert_budget
    if call.name == "from_dict":
        return cnnref.Convention.from_dict
    return getattr(cnnref, call.name)  # type: ignore[no-any-return]


def _sound(answer: object) -> str:
    """Whether an answer can be copied, shown and read back."""
    if isinstance(answer, str) and answer.startswith("{"):
        json.loads(answer, parse_constant=_no_number)
    if isinstance(answer, cnnref.Table):
        if not (copy.deepcopy(answer) == answer == pickle.loads(pickle.dumps(answer))):
            return "its copy is another"
        json.loads(answer.to_json(), parse_constant=_no_number)
    if isinstance(answer, os.PathLike):
        return "it is a path"
    return "" if repr(answer) else "it shows nothing"


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
