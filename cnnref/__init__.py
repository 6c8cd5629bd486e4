"""cnnref: what a convolutional network costs, row by row, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnref.architecture import Architecture
from cnnref.catalog import architecture, model, names, table
from cnnref.compare import Difference, compare
from cnnref.conventions import Convention, convention, conventions
from cnnref.errors import CnnrefError, MissingExtraError, ShapeError, UnknownNameError
from cnnref.layer import Counts, Geometry, Layer, Shape
from cnnref.net import FeatureMap, Net
from cnnref.table import Table

if TYPE_CHECKING:
    from cnnref.check import Agreement, agreement
    from cnnref.cited import Figure, published
    from cnnref.collapse import Collapsed, Repeat
    from cnnref.contrast import Comparison
    from cnnref.groups import Groups
    from cnnref.padding import padding_macs
    from cnnref.rules.operation import Operation
    from cnnref.rules.own import Opaque
    from cnnref.sweeping import Point, Sweep
    from cnnref.tracing import UncountedWarning, trace
    from cnnref.varying import sweep

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "Architecture",
    "CnnrefError",
    "Collapsed",
    "Comparison",
    "Convention",
    "Counts",
    "Difference",
    "FeatureMap",
    "Figure",
    "Geometry",
    "Groups",
    "Layer",
    "MissingExtraError",
    "Net",
    "Opaque",
    "Operation",
    "Point",
    "Repeat",
    "Shape",
    "ShapeError",
    "Sweep",
    "Table",
    "UncountedWarning",
    "UnknownNameError",
    "agreement",
    "architecture",
    "compare",
    "convention",
    "conventions",
    "model",
    "names",
    "padding_macs",
    "published",
    "sweep",
    "table",
    "trace",
]

# what needs torch, and what few ask for, is loaded when it is first asked for
_LAZY = {
    "Agreement": "cnnref.check",
    "Collapsed": "cnnref.collapse",
    "Comparison": "cnnref.contrast",
    "Figure": "cnnref.cited",
    "padding_macs": "cnnref.padding",
    "Groups": "cnnref.groups",
    "Opaque": "cnnref.rules.own",
    "Operation": "cnnref.rules.operation",
    "Point": "cnnref.sweeping",
    "Repeat": "cnnref.collapse",
    "Sweep": "cnnref.sweeping",
    "published": "cnnref.cited",
    "agreement": "cnnref.check",
    "sweep": "cnnref.varying",
    "UncountedWarning": "cnnref.tracing",
    "trace": "cnnref.tracing",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'cnnref' has no attribute {name!r}")
    from importlib import import_module

    try:
        value = getattr(import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(f"cnnref.{name}", "torch", "torch") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
