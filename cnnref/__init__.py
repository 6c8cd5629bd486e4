"""cnnref: what a convolutional network costs, row by row, and why."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnnref.errors import CnnrefError, MissingExtraError, ShapeError, UnknownNameError

if TYPE_CHECKING:
    from cnnref.architecture import Architecture
    from cnnref.catalog import architecture, model, names, table
    from cnnref.check import Agreement, agreement
    from cnnref.cited import Figure, published
    from cnnref.collapse import Collapsed, Repeat
    from cnnref.compare import Difference, compare
    from cnnref.contrast import Comparison
    from cnnref.conventions import Convention, convention, conventions
    from cnnref.groups import Groups
    from cnnref.layer import Counts, Geometry, Layer, Shape
    from cnnref.measurement import Machine, Measurement
    from cnnref.measuring.ceilings import ceilings
    from cnnref.measuring.run import measure
    from cnnref.net import FeatureMap, Net
    from cnnref.padding import padding_macs
    from cnnref.rooflines import Ceilings, Roofline, roofline
    from cnnref.rules.operation import Operation
    from cnnref.rules.own import Opaque
    from cnnref.sweeping import Point, Sweep
    from cnnref.table import Table
    from cnnref.tracing import UncountedWarning, trace
    from cnnref.varying import sweep

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "Architecture",
    "Ceilings",
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
    "Machine",
    "Measurement",
    "MissingExtraError",
    "Net",
    "Opaque",
    "Operation",
    "Point",
    "Repeat",
    "Roofline",
    "Shape",
    "ShapeError",
    "Sweep",
    "Table",
    "UncountedWarning",
    "UnknownNameError",
    "agreement",
    "architecture",
    "ceilings",
    "compare",
    "convention",
    "conventions",
    "measure",
    "model",
    "names",
    "padding_macs",
    "published",
    "roofline",
    "sweep",
    "table",
    "trace",
]

# a name is loaded when it is first asked for: a trace needs no catalogue, a table no torch
_HOMES = {
    "architecture": ("Architecture",),
    "catalog": ("architecture", "model", "names", "table"),
    "check": ("Agreement", "agreement"),
    "cited": ("Figure", "published"),
    "collapse": ("Collapsed", "Repeat"),
    "compare": ("Difference", "compare"),
    "contrast": ("Comparison",),
    "conventions": ("Convention", "convention", "conventions"),
    "groups": ("Groups",),
    "layer": ("Counts", "Geometry", "Layer", "Shape"),
    "measurement": ("Machine", "Measurement"),
    "measuring.ceilings": ("ceilings",),
    "measuring.run": ("measure",),
    "net": ("FeatureMap", "Net"),
    "padding": ("padding_macs",),
    "rooflines": ("Ceilings", "Roofline", "roofline"),
    "rules.operation": ("Operation",),
    "rules.own": ("Opaque",),
    "sweeping": ("Point", "Sweep"),
    "table": ("Table",),
    "tracing": ("UncountedWarning", "trace"),
    "varying": ("sweep",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


class _Package(ModuleType):
    """Some functions have the names of the files they are in: the function is what is public."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cnnref' has no attribute {name!r}")
    try:
        value = getattr(import_module(f"cnnref.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(f"cnnref.{name}", "torch", "torch") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
