"""The commands that need no torch for catalogued networks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cnnref
from cnnref.cli.commands import CHARTS, PICTURES, is_file
from cnnref.cli.show import Outcome, delivered, limits, printed, progress, rows, verdicts
from cnnref.counting.units import visible
from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.tables.formats import Grid
from cnnref.tables.printable import Printed, View

if TYPE_CHECKING:
    from cnnref.counting.shapes import Size
    from cnnref.tables.comparison import Difference
    from cnnref.tables.table import Table

__all__ = [
    "book", "charted", "checked", "cited", "compared", "conventions", "drawn", "explained",
    "listed", "table",
]  # fmt: skip

# how files of a notation end where it is not by its name
ENDINGS = {"gv": "dot", "mmd": "mermaid"}
# of a chart: what is no text
BINARY = ("png", "pdf")


Heading = tuple[str, str, str]


class Listing(Printed):
    """Lines that are no rows of a network, in every format.

    key: what JSON calls the lines, each by the keys of the columns.
    columns: a key, a heading and a kind ("text" or "whole") for each.
    """

    def __init__(
        self,
        key: str,
        caption: str,
        columns: Sequence[Heading],
        lines: list[list[Any]],
    ) -> None:
        self.key, self.caption, self.columns, self.lines = key, caption, columns, lines

    def _seen(self, _: View) -> Grid:
        kinds = [kind for _, _, kind in self.columns]
        return Grid(
            heads=[head for _, head, _ in self.columns],
            aligns="".join("l" if kind == "text" else "r" for kind in kinds),
            kinds=kinds,
            cells=[[f"{one:,}" if isinstance(one, int) else one for one in x] for x in self.lines],
            exact=self.lines,
            totals=[],
            notes=[self.caption],
            folds=[(place, 16) for place, kind in enumerate(kinds) if place and kind == "text"],
        )

    def _document(self, _: View) -> dict[str, Any]:
        keys = [key for key, _, _ in self.columns]
        return {"schema": 1, self.key: [dict(zip(keys, line, strict=True)) for line in self.lines]}


NETWORKS = (
    ("name", "name", "text"), ("title", "title", "text"), ("year", "year", "text"),
    ("input", "input", "text"), ("parameters", "parameters", "whole"), ("macs", "MACs", "whole"),
)  # fmt: skip


def listed(arguments: SimpleNamespace) -> Outcome:
    """`cnnref list`."""
    word = (arguments.word or "").lower()
    records = [
        record
        for record in map(cnnref.architecture, cnnref.names())
        if word in record.name.lower() or word in record.title.lower()
    ]
    if not records:
        raise CnnrefError(
            f"Nothing in the catalogue has {word!r} in its name or title; any other network is "
            "traced, as in cnnref trace torchvision.models:resnet18."
        )
    lines: list[list[Any]] = []
    for one in records:
        found = cnnref.table(one.name)
        costs = str(found.input_shape), found.parameters, found.macs
        lines.append([one.name, one.title, str(one.year), *costs])
    order = arguments.sort or ""
    if order:
        keys = [key for key, _, _ in NETWORKS]
        if order not in keys:
            raise UnknownNameError("column of list", order, keys)
        numbers = order in ("parameters", "macs", "year")
        lines.sort(key=lambda line: line[keys.index(order)], reverse=numbers)
    caption = f"{len(lines)} network{'s' * (len(lines) != 1)}, costs at the default input"
    return Outcome(printed(Listing("networks", caption, NETWORKS, lines), arguments))


def cited(arguments: SimpleNamespace) -> Outcome:
    """`cnnref published`."""
    return Outcome(printed(cnnref.published(arguments.network), arguments))


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
        lines += _first(differences)
        compared, differing = compared + found * len(sizes), differing + wrong
        if budget:
            verdict = verdicts(budget, cnnref.table(name), arguments)
            said, code = said + verdict.said, max(code, verdict.code)
    progress("")
    lines.append(f"{compared} rows compared, {differing} differ")
    return Outcome(_lines(lines), max(code, int(differing > 0)), said)


def _first(differences: Sequence[tuple[Size, Difference]]) -> Iterator[str]:
    """The first place where two books differ, and how many more there are."""
    if not differences:
        return
    size, first = differences[0]
    yield f"  first at input {size}, {first}"
    if more := len(differences) - 1:
        sizes = len({size for size, _ in differences})
        yield f"  and {more} more value{'s' * (more > 1)}, over {sizes} of the sizes"


def compared(arguments: SimpleNamespace) -> Outcome:
    """`cnnref compare`."""
    both = arguments.a, arguments.b
    a, b = (book(name, _side(name, both, arguments)) for name in both)
    found = cnnref.compare(a, b)
    return Outcome(printed(found, arguments), int(bool(found)))


def _own(name: str) -> bool:
    """Whether a name is of a callable or of a file, and of no network of the catalogue."""
    return ":" in name or "/" in name or name.endswith((".py", ".pt2", ".json", ".onnx"))


# what each kind of side takes of the options that say which network it is
TAKEN = {
    "callable": ("input", "input_size", "arg", "rules"),
    "catalogued": ("input_size", "num_classes"),
    "onnx": ("input", "input_size"),
    "json": (),
}


def _kind_of(name: str) -> str:
    return name.rpartition(".")[2] if is_file(name) else "callable" if _own(name) else "catalogued"


def _side(name: str, both: tuple[str, str], arguments: SimpleNamespace) -> SimpleNamespace:
    """The options for one side, without those that the other side alone takes."""
    others = {option for one in both for option in TAKEN[_kind_of(one)]}
    dropped = others - {*TAKEN[_kind_of(name)]}
    return SimpleNamespace(**vars(arguments) | dict.fromkeys(dropped))


CONVENTIONS = (
    ("name", "name", "text"), ("unit", "unit", "text"), ("title", "title", "text"),
    ("note", "counts", "text"), ("source", "source", "text"),
)  # fmt: skip
PRICES = (("op", "op", "text"), ("count", "of each", "text"), ("price", "price", "whole"))


def conventions(arguments: SimpleNamespace) -> Outcome:
    """`cnnref conventions`."""
    if arguments.convention_name is not None:
        found = cnnref.convention(arguments.convention_name)
        prices: list[list[Any]] = [
            [op, count.replace("_", " "), price]
            for op, terms in found.prices.items()
            for count, price in terms.items()
        ]
        caption = f"{found.name}: {found.title}, in {found.unit}s. {found.note} {found.source}"
        return Outcome(printed(Listing("prices", caption.rstrip("."), PRICES, prices), arguments))
    entries = [cnnref.convention(name) for name in cnnref.conventions()]
    lines = [[getattr(one, key) for key, _, _ in CONVENTIONS] for one in entries]
    caption = f"{len(lines)} conventions; the prices of one: cnnref conventions NAME"
    return Outcome(printed(Listing("conventions", caption, CONVENTIONS, lines), arguments))


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
