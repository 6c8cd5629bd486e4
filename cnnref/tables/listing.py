"""Rows of layers as a grid, whole or in part, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnref.counting.conventions import Convention
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import COUNTS, Call, Counts, Shape, Window
from cnnref.counting.units import grouped
from cnnref.errors import CnnrefError
from cnnref.tables.columns import COLUMNS, LEAST, UNKNOWN, chosen, multiplies_weights
from cnnref.tables.formats import Grid
from cnnref.tables.printable import View
from cnnref.tables.quantities import Row, Whole
from cnnref.tables.rows import BY_SHAPES, Ran

if TYPE_CHECKING:
    from cnnref.tables.table import Table

__all__ = [
    "completeness",
    "document",
    "named",
    "notes",
    "record",
    "restored",
    "rows_grid",
    "table_grid",
]

# of the JSON of tables; it changes where what a name in it means does
SCHEMA = 1
PRICED = ("parameters", "operations", "stored_bytes")
# fields of a row that are objects of their own in JSON, or shapes
NESTED = {"window", "counts", "formulas", "call", "in_shapes", "out_shape"}
# columns whose values are of the dtype and the batch
SIZED = {
    "bytes", "peak", "training", "moved_bytes", "intensity", "parameter_bytes",
    *(f"training_{optimizer}" for optimizer in ("sgd", "momentum", "adam")),
}  # fmt: skip
# what a terminal shows in place of a column of a convention; nothing where another has it
TERSE = {"input": "", "kernel": "window", "stride": "", "padding": "", "groups": ""}
WINDOW_KEY = "window: kernel/stride, p padding, d dilation, g groups, ceil rounds up"
# a terminal folds the text of these columns where it is too narrow, to no less than this
FOLDS = (("op", 10), ("output", 16), ("layer", 12))


def table_grid(table: Table, view: View) -> Grid:
    """The rows of a table that a convention lists, with its columns or with others."""
    whole = Whole(table.whole, view)
    keys = chosen(view.columns, view.convention.columns)
    return rows_grid(table, whole, whole.listed(table), keys)


def rows_grid(table: Table, whole: Whole, rows: list[Row], keys: list[str]) -> Grid:
    """Rows that stand for a table, with totals of it and, where it is a part, of all."""
    view = whole.view
    if view.terse:
        keys = [TERSE.get(key, key) if key in view.convention.columns else key for key in keys]
        keys = list(filter(None, keys))
    shown = [COLUMNS[key] for key in keys]
    layers = [row.layer for row in rows]
    return Grid(
        heads=[column.header.format(unit=view.convention.unit) for column in shown],
        aligns="".join(column.align for column in shown),
        kinds=[column.kind for column in shown],
        cells=[[column.printed(row) for column in shown] for row in rows],
        exact=[] if view.terse else [[column.exact(row) for column in shown] for row in rows],
        totals=_totals(table, whole, keys),
        notes=notes(table, whole, keys),
        marks=[_mark(layer) for layer in layers],
        ids=["-".join(f"{table.name}-{layer.name}".split()) for layer in layers],
        legend=WINDOW_KEY if "window" in keys else "",
        folds=[(keys.index(key), least) for key, least in FOLDS if key in keys],
        paths=keys[0] == "layer",
        keys=keys,
    )


def _totals(table: Table, whole: Whole, keys: list[str]) -> list[list[str]]:
    parts = {"Total": whole.listed(table)}
    if len(table) < len(table.whole):
        parts = {"Shown": parts["Total"], "All": whole.listed(table.whole)}
    totals = [
        [label, *(COLUMNS[key].sum(some) for key in keys[1:])] for label, some in parts.items()
    ]
    # a first column that has a total has no room for a label
    if COLUMNS[keys[0]].total:
        for total, some in zip(totals, parts.values(), strict=True):
            total[0] = COLUMNS[keys[0]].sum(some)
    return totals


def _mark(layer: Layer) -> str:
    if not layer.counted:
        return "uncounted"
    return "" if layer.macs or layer.parameters or layer.count("estimate") else "free"


def notes(table: Table, whole: Whole, keys: Sequence[str]) -> list[str]:
    """The caption of a table, then what its totals leave out."""
    entry = whole.convention
    part = f"{len(table)} of its {len(table.whole)} rows, " if len(table) < len(table.whole) else ""
    lines = [
        f"{table.name}, {part}input {table.input_shape}; convention {entry.name}: {entry.title}"
        f"{_mac_price(entry)}"
    ]
    if table.uncounted:
        lines.append(
            f"No rule counts {_ops(table.uncounted)}, marked {UNKNOWN}; "
            f"totals with {LEAST.strip()} leave them out"
        )
    if table.estimated:
        lines.append(_estimated(table, entry))
    hidden = [layer for layer in table if layer.parameters and not entry.lists(layer)]
    if hidden:
        names = ", ".join(dict.fromkeys(layer.op for layer in hidden))
        lost = grouped(sum(layer.parameters for layer in hidden))
        lines.append(f"Rows of {names} are not listed; their {lost} parameters are in no total")
    if more := table.unregistered_parameters:
        lines.append(
            f"{grouped(more)} more learned numbers are used, which are none of the module's "
            "parameters()"
        )
    if table.ran != BY_SHAPES:
        lines.append(table.doubt or str(table.ran).capitalize())
    if more := table.backward.macs:
        lines.append(f"Of these, {grouped(more)} MACs are of the backward pass")
    if table.unused and len(table) == len(table.whole):
        lines.append(_unused(table))
    return [*lines, *_column_notes(table, whole, keys)]


def _unused(table: Table) -> str:
    """What the module has and no row uses, as a count of parameters would have it too."""
    names = dict.fromkeys(name.partition(".")[0] for name, _ in table.unused)
    shown = [*names][:3]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    lost = grouped(sum(size for _, size in table.unused))
    return f"{lost} more parameters, of {', '.join(shown)}{more}, are not used by this call"


def _estimated(table: Table, entry: Convention) -> str:
    """What of the work is a textbook's leading term, and whether totals have it."""
    lost = grouped(sum(layer.count("estimate") for layer in table.estimated))
    counted = any("estimate" in entry.priced(layer) for layer in table.estimated)
    where = "which the totals have" if counted else "which the convention estimates counts"
    return f"An estimate is all there is of {_ops(table.estimated)}: {lost} MACs, {where}"


