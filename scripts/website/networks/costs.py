"""What a network's page says of its costs: bars by stage and layer, totals, published figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

from cnnref.counting.conventions import CONVENTIONS
from cnnref.drawing.labels import shape
from cnnref.networks.published import Figure, published
from cnnref.tables.table import Table
from cnnref.units import MIB, grouped, ratio, rounded, scaled
from website import citations as confirm
from website.networks.layer_tree import field_text, fields, place, shown_at

__all__ = ["conventions", "errors", "held_against", "layer_bars", "memory", "stage_bars"]

QUANTITIES = {
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


PARAMETERS = "parameters"


class Measure(NamedTuple):
    """A cost of some rows, and how it is written."""

    title: str
    value: Callable[[Table], int]
    text: Callable[[int], str]


MEASURES = (
    Measure(
        "memory",
        lambda part: part.activation_bytes("lecture"),
        lambda value: f"{rounded(value, MIB, 2)} MB",
    ),
    Measure(
        PARAMETERS,
        lambda part: part.parameters,
        lambda value: scaled(value, PARAMETERS).removesuffix(PARAMETERS).strip(),
    ),
    Measure("MACs", lambda part: part.macs, lambda value: scaled(value, "MACs")),
)


def stage_bars(table: Table) -> str:
    """What each stage costs, as bars with their numbers, and what its last row sees."""
    seen = dict(zip((layer.name for layer in table), fields(table), strict=False))
    lines = []
    for name, part in table.group("stage").items():
        field = seen.get(part[-1].name)
        sees = [field_text(field), f"{field.jump[0]}"] if field else ["–", "–"]
        title = f'<a href="#{place(table, name, "stage")}">{escape(name or "all rows")}</a>'
        lines.append((title, [shape(part[-1].out_shape)], part, sees))
    return _bars(table, "stage", ["output"], ["sees (pixels)", "step (pixels)"], lines)


def layer_bars(table: Table) -> str:
    """What each row costs that the lecture would list, as bars with their numbers."""
    lines = []
    listed = {layer.name for layer in table.listed("lecture")}
    for row, layer in enumerate(table):
        if layer.name not in listed:
            continue
        alone = Table([layer], name=table.name, input_shape=table.input_shape)
        title = f'<a href="#{shown_at(table, row)}">{escape(layer.name)}</a>'
        lines.append((title, [shape(layer.out_shape)], alone, list[str]()))
    return _bars(table, "layer", ["output"], [], lines)


def _bars(
    table: Table,
    corner: str,
    before: Sequence[str],
    behind: Sequence[str],
    lines: Iterable[tuple[str, Sequence[str], Table, Sequence[str]]],
) -> str:
    found = list(lines)
    heads = [corner, *before, *(measure.title for measure in MEASURES), *behind]
    most = [max(measure.value(part) for *_, part, _ in found) for measure in MEASURES]
    body = []
    for title, start, part, end in found:
        bars = [
            _bar(measure, measure.value(part), measure.value(table), largest)
            for measure, largest in zip(MEASURES, most, strict=True)
        ]
        cells = "".join(f"<td>{cell}</td>" for cell in start)
        rest = "".join(f'<td class="num">{cell}</td>' for cell in end)
        body.append(f'<tr><th scope="row">{title}</th>{cells}{"".join(bars)}{rest}</tr>')
    totals = "".join(
        f'<td class="num">{_exact(measure.value(table), measure.text(measure.value(table)))}</td>'
        for measure in MEASURES
    )
    gap = "<td></td>"
    foot = f'<tr><th scope="row">total</th>{gap * len(before)}{totals}{gap * len(behind)}</tr>'
    return _table(f"{table.name}, costs by {corner}", heads, "".join(body), foot, "bars")


def _bar(measure: Measure, value: int, total: int, largest: int) -> str:
    share = _percent(value, total)
    length = ratio(value, largest, 3) if largest else "0"
    return (
        f'<td class="num bar" style="--share:{length}">{_exact(value, measure.text(value))} '
        f"<small>{share}</small></td>"
    )


def _percent(value: int, total: int) -> str:
    text = ratio(100 * value, total, 0) if total else "0"
    return "&lt;1%" if value and text == "0" else f"{text}%"


def conventions(table: Table) -> str:
    """The operations of a network under each convention, exact."""
    body = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th>'
        f'<td class="num">{grouped(table.flops(name))}</td><td>{escape(entry.unit)}s</td>'
        f"<td>{escape(entry.title)}</td></tr>"
        for name, entry in CONVENTIONS.items()
    )
    heads = ["convention", "total", "unit", "whose count"]
    return _table(f"{table.name} under each convention", heads, body)


def memory(table: Table) -> str:
    """Memory by what is meant with it, for one image in float32."""
    activations = table.activations
    lines = {
        "outputs of convolutions and fully-connected layers (activations)": 4 * activations,
        "outputs as the lecture counts them": table.activation_bytes("lecture"),
        "most at one time at inference": table.peak_activation_bytes(),
        "kept for the backward pass in training": table.training_activation_bytes(),
        "parameters": 4 * table.parameters,
    }
    body = "".join(
        f'<tr><th scope="row">{what}</th><td class="num">{grouped(value)}</td>'
        f'<td class="num">{rounded(value, MIB, 1)}</td></tr>'
        for what, value in lines.items()
    )
    return _table(f"{table.name}, memory", ["meaning", "bytes", "MiB"], body, kind="longnames")


def held_against(name: str) -> str:
    """The published figures that a table can answer, beside what it says; "" without any."""
    found = [confirm.confirm(figure) for figure in published(name) if confirm.comparable(figure)]
    body = "".join(_held(entry) for entry in found)
    heads = ["quantity", "printed", "computed", "verdict", "source"]
    return _table(f"{name}, published and computed", heads, body, kind="prose held") if body else ""


def _held(entry: confirm.Confirmation) -> str:
    figure = entry.figure
    verdict = "agrees" if entry.agrees else f"differs: {entry.reason}"
    mark = "agrees" if entry.agrees else "differs"
    return (
        f'<tr><th scope="row">{QUANTITIES[figure.quantity]}</th><td>{_printed(figure)}</td>'
        f'<td>{_computed(entry)}</td><td class="{mark}">{escape(verdict)}</td>'
        f"<td>{_source(figure)}</td></tr>"
    )


def _computed(entry: confirm.Confirmation) -> str:
    # a year is no quantity
    return str(entry.computed) if entry.figure.unit == "year" else grouped(entry.computed)


def errors(name: str) -> str:
    """Errors and accuracies as published, by source and protocol; "" without any."""
    found: dict[str, dict[str, list[str]]] = {}
    for figure in published(name):
        if not confirm.comparable(figure):
            told = f"{QUANTITIES[figure.quantity]} {_printed(figure)}"
            found.setdefault(_source(figure), {}).setdefault(figure.note, []).append(told)
    items = "".join(
        f"<li><cite>{source}</cite><ul>{''.join(map(_protocol, *zip(*by.items(), strict=True)))}"
        "</ul></li>"
        for source, by in found.items()
    )
    return f'<ul class="cited">{items}</ul>' if items else ""


def _protocol(note: str, told: Sequence[str]) -> str:
    return f"<li><strong>{', '.join(told)}</strong>: {escape(note)}</li>"


def _printed(figure: Figure) -> str:
    text = str(figure.value)
    text = grouped(int(text)) if figure.unit == "count" and text.isdecimal() else text
    unit = {"%": "%", "count": "", "year": ""}.get(figure.unit, f" {figure.unit}")
    doubt = "" if figure.certainty.startswith("verified") else f" ({figure.certainty})"
    return escape(f"{text}{unit}{doubt}")


def _source(figure: Figure) -> str:
    return escape(figure.source.citation)


def _exact(value: int, text: str) -> str:
    return f'<data value="{value}" title="{grouped(value)}">{text}</data>'


def _table(label: str, heads: Sequence[str], body: str, foot: str = "", kind: str = "plain") -> str:
    figures = {"total", "bytes", "MiB", *(measure.title for measure in MEASURES)}
    head = "".join(
        f'<th scope="col"{_num(title in figures or "pixels" in title)}>{title}</th>'
        for title in heads
    )
    end = f"<tfoot>{foot}</tfoot>" if foot else ""
    return (
        f'<div class="table-scroll" role="region" aria-label="{escape(label)}" tabindex="0">'
        f'<table class="ledger {kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{end}'
        "</table></div>"
    )


def _num(figures: bool) -> str:
    return ' class="num"' if figures else ""
