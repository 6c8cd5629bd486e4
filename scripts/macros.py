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

import cnnref
from cnnref import fragments, page_tables
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


MACROS = {
    "agree": agree,
    "arithmetic": page_tables.arithmetic,
    "chart": chart,
    "conventions_table": page_tables.conventions_table,
    "downloads": downloads,
    "googlenet_table1": page_tables.googlenet_table1,
    "n": fragments.number,
    "networks": networks,
    "not_rebuilt": page_tables.not_rebuilt,
    "ratio": fragments.ratio_of,
    "records": page_tables.records,
    "saved": fragments.saved,
    "share": fragments.share,
    "stack": fragments.stack,
    "stages": page_tables.stages,
    "t": fragments.tex_number,
    "table": table,
    "tex": fragments.tex,
    "totals": page_tables.totals,
    "unit": fragments.unit,
    "variants": page_tables.differing_rows,
    "words": fragments.words,
}