def _ops(layers: Sequence[Layer]) -> str:
    ops = [layer.op for layer in layers]
    return ", ".join(f"{op} ({_rows(ops.count(op))})" for op in dict.fromkeys(ops))


def _rows(number: int) -> str:
    return f"{number} row" + "s" * (number != 1)


def _mac_price(entry: Convention) -> str:
    """What a multiply-add of a convolution costs, where the unit does not say it."""
    price = entry.prices.get("conv", {}).get("macs", 0)
    if entry.unit == "MAC" or not price:
        return ""
    return f", {price} {entry.unit}{'s' if price > 1 else ''} for a multiply-add"


def _column_notes(table: Table, whole: Whole, keys: Sequence[str]) -> list[str]:
    notes, view = [], whole.view
    if SIZED & set(keys):
        plain = isinstance(view.dtype, int)
        dtype = f"{view.dtype}-byte" if plain else str(view.dtype).removeprefix("torch.")
        plural = "images" if view.batch_size > 1 else "image"
        notes.append(f"Bytes are of {dtype} elements, for {view.batch_size} {plural}")
    if {"sparsity", "nonzero_macs"} & set(keys):
        learned = [layer for layer in table if multiplies_weights(layer)]
        names = [layer.name for layer in learned if not layer.count("weights_read")]
        if names:
            notes.append(
                f"Zeros are not known of {', '.join(names[:3])}{' and more' * (len(names) > 3)}: "
                "a trace counts them with sparsity, of weights that have values"
            )
    if {"field", "jump"} & set(keys):
        blind = [whole.table[n] for n in table.numbers if whole.fields[n] is None]
        if blind:
            notes.append(
                f"Receptive fields are not known from {blind[0].name} on: no rule says which "
                f"positions of its input {blind[0].op} sees"
            )
    return notes


