"""The types that functions and methods of cnnref return and nobody makes: for annotations.

>>> import cnnref
>>> from cnnref.typing import Sweep
>>> def cheapest(points: Sweep) -> int:
...     return min(point.table.macs for point in points)
>>> cheapest(cnnref.sweep("alexnet", input_size=[128, 224]))
254835392
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnref.drawing import Drawing
    from cnnref.measuring.record import LayerTime, Machine, Measurement, Quartiles
    from cnnref.measuring.roofline import Allowed, Roofline
    from cnnref.networks.agreement import Agreement
    from cnnref.networks.architecture import Architecture
    from cnnref.networks.published import Figures, Published, Source, Value
    from cnnref.tables.analysis import ReceptiveField
    from cnnref.tables.by_convention import ByConvention, CountedKind
    from cnnref.tables.comparison import Comparison, Difference
    from cnnref.tables.groups import Groups
    from cnnref.tables.repeats import Repeat, Repeats
    from cnnref.tables.rows import Ran
    from cnnref.tables.sweep import Sweep, SweepPoint

__all__ = [
    "Agreement",
    "Allowed",
    "Architecture",
    "ByConvention",
    "Comparison",
    "CountedKind",
    "Difference",
    "Drawing",
    "Figures",
    "Groups",
    "LayerTime",
    "Machine",
    "Measurement",
    "Published",
    "Quartiles",
    "Ran",
    "ReceptiveField",
    "Repeat",
    "Repeats",
    "Roofline",
    "Source",
    "Sweep",
    "SweepPoint",
    "Value",
]

_HOMES = {
    "drawing": ("Drawing",),
    "measuring.record": ("LayerTime", "Machine", "Measurement", "Quartiles"),
    "measuring.roofline": ("Allowed", "Roofline"),
    "networks.agreement": ("Agreement",),
    "networks.architecture": ("Architecture",),
    "networks.published": ("Figures", "Published", "Source", "Value"),
    "tables.analysis": ("ReceptiveField",),
    "tables.by_convention": ("ByConvention", "CountedKind"),
    "tables.comparison": ("Comparison", "Difference"),
    "tables.groups": ("Groups",),
    "tables.repeats": ("Repeat", "Repeats"),
    "tables.rows": ("Ran",),
    "tables.sweep": ("Sweep", "SweepPoint"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cnnref.typing' has no attribute {name!r}")
    value = getattr(import_module(f"cnnref.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
