"""cnnref: what a convolutional network costs, row by row, and why.

Here is what is called, what is given to it, and what may be caught. Types that are only returned
are in `cnnref.typing`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnref.errors import (
    CnnrefError,
    DataWarning,
    ForwardError,
    MissingExtraError,
    RenamedWarning,
    ShapeError,
    UncountedWarning,
    UnknownNameError,
    brief,
)

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention, convention, conventions
    from cnnref.counting.layer import Layer
    from cnnref.counting.shapes import Counts, Shape, Window
    from cnnref.measuring.ceilings import ceilings
    from cnnref.measuring.roofline import Ceilings, roofline
    from cnnref.measuring.run import measure
    from cnnref.net import FeatureMap, Net
    from cnnref.networks.agreement import check
    from cnnref.networks.catalog import architecture, model, names, table
    from cnnref.networks.published import published
    from cnnref.sources import sweep
    from cnnref.tables.comparison import compare
    from cnnref.tables.onnx.walk import from_onnx
    from cnnref.tables.table import Table
    from cnnref.tracing.rules.operation import Operation
    from cnnref.tracing.rules.own import OpaqueRule
    from cnnref.tracing.trace import trace

    from . import testing as testing
    from . import typing as typing

__version__ = "0.1.0"

__all__ = [
    "Ceilings",
    "CnnrefError",
    "Convention",
    "Counts",
    "DataWarning",
    "FeatureMap",
    "ForwardError",
    "Layer",
    "MissingExtraError",
    "Net",
    "OpaqueRule",
    "Operation",
    "RenamedWarning",
    "Shape",
    "ShapeError",
    "Table",
    "UncountedWarning",
    "UnknownNameError",
    "Window",
    "architecture",
    "ceilings",
    "check",
    "compare",
    "convention",
    "conventions",
    "from_onnx",
    "measure",
    "model",
    "names",
    "published",
    "roofline",
    "sweep",
    "table",
    "trace",
]

# a name is loaded when it is first asked for: a trace needs no catalogue, a table no torch
_HOMES = {
    "networks.catalog": ("architecture", "model", "names", "table"),
    "networks.agreement": ("check",),
    "networks.published": ("published",),
    "tables.comparison": ("compare",),
    "tables.onnx.walk": ("from_onnx",),
    "counting.conventions": ("Convention", "convention", "conventions"),
    "counting.layer": ("Layer",),
    "counting.shapes": ("Counts", "Shape", "Window"),
    "measuring.ceilings": ("ceilings",),
    "measuring.run": ("measure",),
    "net": ("FeatureMap", "Net"),
    "measuring.roofline": ("Ceilings", "roofline"),
    "tracing.rules.operation": ("Operation",),
    "tracing.rules.own": ("OpaqueRule",),
    "tables.table": ("Table",),
    "tracing.trace": ("trace",),
    "sources": ("sweep",),
}
# what is imported by its own name, and is there without that too
_MODULES = ("testing", "typing")
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"cnnref.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'cnnref' has no attribute {name!r}")
    try:
        value = getattr(import_module(f"cnnref.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return _needs_torch(name)
    if not isinstance(value, type):
        value = brief(value)
    globals()[name] = value
    return value


def _needs_torch(name: str) -> Any:
    """What stands for a name without torch: it can be imported, and says when called what lacks."""

    def missing(*_: object, **__: object) -> Any:
        raise MissingExtraError(f"cnnref.{name}", "torch", "torch") from None

    missing.__name__ = missing.__qualname__ = name
    missing.__doc__ = f"cnnref.{name} needs torch: pip install 'cnnref[torch]'."
    return missing


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