def document(table: Table, view: View) -> dict[str, Any]:
    """All rows with their raw counts and edges, and the totals of the listed ones, for JSON."""
    whole, entry = Whole(table.whole, view), view.convention
    keys = chosen(view.columns, entry.columns) if view.columns else []
    rows = [record(whole.rows[number], keys) for number in table.numbers]
    known = [row for row in rows if row["listed"]]
    return {
        "schema": SCHEMA,
        **named(table, entry),
        "rows": rows,
        "totals": {key: sum(row[key] or 0 for row in known) for key in PRICED}
        | {key: sum(row["counts"][key] for row in known) for key in COUNTS},
        **completeness(table),
        "unused": dict(table.unused),
        **({} if table.ran == BY_SHAPES else {"ran": table.ran._asdict()}),
        **({"returned": table.returned} if table.returned else {}),
    }


def restored(document: Any) -> tuple[list[Layer], dict[str, Any]]:
    """The rows of the table whose JSON this is, and what else it is made of.

    Raises:
        CnnrefError: it is not; where it is nearly, the message says what is wrong.
    """
    if not isinstance(document, dict) or not {"schema", "rows", "input_shape"} <= set(document):
        raise CnnrefError("it is not the JSON of a table")
    if document["schema"] != SCHEMA:
        raise CnnrefError(f"it has schema {document['schema']!r}, and this code reads {SCHEMA}")
    try:
        rows = [_layer(row) for row in document["rows"]]
        numbers = [row["row"] for row in document["rows"]]
        rest: dict[str, Any] = {"name": str(document["name"])}
        rest["input_shape"] = Shape(document["input_shape"])
        rest["unused"] = tuple(document["unused"].items())
        rest["ran"] = Ran(**document.get("ran", {}))
        rest["returned"] = tuple(document.get("returned", ()))
    except (AttributeError, KeyError, TypeError) as error:
        raise CnnrefError(f"something in it is not as cnnref writes it ({error})") from None
    if numbers != list(range(len(rows))):
        raise CnnrefError("it holds a part of a table, without the rows that feed it")
    return rows, rest


def _layer(row: Mapping[str, Any]) -> Layer:
    told = {name: _tuples(row[name]) for name in Layer._fields if name not in NESTED}
    shapes = {
        "in_shapes": tuple(map(Shape, row["in_shapes"])),
        "out_shape": Shape(row["out_shape"]),
    }
    window, call = row["window"], row.get("call")
    if not all(type(count) is int and count >= 0 for count in row["counts"].values()):
        raise TypeError(f"counts of {row['name']}")
    nested = {
        "window": window and Window(**{key: _tuples(part) for key, part in window.items()}),
        "counts": Counts(**row["counts"]),
        "formulas": tuple((key, _tuples(sums)) for key, sums in row.get("formulas", {}).items()),
        "call": call and Call(**{**call, "counts": tuple(call["counts"].items())}),
    }
    return Layer(**told | shapes | nested)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def completeness(table: Table) -> dict[str, Any]:
    """What the totals of a JSON document leave out."""
    return {
        "complete": not (table.uncounted or table.estimated),
        "uncounted": [layer.name for layer in table.uncounted],
        "estimated": [layer.name for layer in table.estimated],
        "unregistered_parameters": table.unregistered_parameters,
        "unused_parameters": sum(size for _, size in table.unused),
    }


def named(table: Table, entry: Convention) -> dict[str, Any]:
    """What every JSON document of a table begins with."""
    told = {key: getattr(entry, key) for key in ("name", "title", "unit", "source")}
    return {"name": table.name, "input_shape": table.input_shape, "convention": told}


def record(row: Row, keys: Sequence[str] = ()) -> dict[str, Any]:
    """A row with its raw counts and edges, its prices, and the exact values of columns."""
    layer, entry = row.layer, row.whole.convention
    values = layer.parameters, entry.operations(layer), entry.stored_bytes(layer)
    prices = dict(zip(PRICED, values if layer.counted else (values[0], None, None), strict=True))
    window = layer.window and layer.window._asdict()
    told = {key: value for key, value in layer._asdict().items() if key not in ("formulas", "call")}
    nested = {"window": window, "counts": layer.counts._asdict(), "listed": entry.lists(layer)}
    more: dict[str, Any] = {}
    if layer.formulas:
        more["formulas"] = dict(layer.formulas)
    if layer.call:
        more["call"] = layer.call._asdict() | {"counts": dict(layer.call.counts)}
    if keys:
        more["columns"] = {key: COLUMNS[key].exact(row) for key in keys}
    return {"row": row.number, **told, **nested, **prices, **more}
