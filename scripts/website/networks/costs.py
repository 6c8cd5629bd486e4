"""What a network's page says of its costs: bars by stage and layer, totals, published figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cnnref.counting.conventions import CONVENTIONS
from cnnref.counting.units import MIB, grouped, ratio, rounded, scaled
from cnnref.drawing.labels import shape
from cnnref.networks.published import Published, published
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, Quantity
from cnnref.tables.table import Table
from website import citations as confirm
from website.markup import (
    Cell,
    Html,
    Line,
    cell,
    code,
    element,
    exact,
    fold,
    joined,
    line,
    link,
    number,
    region,
    secondary,
    table,
)
from website.networks.layer_tree import field_text, fields, place, shown_at
from website.tables import in_full
from website.theme.tables import second_columns

__all__ = ["conventions", "errors", "held_against", "layer_bars", "memory", "stage_bars"]

# how sure a figure is that nobody saw in its source
DOUBTS = {"approximate-chart-reading": "approximate", "from-memory": "from memory"}
# what published figures are of
PUBLISHED = {
    "params": "parameters",
    "macs": "multiply-accumulates",
    "flops": "operations, one for each MAC",
    "layers": "layers with weights",
    "input": "input size",
    "year": "year",
    "top1_err": "top-1 error",
    "top5_err": "top-5 error",
    "top1_acc": "top-1 accuracy",
    "top5_acc": "top-5 accuracy",
    "file_mb": "file of weights",
}


class Measure(NamedTuple):
    """A cost of some rows, under the lecture's convention where it has one."""

    quantity: Quantity

    @property
    def title(self) -> str:
        """What it is called in a table's head."""
        return self.quantity.noun

    def value(self, part: Table) -> int:
        """What some rows have of it."""
        return int(self.quantity.of(part, View.of("lecture")))

    def text(self, value: int) -> str:
        """It with a prefix; parameters, which the head names, without their unit."""
        if self.quantity.unit == "bytes":
            return f"{rounded(value, MIB, 2)} MB"
        text = scaled(value, self.quantity.unit)
        return text.removesuffix(QUANTITIES["parameters"].unit).strip()


MEASURES = tuple(Measure(QUANTITIES[key]) for key in ("stored_bytes", "parameters", "macs"))


def stage_bars(book: Table) -> str:
    """What each stage costs, as bars with their numbers, and what its last row sees."""
    seen = dict(zip((layer.name for layer in book), fields(book), strict=False))
    lines = []
    for name, part in book.group("stage").items():
        field = seen.get(part[-1].name)
        sees = [field_text(field), f"{field.jump[0]}"] if field else ["–", "–"]
        title = link(name or "all rows", f"#{place(book, name, 'stage')}")
        lines.append((title, [shape(part[-1].out_shape)], part, sees))
    return _bars(book, "stage", ["output"], ["sees (pixels)", "step (pixels)"], lines)


def layer_bars(book: Table) -> str:
    """What each row costs that the lecture would list, as bars with their numbers."""
    lines = []
    listed = {layer.name for layer in book.listed("lecture")}
    for row, layer in enumerate(book):
        if layer.name not in listed:
            continue
        alone = Table([layer], name=book.name, input_shape=book.input_shape)
        title = link(layer.name, f"#{shown_at(book, row)}")
        lines.append((title, [shape(layer.out_shape)], alone, list[str]()))
    return _bars(book, "layer", ["output"], [], lines)


def _bars(
    book: Table,
    corner: str,
    before: Sequence[str],
    behind: Sequence[str],
    lines: Iterable[tuple[Html, Sequence[str], Table, Sequence[str]]],
) -> str:
    found = list(lines)
    heads = [corner, *before, *(measure.title for measure in MEASURES), *behind]
    most = [max(measure.value(part) for *_, part, _ in found) for measure in MEASURES]
    body = []
    for title, start, part, end in found:
        bars = [
            _bar(measure, measure.value(part), measure.value(book), largest)
            for measure, largest in zip(MEASURES, most, strict=True)
        ]
        body.append(line(title, [*start, *bars, *map(number, end)]))
    sums = [(measure, measure.value(book)) for measure in MEASURES]
    totals = [number(exact(value, measure.text(value))) for measure, value in sums]
    foot = line("total", [*[""] * len(before), *totals, *[""] * len(behind)])
    return _table(f"{book.name}, costs by {corner}", heads, body, [foot], "bars")


