"""The macros that pages use; a page opts in with `render_macros: true` in its front matter.

Each one asks cnnref and prints; what it prints is documented in cnnref.fragments.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent))

import site_charts
import site_networks

import cnnref
from cnnref import figures, fragments, network_index, page_tables
from cnnref.facts import lookup

GENERATED = Path(__file__).resolve().parent.parent / "docs" / "generated"


def define_env(env: Any) -> None:
    """Called by the macros plugin: every function here is a name in the pages."""
    for name, function in MACROS.items():
        env.macro(function, name)


def chart(key: str, title: str, description: str) -> str:
    """A figure drawn from docs/generated/charts/KEY.vl.json; the description is its text form."""
    return site_charts.placeholder(key, title, description)


def agree(*names: str) -> str:
    """The stamp: how many rows of each network agree with PyTorch, and at which sizes."""
    with (GENERATED / "networks.csv").open(encoding="utf-8", newline="") as file:
        records = {record["name"]: record for record in csv.DictReader(file)}
    return page_tables.agreement_line([records[name] for name in names])


def table(key: str, convention: str = "lecture") -> str:
    """The table of a network, each row's name linked to its arithmetic below."""
    return page_tables.ledger(key, convention)


def downloads(key: str) -> str:
    """Links to the generated files of one table."""
    name = key.replace("@", "_")
    links = {
        "all raw counts (CSV)": f"generated/tables/{name}.csv",
        "the table as shown (CSV)": f"generated/tables/{name}.lecture.csv",
    }
    items = ", ".join(f'<a href="{path}" download>{text}</a>' for text, path in links.items())
    return f'<p class="downloads">Download {lookup(key).name}: {items}.</p>'


def networks() -> str:
    """The catalogue with its totals."""
    return page_tables.catalogue(cnnref.names())


def index_of_networks() -> str:
    """Every network with its costs, linked to its page; only on a page in networks/."""
    return network_index.network_index(cnnref.names(), site_networks.records(GENERATED))


MACROS = {
    "agree": agree,
    "arithmetic": page_tables.arithmetic,
    "block_drawing": figures.block_drawing,
    "block_drawings": figures.block_drawings,
    "chart": chart,
    "conventions_table": page_tables.conventions_table,
    "downloads": downloads,
    "n": fragments.number,
    "network_index": index_of_networks,
    "network_strip": figures.network_strip,
    "networks": networks,
    "not_rebuilt": page_tables.not_rebuilt,
    "ratio": fragments.ratio_of,
    "records": page_tables.records,
    "saved": fragments.saved,
    "share": fragments.share,
    "stack": fragments.stack,
    "stacks": figures.stacks,
    "stages": page_tables.stages,
    "t": fragments.tex_number,
    "table": table,
    "tex": fragments.tex,
    "totals": page_tables.totals,
    "unit": fragments.unit,
    "variants": page_tables.differing_rows,
    "words": fragments.words,
}
