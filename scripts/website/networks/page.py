"""The page of one network: its Markdown frame, the parts that go into it, and its files.

The frame holds what Markdown has to see, headings and links between pages; everything else
is HTML that replaces a placeholder, so that long tables need not pass through Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from cnnref import drawing as diagrams
from cnnref.counting.units import grouped, scaled
from cnnref.networks.architecture import Architecture
from cnnref.networks.catalog import architecture, names
from website.charts.drawings import network_strip
from website.citations import depth
from website.facts import lookup
from website.hands import strips
from website.markup import (
    Html,
    code,
    definitions,
    element,
    escaped,
    exact,
    in_markdown,
    joined,
    link,
)
from website.networks import answers
from website.networks import costs as cost_tables
from website.networks.layer_tree import OPENED, field_text, fields, layer_tree
from website.tables import agreement_line

__all__ = ["books", "downloads", "markdown", "parts", "placeholder", "searched"]

# the chapter for a network that has none of its own
COMPARED = "complexity"
# the lecture's table leaves out most rows of a deeper network
LECTURE_ROWS = 100
BARS = """
Memory is the output of each layer for one image, [as the lecture counts
it](../conventions.md#memory). A bar is as long as its share of the largest in its column; the
percentage is its share of the whole network. What an output *sees* is its receptive field along
one axis, padding included; the *step* is the distance between two outputs; both in pixels of the
input.
"""


ADDING_UP = """
Follow the network from its first row to its last: a cost whose line climbs early is spent early.
In most networks memory comes first and parameters last, with the work between them.
"""


def markdown(name: str, pages: Collection[str] = ()) -> str:
    """The frame of a network's page.

    pages: the Markdown files of the site, by their paths; a chapter that is not among them
        is not linked.
    """
    record, table = architecture(name), lookup(name)
    first = len(table) <= OPENED
    opened = "" if first else " Open a stage, and in it a block, to see its rows."
    sections = (
        _head(record),
        f"[All networks](index.md){_chapter(record, pages)}{_strip(name)}\n{{ .crumbs }}",
        f"# {in_markdown(record.title)}",
        placeholder("summary"),
        "## Stages",
        placeholder("strip"),
        "## Where it comes from",
        placeholder("record"),
        "## Layers",
        f"Every row is one operator applied once, in order of execution.{opened} A row's name is "
        "a link to it. The *field* is what one output sees of the input, in pixels.",
        placeholder("layers"),
        "## Where the cost lies",
        BARS.strip(),
        placeholder("stages"),
        ADDING_UP.strip(),
        placeholder("adding_up"),
        *(("### Layer by layer", placeholder("bars")) if first else ()),
        "## Operations under each convention",
        "One table of raw counts, priced as others count. [What each counts, and "
        "why](../conventions.md).",
        placeholder("conventions"),
        "### What each source says",
        "The tools were run on this very network; where a source is what its prices make, the "
        "price list explains it to the last digit. [How to read the two tables]"
        "(../conventions.md#one-network-every-answer).",
        placeholder("answers"),
        "## Memory",
        "One word for several things; all for one image, in float32.",
        placeholder("memory"),
        "## Measured",
        "What it takes on real machines. [How this is measured, and what it means](../measured.md)."
        if "measured.md" in pages
        else "What it takes on real machines.",
        placeholder("measured"),
        "## Published figures",
        placeholder("published"),
        "## The two books",
        "The tables above are computed from the spec; the model is what they are compared with, "
        "row by row. The two share no code.",
        placeholder("books"),
        "## Downloads",
        placeholder("downloads"),
        _neighbours(name),
    )
    return "\n\n".join(sections) + "\n"


def placeholder(part: str) -> str:
    """What stands in the frame for a part."""
    return element("div", data_part=part)


def parts(name: str, record: Mapping[str, str]) -> dict[str, str]:
    """The HTML of each placeholder, but for the two books, the chart and what was measured.

    record: the network's row of networks.csv.
    """
    table = lookup(name)
    held, errors = cost_tables.held_against(name), cost_tables.errors(name)
    protocols = [element("p", "Errors and accuracies depend on the protocol:"), errors]
    return {
        "summary": _summary(architecture(name)) + agreement_line([record]),
        "strip": network_strip(name),
        "record": _record(architecture(name)),
        "layers": layer_tree(table),
        "stages": cost_tables.stage_bars(table),
        "bars": cost_tables.layer_bars(table) if len(table) <= OPENED else "",
        "conventions": cost_tables.conventions(table),
        "answers": element(
            "section", answers.answer(name, answers.said(), "../"), data_search_exclude=True
        ),
        "memory": cost_tables.memory(table),
        "published": joined([held, *(protocols if errors else [])])
        or element("p", "No published figure of this network is cited."),
        "downloads": _links(name),
    }


def searched(name: str) -> str:
    """The words and totals by which a network is found."""
    record, table = architecture(name), lookup(name)
    totals = {
        "parameters": table.parameters,
        "multiply-accumulates": table.macs,
        "activations": table.mac_activations,
    }
    said = (f"{grouped(total)} {noun}" for noun, total in totals.items())
    paper = f"{record.authors}: {record.paper}. {record.venue}. {record.differences}"
    return str(escaped(f"{', '.join(said)}. {paper}"))


def books(name: str) -> dict[str, str]:
    """The files of the two books, by their paths in the package."""
    record = architecture(name)
    return {
        "spec": f"specs/{record.spec.partition(':')[0]}.py",
        "model": f"models/{record.model.partition(':')[0]}.py",
    }


def downloads(name: str) -> dict[str, str]:
    """The files beside a network's page: JSON with all raw counts, LaTeX, and the strip as SVG."""
    table = lookup(name)
    drawing = diagrams.strip(table)
    record = json.loads(table.to_json("macs"))
    return {
        f"{name}.json": json.dumps(record, separators=(",", ":")) + "\n",
        f"{name}.tex": table.to_latex("macs"),
        f"{name}.svg": diagrams.standalone(drawing.to_svg()),
    }


def _head(record: Architecture) -> str:
    description = (
        f"{record.title}, layer by layer: parameters, operations and memory, computed and "
        "compared with the PyTorch model row by row."
    )
    # the theme puts both into its pages as they are
    title, description = (
        json.dumps(str(escaped(text)), ensure_ascii=False) for text in (record.title, description)
    )
    return f"---\ntitle: {title}\ndescription: {description}\n---"


def _chapter(record: Architecture, pages: Collection[str]) -> str:
    page = f"{record.chapter or COMPARED}.md"
    said = "The chapter about it" if record.chapter else "The chapter that compares networks"
    return f" · [{said}](../{page})" if page in pages else ""


def _strip(name: str) -> str:
    address = strips.link_to(name)
    asked = "What if its input, batch or convention were another?"
    return f" · {link(asked, f'../{address}')}" if address else ""


def _neighbours(name: str) -> str:
    order = names()
    place = order.index(name)
    before, after = order[:place][-1:], order[place + 1 :][:1]
    links = [f"[← {in_markdown(architecture(one).title)}]({one}.md)" for one in before]
    links += [f"[{in_markdown(architecture(one).title)} →]({one}.md)" for one in after]
    return f"{' · '.join(links)}\n{{ .crumbs }}"


def _summary(record: Architecture) -> str:
    table = lookup(record.name)
    seen = fields(table)
    entries = {
        "layers with weights": grouped(depth(table)),
        "parameters": _exact(table.parameters, "parameters"),
        "multiply-accumulates": _exact(table.macs, "MACs"),
        "activations": _exact(table.mac_activations, "elements"),
        "pixels that the last output sees": field_text(seen[-1]) if seen else "–",
    }
    items = (
        element("div", element("dt", term), element("dd", text)) for term, text in entries.items()
    )
    sizes = " × ".join(map(str, table.input_shape))
    said = f", for one image of {sizes}: {grouped(len(table))} rows."
    figures = element("dl", *items, class_="keyfigures")
    return joined([element("p", code(record.name), said), figures])


def _exact(value: int, noun: str) -> Html:
    text = scaled(value, noun)
    return exact(value, text.removesuffix(noun).strip() if noun[0].islower() else text)


def _record(record: Architecture) -> Html:
    paper = element("em", record.paper)
    entries = {
        "paper": joined([f"{record.authors}: ", paper, f". {record.venue}."]),
        "year": str(record.year),
        "taken from": f"{record.source}.",
        "differences": record.differences or "None is known.",
        "in torchvision": code(record.torchvision) if record.torchvision else "no",
        "classes": grouped(record.num_classes),
    }
    return definitions(entries.items(), class_="record")


def _links(name: str) -> str:
    links = {f"../generated/tables/{name}.csv": "all raw counts, a line for each row (CSV)"}
    if len(lookup(name)) <= LECTURE_ROWS:
        links[f"../generated/tables/{name}.lecture.csv"] = "as the lecture counts (CSV)"
    links |= {
        f"{name}.json": "rows, raw counts, edges and totals (JSON)",
        f"{name}.tex": "the table for a paper (LaTeX)",
        f"{name}.svg": "the stages (SVG)",
    }
    items = (
        element("li", element("a", text, href=path, download=True)) for path, text in links.items()
    )
    return element("ul", *items, class_="downloads")