def _bar(measure: Measure, value: int, total: int, largest: int) -> Cell:
    share = element("small", _percent(value, total))
    length = ratio(value, largest, 3) if largest else "0"
    shown = joined([exact(value, measure.text(value)), " ", share])
    return cell(shown, "num bar", style=f"--share:{length}")


def _percent(value: int, total: int) -> str:
    text = ratio(100 * value, total, 0) if total else "0"
    return "<1%" if value and text == "0" else f"{text}%"


def conventions(book: Table) -> str:
    """The operations of a network under each convention, exact."""
    body = [
        line(code(name), [number(grouped(book.operations(name))), f"{entry.unit}s", entry.title])
        for name, entry in CONVENTIONS.items()
    ]
    heads = ["convention", "total", "unit", "whose count"]
    return _table(f"{book.name} under each convention", heads, body)


def memory(book: Table) -> str:
    """Memory by what is meant with it, for one image in float32."""
    activations = book.mac_activations
    lines = {
        "outputs of convolutions and fully-connected layers (activations)": 4 * activations,
        "outputs as the lecture counts them": book.stored_bytes("lecture"),
        "most at one time at inference": book.peak_activation_bytes(),
        "kept for the backward pass in training": book.training_activation_bytes(),
        "parameters": 4 * book.parameters,
    }
    body = [
        line(what, [number(grouped(value)), number(rounded(value, MIB, 1))])
        for what, value in lines.items()
    ]
    return _table(f"{book.name}, memory", ["meaning", "bytes", "MiB"], body, kind="longnames")


def held_against(name: str) -> str:
    """The published figures that a table can answer, beside what it says; "" without any."""
    found = [confirm.confirm(figure) for figure in published(name) if confirm.comparable(figure)]
    body = [_held(entry) for entry in found]
    heads = ["quantity", "printed", "computed", "verdict", "source"]
    return _table(f"{name}, published and computed", heads, body, kind="prose held") if body else ""


def _held(entry: confirm.Confirmation) -> Line:
    figure = entry.figure
    verdict = "agrees" if entry.agrees else f"differs: {entry.reason}"
    mark = "agrees" if entry.agrees else "differs"
    cells = (_printed(figure), _computed(entry), cell(verdict, mark), figure.source.citation)
    return line(PUBLISHED[figure.quantity], cells)


def _computed(entry: confirm.Confirmation) -> str:
    # a year is no quantity
    return str(entry.computed) if entry.figure.unit == "year" else grouped(entry.computed)


def errors(name: str) -> str:
    """Errors and accuracies as published, by source and protocol; "" without any."""
    found: dict[str, dict[str, list[str]]] = {}
    for figure in published(name):
        if not confirm.comparable(figure):
            told = f"{PUBLISHED[figure.quantity]} {_printed(figure)}"
            by = found.setdefault(figure.source.citation, {})
            by.setdefault(figure.note, []).append(told)
    items = (
        element("li", element("cite", source), element("ul", *map(_protocol, by, by.values())))
        for source, by in found.items()
    )
    return element("ul", *items, class_="cited") if found else ""


def _protocol(note: str, told: Sequence[str]) -> Html:
    return element("li", element("strong", ", ".join(told)), f": {in_full(note)}")


def _printed(figure: Published) -> str:
    text = str(figure.value)
    text = grouped(int(text)) if figure.unit == "count" and text.isdecimal() else text
    unit = {"%": "%", "count": "", "year": ""}.get(figure.unit, f" {figure.unit}")
    doubt = DOUBTS.get(figure.certainty, "")
    return f"{text}{unit}{doubt and f' ({doubt})'}"


def _table(
    label: str,
    heads: Sequence[str],
    body: Sequence[Line],
    foot: Sequence[Line] = (),
    kind: str = "plain",
) -> Html:
    figures = {"total", "bytes", "MiB", *(measure.title for measure in MEASURES)}
    titles = [number(title) if title in figures or "pixels" in title else title for title in heads]
    second = second_columns(heads)
    rows, sums = (
        [row._replace(cells=secondary(row.cells, second)) for row in part] for part in (body, foot)
    )
    shown = region(label, table(secondary(titles, second), rows, sums, kind=kind))
    return joined([fold(len(second)), shown]) if second else shown
