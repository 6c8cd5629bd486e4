"""Everything that is generated, in one place: paths under docs/generated/ to bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import COUNTS, Window
from cnnref.drawing import bars as charts
from cnnref.errors import CnnrefError
from cnnref.networks import catalog
from cnnref.networks.agreement import check
from cnnref.tables.formats import csv_text
from cnnref.tables.table import Table
from website import citations as figures_file
from website import data, facts
from website.chapters import alexnet, history, vgg, zfnet
from website.chapters.complexity import charts as complexity
from website.chapters.googlenet import page as googlenet
from website.chapters.resnet import degradation
from website.chapters.resnet import page as resnet
from website.data import NETWORK_COLUMNS
from website.errata import page as errata_page
from website.kept import reach
from website.kept.shelf import Shelf, digest, previewed, put_off

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LECTURE_INPUT", "network_rows", "outputs"]

AGREED = Shelf("agreements")
# all files but the one that says how far the books agree
OTHERS = Shelf("other files")
# a preview compares so many networks at once, and leaves more for later
AT_ONCE = 4

# the lecture runs AlexNet at 227, torchvision at 224
LECTURE_INPUT = {"alexnet": 227}
# deeper networks are published row by row as raw counts alone
LONGEST_SHOWN = 100
# the pages with charts of one view
CHARTED = (history, alexnet, zfnet, vgg, googlenet, resnet)

ROW_COLUMNS = (
    "row", "layer", "op", "stage", "block", "inputs", "input", "output", *Window._fields,
    *COUNTS,
)  # fmt: skip
FACTS = ("rows", "macs", "parameters", "activations", "operations:lecture",
         "stored_bytes:lecture")  # fmt: skip


def outputs(
    names: Sequence[str] = (), *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, bytes]:
    """Every generated file: {path under docs/generated/: its bytes}, the same at every run.

    names: the networks to state; all of the catalogue unless named.
    progress: told what is being done, one short line at a time.

    Both books of every network are compared on the way, which needs torch; charts need
    altair.

    Raises:
        MissingExtraError: torch or altair is not installed.
    """
    chosen = tuple(names) or catalog.names()
    compared = {"networks.csv": _csv(NETWORK_COLUMNS, network_rows(chosen, progress))}
    others = OTHERS.get(digest(chosen, reach.generated()), _others, chosen)
    OTHERS.sweep()
    return {path: text.encode() for path, text in sorted((compared | others).items())}


def _others(chosen: Sequence[str]) -> dict[str, str]:
    files: dict[str, str] = {}
    files["figures.csv"] = _csv(figures_file.COLUMNS, figures_file.lines())
    files["errata.csv"] = _csv(errata_page.CSV_COLUMNS, errata_page.rows())
    for key, book in _books(chosen):
        files[f"tables/{key}.csv"] = _csv(ROW_COLUMNS, map(_row, range(len(book)), book))
        if len(book) <= LONGEST_SHOWN:
            files[f"tables/{key}.lecture.csv"] = book.to_csv("lecture")
            files[f"tables/{key}.md"] = book.to_markdown("lecture")
    files["facts.json"] = _json(dict(_facts(chosen)), indent=1)
    for key, chart in _charts():
        files[f"charts/{key}.vl.json"] = _json(charts.to_spec(chart), indent=1)
    for key, spec in complexity.charts():
        files[f"charts/{key}.vl.json"] = _json(spec, indent=1)
    for key, choice in complexity.choices():
        files[f"charts/{key}.choices.json"] = _json(choice, indent=1)
    files["degradation.json"] = _json(dict(degradation.record()), indent=1)
    return files


def network_rows(
    names: Sequence[str], progress: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[object, ...]]:
    """The rows of networks.csv: totals of each network, and how far its two books agree."""
    before = _before(names)
    for number, name in enumerate(names, 1):
        progress(f"comparing the two books of {name} ({number} of {len(names)})")
        book = catalog.table(name)
        differing = before.get(name)
        if differing is None:
            differing = AGREED.get(reached(name), check, name).rows_differing
        yield (
            name,
            "x".join(map(str, book.input_shape.size)),
            book.parameters,
            book.macs,
            book.mac_activations,
            len(book),
            differing,
            " ".join(_size(size) for size in catalog.architecture(name).sizes),
        )


def _before(names: Sequence[str]) -> dict[str, str]:
    """How many rows of a network differed before, where a preview does not compare it now."""
    if not previewed():
        return {}
    unknown = [name for name in names if AGREED.find(reached(name)) is None]
    if len(unknown) <= AT_ONCE:
        return {}
    try:
        found = {name: data.books()[name]["rows_differing"] for name in unknown}
    except (CnnrefError, KeyError):  # the file is not as it was generated
        return {}
    put_off()
    return found


def reached(name: str) -> str:
    """What the comparison of a network's two books depends on, as a digest."""
    comparing = reach.closure((reach.COMPARING,), named=False)
    return digest(comparing, reach.books(name), version("torch"))


def _books(names: Sequence[str]) -> Iterator[tuple[str, Table]]:
    for key in _keys(names):
        yield key.replace("@", "_"), facts.lookup(key)


def _keys(names: Sequence[str]) -> list[str]:
    lecture = [f"{name}@{size}" for name, size in LECTURE_INPUT.items() if name in names]
    return [*names, *lecture]


def _row(number: int, layer: Layer) -> tuple[object, ...]:
    window = layer.window or ("",) * len(Window._fields)
    return (
        number,
        layer.name,
        layer.op,
        layer.stage,
        layer.block,
        " ".join(map(str, layer.inputs)),
        " + ".join(map(_axes, layer.in_shapes)),
        _axes(layer.out_shape),
        *(_axes(value) if isinstance(value, tuple) else value for value in window),
        *layer.counts,
    )


def _axes(values: Iterable[int]) -> str:
    return "x".join(map(str, values))


def _size(size: int | tuple[int, int]) -> str:
    return _axes(size) if isinstance(size, tuple) else f"{size}x{size}"


def _facts(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    for key in _keys(names):
        selections = ["total", *(f"stage:{stage}" for stage in facts.lookup(key).group("stage"))]
        for selection in selections:
            part = facts.rows(facts.lookup(key), selection)
            for quantity in FACTS:
                yield f"{key}/{selection}/{quantity}", facts.of(part, quantity)


def _charts() -> Iterator[tuple[str, Any]]:
    for page in CHARTED:
        yield from page.charts()


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return csv_text([columns, *rows])


def _json(value: Mapping[str, Any], indent: int) -> str:
    import json

    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False) + "\n"
