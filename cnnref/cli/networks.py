"""The commands that need no torch for catalogued networks."""

from __future__ import annotations

import io
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cnnref
from cnnref.cli.commands import CHARTS, PICTURES
from cnnref.cli.show import Outcome, delivered, limits, printed, progress, rows, verdicts
from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.units import visible

if TYPE_CHECKING:
    from cnnref.tables.table import Table

__all__ = [
    "book", "charted", "checked", "compared", "conventions", "drawn", "explained", "listed",
    "table",
]  # fmt: skip

# how files of a notation end where it is not by its name
ENDINGS = {"gv": "dot", "mmd": "mermaid"}
# of a chart: what is no text
BINARY = ("png", "pdf")


def listed(arguments: SimpleNamespace) -> Outcome:
    """`cnnref list`."""
    word = (arguments.word or "").lower()
    records = [
        record
        for record in map(cnnref.architecture, cnnref.names())
        if word in record.name.lower() or word in record.title.lower()
    ]
    if not records:
        raise UnknownNameError("network", word, cnnref.names())
    width = max(len(record.name) for record in records)
    return Outcome(_lines(f"{one.name:<{width}}  {one.title}, {one.year}" for one in records))


def table(arguments: SimpleNamespace) -> Outcome:
    """`cnnref table`."""
    return rows(book(arguments.name, arguments), arguments)


def book(name: str, arguments: SimpleNamespace) -> Table:
    """The table of a name by its spec, or of a callable, as the options ask for it."""
    if _own(name):
        from cnnref.cli.models import traced_table

        return traced_table(name, arguments)
    for option in ("input", "arg", "rules"):
        if getattr(arguments, option):
            raise CnnrefError(f"--{option} is for a callable; the spec of {name} takes none.")
    given = {"num_classes": arguments.num_classes} if arguments.num_classes is not None else {}
    return cnnref.table(name, input_size=arguments.input_size, **given)


def explained(arguments: SimpleNamespace) -> Outcome:
    """`cnnref explain`."""
    from cnnref.counting.explain import told

    found = book(arguments.name, arguments)
    return Outcome(_lines(map(visible, told(found, found[arguments.layer], arguments.convention))))


def checked(arguments: SimpleNamespace) -> Outcome:
    """`cnnref check`."""
    from cnnref.networks.agreement import check
    from cnnref.networks.published import figures

    names = arguments.names or cnnref.names()
    for name in names:
        cnnref.architecture(name)
    # what is wrong in the data of a network that is being added is said here, not later
    figures()
    budget = limits(arguments)
    lines, compared, differing, said, code = [], 0, 0, "", 0
    for number, name in enumerate(names, 1):
        progress(f"[{number}/{len(names)}] {name}")
        _, found, wrong, sizes, differences = check(name)
        lines.append(f"{name}: {found} rows at {len(sizes)} sizes, {wrong} differ")
        lines += [f"  at input {size}: {difference}" for size, difference in differences]
        compared, differing = compared + found * len(sizes), differing + wrong
        if budget:
            verdict = verdicts(budget, cnnref.table(name), arguments)
            said, code = said + verdict.said, max(code, verdict.code)
    progress("")
    lines.append(f"{compared} rows compared, {differing} differ")
    return Outcome(_lines(lines), max(code, int(differing > 0)), said)


def compared(arguments: SimpleNamespace) -> Outcome:
    """`cnnref compare`."""
    both = arguments.a, arguments.b
    a, b = (book(name, _side(name, both, arguments)) for name in both)
    found = cnnref.compare(a, b)
    return Outcome(printed(found, arguments), int(bool(found)))


def _own(name: str) -> bool:
    """Whether a name is of a callable or of a file, and of no network of the catalogue."""
    return ":" in name or "/" in name or name.endswith((".py", ".json"))


def _side(name: str, both: tuple[str, str], arguments: SimpleNamespace) -> SimpleNamespace:
    """The options for one side: those that are for a callable, where the other side is one."""
    if not _own(name) or name.endswith(".json"):
        callables = [one for one in both if _own(one) and not one.endswith(".json")]
        dropped = ["input", "arg", "rules"] if callables else []
        dropped += ["input_size"] if callables and name.endswith(".json") else []
        return SimpleNamespace(**vars(arguments) | dict.fromkeys(dropped))
    others = [one for one in both if not _own(one)]
    return SimpleNamespace(**vars(arguments) | dict.fromkeys(["num_classes"] if others else []))


def conventions(_: SimpleNamespace) -> Outcome:
    """`cnnref conventions`."""
    entries = map(cnnref.convention, cnnref.conventions())
    told = "{0.name}: {0.title}, in {0.unit}s.\n  {0.note}\n  Source: {0.source}."
    return Outcome(_lines(map(told.format, entries)))


def drawn(arguments: SimpleNamespace) -> Outcome:
    """`cnnref draw`."""
    kind = _kind(arguments, PICTURES)
    found = book(arguments.name, arguments)
    if kind == "svg":
        picture = found.draw(arguments.block, fields=arguments.fields, fold=not arguments.no_fold)
        return Outcome(delivered(picture.standalone(), arguments))
    if arguments.fields:
        raise CnnrefError(f"--fields is a picture to scale: {kind} has no scale; drop --fields.")
    notation = found.to_dot if kind == "dot" else found.to_mermaid
    return Outcome(delivered(notation(arguments.block, fold=not arguments.no_fold), arguments))


def charted(arguments: SimpleNamespace) -> Outcome:
    """`cnnref chart`."""
    from cnnref.cli.streams import complain
    from cnnref.tables.quantities import current

    kind = _kind(arguments, CHARTS)
    if kind in BINARY and arguments.output is None:
        raise CnnrefError(f"A chart as {kind} is no text: give --output FILE.{kind}.")
    chart = book(arguments.name, arguments).chart(
        current(arguments.quantity, complain),
        arguments.by,
        arguments.convention,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size or 1,
    )
    return Outcome(delivered(_written(chart, kind), arguments))


def _kind(arguments: SimpleNamespace, known: tuple[str, ...]) -> str:
    """What a picture is written as: as the option says, or as the file ends."""
    ending = (arguments.output or "").rpartition(".")[2].lower()
    ending = ENDINGS.get(ending, ending)
    kind = arguments.kind or (ending if ending in known else known[0])
    if kind not in known:
        raise UnknownNameError("kind of picture", kind, known)
    return str(kind)


def _written(chart: Any, kind: str) -> Any:
    file: Any = io.BytesIO() if kind in BINARY else io.StringIO()
    try:
        chart.save(file, format=kind)
    except (ImportError, ValueError) as error:
        if "vl-convert" not in str(error) and "vl_convert" not in str(error):
            raise
        raise MissingExtraError(f"A chart as {kind}", "vl-convert-python", "charts") from None
    return file.getvalue()


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
