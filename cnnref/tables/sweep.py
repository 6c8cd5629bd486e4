"""The points of a sweep, in every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from cnnref.counting.units import grouped
from cnnref.errors import briefly
from cnnref.tables.columns import LEAST, UNKNOWN, chosen
from cnnref.tables.printable import Printed, View
from cnnref.tables.quantities import QUANTITIES, Quantity
from cnnref.tables.table import Table

if TYPE_CHECKING:
    from cnnref.tables.formats import Grid

__all__ = ["MEASURES", "Sweep", "SweepPoint", "plain"]


class SweepPoint(NamedTuple):
    """One setting of a sweep, and the table that it gives.

    settings: what was varied, and its value here.
    table: the rows, for one image.
    batch_size: images in a batch.

    >>> import cnnref
    >>> point = cnnref.sweep("alexnet", input_size=[128, 224])[0]
    >>> dict(point.settings), point.batch_size
    ({'input_size': 128}, 1)
    """

    settings: Mapping[str, Any]
    table: Table
    batch_size: int


# keys of quantities, and those that are shown unless columns are chosen
MEASURES = (
    "parameters", "operations", "macs", "activations", "peak", "training", "intensity",
)  # fmt: skip
SHOWN = ("parameters", "operations", "peak", "training")
HEADERS = {name: name.replace("_", " ") for name in ("input_size", "batch_size", "num_classes")}


@briefly
class Sweep(Printed, Sequence[SweepPoint]):
    """The points of a sweep; prints a row for each, with counts for its whole batch.

    >>> import cnnref
    >>> points = cnnref.sweep("alexnet", input_size=[128, 224])
    >>> [point.table.macs for point in points]
    [254835392, 714188480]
    """

    def __init__(self, name: str, points: Iterable[SweepPoint]) -> None:
        self.name = name
        self._points = tuple(points)

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, key: int) -> SweepPoint: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[SweepPoint, ...]: ...

    def __getitem__(self, key: int | slice) -> SweepPoint | tuple[SweepPoint, ...]:
        return self._points[key]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sweep):
            return NotImplemented
        return (self.name, self._points) == (other.name, other._points)

    def __hash__(self) -> int:
        # settings may be anything that is varied
        return hash((self.name, tuple(point.table for point in self)))

    def __repr__(self) -> str:
        lacking = ", some rows uncounted" if any(p.table.uncounted for p in self) else ""
        return (
            f"<Sweep {self.name}: {len(self)} points over {', '.join(self[0].settings)}{lacking}>"
        )

    def _seen(self, view: View) -> Grid:
        """A row for each point: what was varied, then its measures, keys of MEASURES.

        batch_size: for points whose sweep did not vary it.
        """
        from cnnref.tables.formats import Grid, with_uncounted

        entry = view.convention
        keys = chosen(view.columns, SHOWN, MEASURES, "column of sweeps")
        shown = [QUANTITIES[key] for key in keys]
        varied = list(self[0].settings)
        points = [
            point if "batch_size" in varied else point._replace(batch_size=view.batch_size)
            for point in self
        ]
        exact = [[_measured(one, point, view) for one in shown] for point in points]
        printed = [
            [_printed(one, value, point) for one, value in zip(shown, values, strict=True)]
            for point, values in zip(points, exact, strict=True)
        ]
        settings = [list(map(plain, point.settings.values())) for point in points]
        heads = [one.header.format(unit=entry.unit) for one in shown]
        grid = Grid(
            heads=[*(HEADERS.get(name, name) for name in varied), *heads],
            aligns="r" * (len(varied) + len(keys)),
            kinds=[*(_kind(column) for column in zip(*settings, strict=True))]
            + ["float" if one.digits else "whole" for one in shown],
            cells=[
                [*map(str, given), *cells] for given, cells in zip(settings, printed, strict=True)
            ],
            exact=[[*given, *values] for given, values in zip(settings, exact, strict=True)],
            totals=[],
            notes=self._notes(points, view),
            marks=["uncounted" if point.table.uncounted else "" for point in points],
            keys=[*varied, *keys],
        )
        return (
            grid if view.terse else with_uncounted(grid, [len(p.table.uncounted) for p in points])
        )

    def _notes(self, points: Sequence[SweepPoint], view: View) -> list[str]:
        entry, dtype = view.convention, view.dtype
        shapes = dict.fromkeys(str(point.table.input_shape) for point in points)
        shape = f"input {next(iter(shapes))}" if len(shapes) == 1 else f"{len(shapes)} input shapes"
        word = f"{dtype}-byte" if isinstance(dtype, int) else str(dtype).removeprefix("torch.")
        batch = {point.batch_size for point in points}
        each = "one image" if batch == {1} else "the whole batch"
        notes = [
            f"{self.name}, {shape}; convention {entry.name}: {entry.title}",
            f"Operations and bytes are for {each}, bytes of {word} elements, without parameters",
        ]
        if any(point.table.uncounted for point in points):
            notes.append(f"Some rows are not counted; totals with {LEAST.strip()} leave them out")
        return notes

    def _document(self, view: View) -> dict[str, Any]:
        """The points with their settings and all measures, as JSON."""
        entry = view.convention
        points = [
            {
                "settings": {key: plain(value) for key, value in point.settings.items()},
                "input_shape": point.table.input_shape,
                "batch_size": point.batch_size,
                **{key: _measured(QUANTITIES[key], point, view) for key in MEASURES},
                "complete": not point.table.uncounted,
            }
            for point in self
        ]
        told = {key: getattr(entry, key) for key in ("name", "title", "unit", "source")}
        return {"name": self.name, "convention": told, "points": points}


def plain(value: Any) -> Any:
    """A setting as a cell: numbers as they are, a size as HxW, anything else as text."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _kind(cells: Sequence[Any]) -> str:
    types = {type(cell) for cell in cells}
    return "whole" if types == {int} else "float" if types <= {int, float} else "text"


def _measured(quantity: Quantity, point: SweepPoint, view: View) -> Any:
    """What the whole batch of a point has."""
    return quantity.of(point.table, view._replace(batch_size=point.batch_size))


def _printed(quantity: Quantity, value: Any, point: SweepPoint) -> str:
    if point.table.uncounted and quantity.counted:
        return UNKNOWN if quantity.digits else LEAST + grouped(value)
    return f"{value:,.{quantity.digits}f}" if quantity.digits else grouped(value)
