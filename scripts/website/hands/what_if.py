"""What if: a chapter's networks at other input sizes, batches, dtypes and conventions.

The package counts every case of a small grid when the site is built; a script of the page shows
the one that is asked for. Batch and dtype only multiply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from cnnref.counting.conventions import convention
from cnnref.counting.layer import Layer
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import FeatureMap, Net
from cnnref.networks.catalog import architecture, table
from cnnref.specs.googlenet import PAPER, TABLE_1, Widths, conv_unit, stem
from cnnref.specs.vgg import D
from cnnref.specs.vgg import conv_unit as vgg_unit
from cnnref.tables.analysis import element_bytes
from cnnref.tables.table import Table
from website.hands.strips import CHAPTERS, Chapter, state
from website.kept import reach
from website.kept.shelf import Shelf, digest
from website.markup import Html, element

__all__ = ["CONVENTIONS", "GRIDS", "MACROS", "assets", "case", "grid", "what_if"]

GRIDS = Shelf("grids of cases")
# bytes of float32, in which prices of memory are stated
FULL = 4
SIZES = (64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
DTYPES = ("float32", "float16", "int8", "float64")
CONVENTIONS = ("lecture", "macs", "flops", "torch", "fvcore", "thop")


def what_if(key: str) -> Html:
    """The strip of a chapter: what may be changed, and room for what comes of it."""
    chapter = _chapter(key)
    fields: dict[str, tuple[str, list[tuple[object, str]]]] = {
        "network": ("network", [(name, _title(name)) for name in chapter.networks]),
        "input": ("input", [(size, f"{size} × {size}") for size in _sizes(chapter)]),
        "batch": ("batch", [(number, str(number)) for number in BATCHES]),
        "dtype": ("numbers", [(name, name) for name in DTYPES]),
        "convention": ("operations by", [(name, _unit(name)) for name in CONVENTIONS]),
    }
    start = {"network": chapter.networks[0], "input": chapter.size, "batch": 1,
             "dtype": DTYPES[0], "convention": chapter.convention}  # fmt: skip
    return element(
        "section",
        element(
            "form",
            element("strong", "What if?"),
            *(_choice(name, *field, start[name]) for name, field in fields.items()),
            element("button", f"Back to {chapter.own}", type="reset", hidden=True),
        ),
        element("p", role="status"),
        element("div", class_="came-of-it"),
        class_="what-if",
        aria_label="What if?",
        data_chapter=key,
        data_own=chapter.own,
        data_search_exclude=True,
    )


def _chapter(key: str) -> Chapter:
    if key not in CHAPTERS:
        raise UnknownNameError("chapter", key, CHAPTERS)
    return CHAPTERS[key]


def _choice(name: str, label: str, options: Iterable[tuple[object, str]], chosen: object) -> Html:
    made = (
        # a network has a place of its own, so that a link to it is one to something
        element("option", text, value=value, selected=value == chosen,
                id=state(str(value)) if name == "network" else None)
        for value, text in options
    )  # fmt: skip
    return element("label", f"{label} ", element("select", *made, name=name, autocomplete="off"))


def _sizes(chapter: Chapter) -> list[int]:
    return sorted({*SIZES, chapter.size})


def _unit(name: str) -> str:
    entry = convention(name)
    return name if name == f"{entry.unit.lower()}s" else f"{name} ({entry.unit}s)"


def _title(name: str) -> str:
    return VARIANTS[name][0] if name in VARIANTS else architecture(name).title


def case(name: str, size: int) -> Table:
    """A network of a chapter at an input size.

    Raises:
        ShapeError: its layers do not fit that size.
    """
    if name not in VARIANTS:
        return table(name, input_size=size)
    title, write = VARIANTS[name]
    net = Net((3, size, size), name=title)
    write(net)
    return net.table()


def of_width(net: Net, above: int, below: int) -> FeatureMap:
    """VGG-16 with above / below times its filters; the hidden layers stay as wide as they are."""
    x = _vgg_maps(net, above, below)
    return _wide_layers(net, net.adaptive_avg_pool(x, 7, name="avgpool"))


def flattened(net: Net) -> FeatureMap:
    """VGG-16's convolutions; its wide layers read all of the last maps, whatever their size."""
    return _wide_layers(net, _vgg_maps(net))


def averaged(net: Net) -> FeatureMap:
    """VGG-16's convolutions; one layer makes the scores from the means of the last maps."""
    x = net.adaptive_avg_pool(_vgg_maps(net), 1, name="avgpool")
    return net.linear(net.flatten(x, name="flatten"), 1000, name="linear")


