"""The macros that pages use; a page opts in with `render_macros: true` in its front matter.

Each stands in the file of its page, or with its kind where several pages use it. Here they are
gathered.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))

from website import inline, tables
from website.chapters import (
    after,
    alexnet,
    batch_norm,
    built,
    commands,
    count,
    history,
    peers,
    reading,
    slips,
    sources,
    vgg,
    zfnet,
    zoo,
)
from website.chapters.complexity import page as complexity
from website.chapters.conventions import operators
from website.chapters.conventions import page as conventions
from website.chapters.googlenet import page as googlenet
from website.chapters.resnet import page as resnet
from website.chapters.windows import convolution as windows
from website.chapters.windows import one_by_one
from website.charts import choices, draw, drawings
from website.errata import page as errata
from website.experiments import charts as experiment_charts
from website.experiments import claims as experiment_claims
from website.experiments import page as experiments
from website.hands import coding, convolution, exercises, playground, what_if
from website.measured import site as measured
from website.networks import beside, index

# what several pages use, by its kind
SHARED = (
    inline, tables, beside, choices, coding, convolution, draw, drawings, exercises,
    experiment_charts, experiment_claims, what_if,
)  # fmt: skip
# what one page uses
PAGES: Mapping[str, ModuleType] = {
    "after": after,
    "alexnet": alexnet,
    "batch_norm": batch_norm,
    "built": built,
    "complexity": complexity,
    "conventions": conventions,
    "convolution": windows,
    "count": count,
    "errata": errata,
    "experiments": experiments,
    "googlenet": googlenet,
    "history": history,
    "index": index,
    "measured": measured,
    "one_by_one": one_by_one,
    "operators": operators,
    "peers": peers,
    "playground": playground,
    "reading": reading,
    "reference/commands": commands,
    "resnet": resnet,
    "slips": slips,
    "sources": sources,
    "vgg": vgg,
    "zfnet": zfnet,
    "zoo": zoo,
}


def gathered(modules: Iterable[ModuleType]) -> dict[str, Callable[..., object]]:
    """The macros of some modules by their names.

    Raises:
        ValueError: two of them export one name.
    """
    found: dict[str, Callable[..., object]] = {}
    for module in modules:
        twice = found.keys() & module.MACROS.keys()
        if twice:
            raise ValueError(f"{module.__name__}: there is another macro {min(twice)}.")
        found |= module.MACROS
    return found


MODULES = (*SHARED, *PAGES.values())
MACROS = gathered(MODULES)
# where each stands, also those that are put together below
HOMES: Mapping[str, str] = {
    **{name: module.__name__ for module in MODULES for name in module.MACROS},
    **dict.fromkeys(("erratum", "slides", "stated"), errata.__name__),
    **dict.fromkeys(("passage", "printed"), sources.__name__),
}


def define_env(env: Any) -> None:
    """Called by the macros plugin: every function here is a name in the pages."""
    env.homes = HOMES
    for name, function in MACROS.items():
        env.macro(function, name)

    def erratum(key: str) -> str:
        return errata.mark(key, "../" * env.page.url.count("/"))

    def passage(key: str) -> str:
        return sources.passage(key, "../" * env.page.url.count("/"))

    env.macro(erratum)
    env.macro(passage)
    env.macro(errata.slides)
    env.macro(errata.stated)
    env.macro(sources.printed)
