"""The macros that pages use; a page opts in with `render_macros: true` in its front matter.

Each one asks cnnref and prints; what it prints is documented in website.inline, and its HTML is
written by website.markup alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))

import cnnref
from website import (
    chapter_tables,
    figures,
    markup,
)
from website import inline as chapter_fragments
from website import (
    inline as fragments,
)
from website import (
    tables as page_tables,
)
from website.chapters import (
    answers,
    comparison_facts,
    comparison_tables,
    degradation,
)
from website.chapters import (
    conventions as conventions_page,
)
from website.chapters import examples as site_examples
from website.chapters import (
    history as history_facts,
)
from website.chapters import peers as site_peers
from website.chapters import sources as site_sources
from website.chapters import zoo as site_zoo
from website.charts import choices as site_choices
from website.charts import draw as site_charts
from website.errata import page as errata_page
from website.facts import lookup
from website.measured import site as site_measured
from website.networks import files as site_networks
from website.networks import index as network_index
from website.places import GENERATED


def define_env(env: Any) -> None:
    """Called by the macros plugin: every function here is a name in the pages."""
    for name, function in (MACROS | site_measured.MACROS).items():
        env.macro(function, name)

    def erratum(key: str) -> str:
        return errata_page.mark(key, "../" * env.page.url.count("/"))

    def passage(key: str) -> str:
        return site_sources.passage(key, "../" * env.page.url.count("/"))

    env.macro(erratum)
    env.macro(passage)


def chart(key: str, title: str, description: str) -> str:
    """A figure drawn from docs/generated/charts/KEY.vl.json; the description is its text form."""
    return site_charts.placeholder(key, title, description)


def choice(key: str, title: str) -> str:
    """A figure whose view the reader chooses, from docs/generated/charts/KEY.choices.json."""
    return site_choices.placeholder(key, title)


def books(what: str) -> str:
    """How far the two books agree over the catalogue: "networks", "rows", "compared", "differing".

    A row that is compared at several input sizes counts once in "rows", each time in "compared".
    """
    records = list(_records().values())
    totals = {
        "networks": len(records),
        "rows": sum(int(record["rows"]) for record in records),
        "compared": sum(
            int(record["rows"]) * len(record["sizes_compared"].split()) for record in records
        ),
        "differing": sum(int(record["rows_differing"]) for record in records),
    }
    return markup.data(totals[what], f"{totals[what]:,}")


def _records() -> dict[str, dict[str, str]]:
    return site_networks.records(GENERATED)


def explained(key: str, row: str, convention: str = "macs") -> str:
    """The formula of one row with its numbers put in, as the package prints it."""
    return lookup(key)[row].explain(convention)


def agree(*names: str) -> str:
    """The stamp: how many rows of each network agree with PyTorch, and at which sizes."""
    records = _records()
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
    # a long network is published row by row as raw counts alone
    found = {text: path for text, path in links.items() if (GENERATED.parent / path).is_file()}
    items = markup.joined(
        (markup.element("a", text, href=path, download=True) for text, path in found.items()), ", "
    )
    said = f"Download {lookup(key).name}: "
    return markup.element("p", said, items, ".", class_="downloads")


def networks() -> str:
    """The catalogue by families, each network linked to its page."""
    return network_index.families(cnnref.names())


def index_of_networks() -> str:
    """Every network with its costs, linked to its page; only on a page in networks/."""
    return network_index.network_index(cnnref.names(), site_networks.records(GENERATED))


def every_answer(key: str) -> str:
    """What each source says of a network, this one open, and the others to choose from."""
    return answers.answers(key, site_peers.said())


MACROS = {
    "accuracy_place": comparison_facts.accuracy_place,
    "agree": agree,
    "answers": every_answer,
    "arithmetic": page_tables.arithmetic,
    "block_count": chapter_fragments.block_count,
    "block_drawing": figures.block_drawing,
    "block_drawings": figures.block_drawings,
    "blocks": chapter_tables.blocks,
    "books": books,
    "break_even": chapter_fragments.break_even,
    "challenge": history_facts.challenge,
    "challenge_table": comparison_tables.challenge_table,
    "challenge_tex": history_facts.challenge_tex,
    "chart": chart,
    "choice": choice,
    "cifar_family": chapter_tables.cifar_family,
    "cited": comparison_facts.cited,
    "cited_errors": chapter_tables.cited_errors,
    "comparison_table": comparison_tables.comparison_table,
    "conventions_table": page_tables.conventions_table,
    "copied": degradation.copied,
    "costs": chapter_tables.costs,
    "count": comparison_facts.count,
    "counted": conventions_page.counted,
    "degradation_checks": degradation.degradation_checks,
    "degradation_machine": degradation.degradation_machine,
    "degradation_table": degradation.degradation_table,
    "depth": comparison_facts.depth,
    "depth_table": comparison_tables.depth_table,
    "depth_tex": comparison_facts.depth_tex,
    "difference": chapter_fragments.difference,
    "downloads": downloads,
    "drop": history_facts.drop,
    "drop_tex": history_facts.drop_tex,
    "ensemble_cost": history_facts.ensemble_cost,
    "ensemble_table": history_facts.ensemble_table,
    "errata_besides": errata_page.besides,
    "errata_count": errata_page.count,
    "errata_items": errata_page.items,
    "errata_tables": errata_page.tables,
    "slides": errata_page.slides,
    "even_batch": comparison_facts.even_batch,
    "held_numbers": comparison_facts.held_numbers,
    "excerpt": chapter_tables.excerpt,
    "explained": explained,
    "field": chapter_fragments.field,
    "front": comparison_facts.front,
    "googlenet_table1": page_tables.googlenet_table1,
    "human_error": history_facts.human_error,
    "inception_savings": chapter_tables.inception_savings,
    "intensity": comparison_facts.intensity,
    "interval": site_sources.interval,
    "joined_tex": chapter_fragments.joined_tex,
    "kernels": comparison_facts.kernels,
    "largest_drop": history_facts.largest_drop,
    "later_table": comparison_tables.later_table,
    "memories": conventions_page.memories,
    "memory_table": comparison_tables.memory_table,
    "more": chapter_fragments.more,
    "most": comparison_facts.most,
    "n": fragments.number,
    "network_index": index_of_networks,
    "network_strip": figures.network_strip,
    "networks": networks,
    "not_rebuilt": page_tables.not_rebuilt,
    "output": site_examples.output,
    "papers": site_sources.papers,
    "passages": site_sources.passages,
    "padding": conventions_page.padding,
    "padding_stages": conventions_page.padding_stages,
    "peak": chapter_fragments.peak,
    "peer": site_peers.peer,
    "peer_features": site_peers.features_table,
    "peer_growth": site_peers.growth_table,
    "peer_machine": site_peers.machine,
    "peer_processes": site_peers.process_table,
    "peer_state": site_peers.state_table,
    "peer_times": site_peers.times_table,
    "peer_totals": site_peers.totals_table,
    "peer_trials": site_peers.trials_table,
    "per": comparison_facts.per,
    "place": comparison_facts.place,
    "rank_correlation": comparison_facts.rank_correlation,
    "ratio": fragments.ratio_of,
    "records": page_tables.records,
    "said": conventions_page.said,
    "saved": fragments.saved,
    "separable_share": comparison_facts.separable_share,
    "setting": degradation.setting,
    "share": fragments.share,
    "spread": history_facts.spread,
    "stack": fragments.stack,
    "stack_depth": fragments.stack_depth,
    "stacks": figures.stacks,
    "stages": page_tables.stages,
    "t": fragments.tex_number,
    "table": table,
    "tex": fragments.tex,
    "top1": comparison_facts.top1,
    "terminal": site_examples.terminal,
    "totals": page_tables.totals,
    "trained": degradation.trained,
    "unit": fragments.unit,
    "variants": page_tables.differing_rows,
    "words": fragments.words,
    "zoo": site_zoo.zoo,
    "zoo_exceptions": site_zoo.exceptions,
    "zoo_families": site_zoo.families,
    "zoo_finder": site_zoo.finder,
}