def _vgg_maps(net: Net, above: int = 1, below: int = 1) -> FeatureMap:
    x = net.input
    for number, widths in enumerate(D, 1):
        for place, filters in enumerate(widths, 1):
            x = vgg_unit(net, x, filters * above // below, f"{number}_{place}", norm=False)
        x = net.max_pool(x, 2, stride=2, name=f"pool{number}")
    return x


def _wide_layers(net: Net, x: FeatureMap) -> FeatureMap:
    x = net.flatten(x, name="flatten")
    for number in (6, 7):
        x = net.dropout(net.relu(net.linear(x, 4096, name=f"fc{number}")))
    return net.linear(x, 1000, name="fc8")


def without_reductions(net: Net) -> FeatureMap:
    """GoogLeNet of modules as in Figure 2a: every window looks at all that the module reads."""
    x = stem(net, net.input, PAPER)
    for number, widths in TABLE_1:
        with net.block(f"inception_{number}"):
            x = _plain_module(net, x, widths, f"inception_{number}")
        if number in ("3b", "4e"):
            x = net.max_pool(x, 3, stride=2, ceil_mode=True, name=f"pool{number[0]}")
    with net.stage("classifier"):
        x = net.flatten(net.adaptive_avg_pool(x, 1, name="avgpool"), name="flatten")
        return net.linear(x, 1000, name="linear")


def _plain_module(net: Net, x: FeatureMap, widths: Widths, name: str) -> FeatureMap:
    one, _, three, _, five, _ = widths
    branches = [
        conv_unit(net, x, filters, kernel, f"{name}.{kernel}x{kernel}", PAPER)
        for filters, kernel in ((one, 1), (three, 3), (five, 5))
    ]
    pooled = net.max_pool(x, 3, stride=1, padding=1, name=f"{name}.pool")
    return net.concat(*branches, pooled, name=f"{name}.concat")


# what the catalogue does not have: a title, and what writes it
VARIANTS: Mapping[str, tuple[str, Callable[[Net], FeatureMap]]] = {
    "vgg16_half": ("VGG-16, half as wide", lambda net: of_width(net, 1, 2)),
    "vgg16_double": ("VGG-16, twice as wide", lambda net: of_width(net, 2, 1)),
    "vgg16_flattened": ("VGG-16's convolutions, flattened", flattened),
    "vgg16_averaged": ("VGG-16's convolutions, averaged", averaged),
    "googlenet_naive": ("GoogLeNet without reductions", without_reductions),
}


@cache
def grid(key: str) -> dict[str, Any]:
    """All that a chapter's script may show; in place of lines, why a size does not fit."""
    chapter = _chapter(key)
    first = f"{_title(chapter.networks[0])}'s at {chapter.size}"
    return {
        "size": chapter.size,
        "base": "the lecture's" if chapter.lecture else first,
        "line": "layer" if chapter.line == "layer" else "part",
        "networks": {name: _title(name) for name in chapter.networks},
        "bytes": {name: element_bytes("what if", name) for name in DTYPES},
        "prices": {name: _price(name) for name in CONVENTIONS},
        "cases": {
            name: {size: _lines(name, size, chapter.line) for size in _sizes(chapter)}
            for name in chapter.networks
        },
    }


def _price(name: str) -> dict[str, object]:
    """The unit of a convention, and what a multiply-add of a convolution counts in it."""
    entry = convention(name)
    return {"unit": f"{entry.unit}s", "mac": entry.prices["conv"]["macs"]}


def _lines(name: str, size: int, line: str) -> list[list[object]] | str:
    try:
        book = case(name, size)
    except CnnrefError as error:
        return str(error)
    return [
        [title, " × ".join(map(str, rows[-1].out_shape)), *_counted(rows)]
        for title, rows in _parts(book, line)
    ]


def _counted(rows: Sequence[Layer]) -> Iterator[int]:
    """What is kept of some rows, in numbers; what they learn; their work by each convention."""
    kept = sum(map(convention("lecture").stored_bytes, rows))
    yield kept // FULL
    yield sum(row.parameters for row in rows)
    for name in CONVENTIONS:
        yield sum(map(convention(name).operations, rows))


def _parts(book: Table, line: str) -> list[tuple[str, list[Layer]]]:
    """The rows of each line: a block or stage, or what the lecture lists and what it leaves out."""
    listed = {id(row) for row in book.listed("lecture")}
    parts: list[tuple[str, list[Layer]]] = []
    for row in book:
        whole = {"layer": "", "block": row.block, "stage": row.stage}[line]
        same = whole and parts and parts[-1][0] == whole
        if parts and (same or (id(row) not in listed and not whole)):
            parts[-1][1].append(row)
        else:
            parts.append((whole or row.name, [row]))
    # the size of a line is that of the row that names it, or of its last
    return parts


def assets() -> dict[str, str]:
    """For each chapter a script that holds its cases, loaded when a reader changes something."""
    made_by = reach.modules(__name__, named=False)
    return {
        f"assets/what_if/{key}.js": GRIDS.get(digest(made_by, key, *_books(chapter)), _script, key)
        for key, chapter in CHAPTERS.items()
    }


def _books(chapter: Chapter) -> Iterator[str]:
    """The networks of a chapter, each as what it is made of; what is only here is this code's."""
    return (reach.books(name) for name in chapter.networks if name not in VARIANTS)


def _script(key: str) -> str:
    data = json.dumps(grid(key), ensure_ascii=False, separators=(",", ":"))
    return f'(window.cnnrefWhatIf ??= {{}})["{key}"] = {data};\n'


MACROS: Mapping[str, Callable[..., object]] = {"what_if": what_if}
