"""cnnref: what a convolutional network costs, row by row, and why."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnref.errors import CnnrefError, MissingExtraError, ShapeError, UnknownNameError

if TYPE_CHECKING:
    from cnnref.counting.conventions import Convention, convention, conventions
    from cnnref.counting.layer import Layer, padding_macs
    from cnnref.counting.shapes import Counts, Geometry, Shape
    from cnnref.measuring.ceilings import ceilings
    from cnnref.measuring.record import Machine, Measurement
    from cnnref.measuring.roofline import Ceilings, Roofline, roofline
    from cnnref.measuring.run import measure
    from cnnref.net import FeatureMap, Net
    from cnnref.networks.agreement import Agreement, agreement
    from cnnref.networks.architecture import Architecture
    from cnnref.networks.catalog import architecture, model, names, table
    from cnnref.networks.published import Figure, published
    from cnnref.sources import sweep
    from cnnref.tables.comparison import Comparison, Difference, compare
    from cnnref.tables.groups import Groups
    from cnnref.tables.repeats import Collapsed, Repeat
    from cnnref.tables.sweep import Point, Sweep
    from cnnref.tables.table import Table
    from cnnref.tracing.rules.operation import Operation
    from cnnref.tracing.rules.own import Opaque
    from cnnref.tracing.trace import UncountedWarning, trace

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
    "networks.architecture": ("Architecture",),
    "networks.catalog": ("architecture", "model", "names", "table"),
    "networks.agreement": ("Agreement", "agreement"),
    "networks.published": ("Figure", "published"),
    "tables.repeats": ("Collapsed", "Repeat"),
    "tables.comparison": ("Comparison", "Difference", "compare"),
    "counting.conventions": ("Convention", "convention", "conventions"),
    "tables.groups": ("Groups",),
    "counting.layer": ("Layer", "padding_macs"),
    "counting.shapes": ("Counts", "Geometry", "Shape"),
    "measuring.record": ("Machine", "Measurement"),
    "measuring.ceilings": ("ceilings",),
    "measuring.run": ("measure",),
    "net": ("FeatureMap", "Net"),
    "measuring.roofline": ("Ceilings", "Roofline", "roofline"),
    "tracing.rules.operation": ("Operation",),
    "tracing.rules.own": ("Opaque",),
    "tables.sweep": ("Point", "Sweep"),
    "tables.table": ("Table",),
    "tracing.trace": ("UncountedWarning", "trace"),
    "sources": ("sweep",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


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
