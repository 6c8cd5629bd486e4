"""Runs of the notebooks, each kept for as long as all that it read is the same.

A kernel takes down what it reads of the package: modules, data and the folders that it looked into.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mkdocs.exceptions import PluginError

from cnnref.files import write
from website import places
from website.kept import noted
from website.kept.reads import Reads, below, noticed, noting
from website.kept.shelf import digest

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["RUNS", "begin", "configure", "end", "take"]

RUNS = Reads("notebooks")
# what a run lets a page be
Ran = dict[str, Any]
RAN = ("content", "toc", "title")
# what gives the run of a notebook, by its address
_runs: dict[str, Callable[[], Ran]] = {}


def configure(config: MkDocsConfig) -> None:
    """Let each kernel take down what it reads, and nothing be kept that does not go by it."""
    plugin = config.plugins.get("mkdocs-jupyter")
    if plugin is None:
        return
    plugin.config["cache"] = False
    # neither the reader's own settings nor another Python's kernel may have a say in the pages
    for name, place in (("IPYTHONDIR", "ipython"), ("JUPYTER_CONFIG_DIR", "jupyter")):
        own = places.SCRATCH / place
        own.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(own)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # by which compiled code would lie elsewhere
    os.environ.pop("PYTHONPYCACHEPREFIX", None)
    first = places.SCRATCH / "ipython" / "profile_default" / "startup" / "first.py"
    first.parent.mkdir(parents=True, exist_ok=True)
    write(first, f"__import__('runpy').run_path({noted.__file__!r})['note']()\n".encode())


def begin(config: MkDocsConfig, files: Files) -> None:
    """Run those that read what is no longer so, one after another beside all else."""
    plugin = config.plugins.get("mkdocs-jupyter")
    _runs.clear()
    if plugin is None:
        return
    notes = noting("notebooks")
    for page in files.documentation_pages():
        if page.src_uri.endswith(".py"):
            _runs[page.src_uri] = _run(Path(str(page.abs_src_path)), dict(plugin.config), notes)


def take(page: Page) -> str:
    """Let a page be its notebook as it was run, and say what that comes to."""
    found = _runs[page.file.src_uri]()
    for name, value in found.items():
        setattr(page, name, value)
    page.render = lambda config, files: None  # type: ignore[method-assign]
    return digest(found["content"], found["title"])


def end() -> None:
    """Run nothing more."""
    if _beside.cache_info().currsize:
        _beside().shutdown(wait=False, cancel_futures=True)
        _beside.cache_clear()


def _run(source: Path, settings: dict[str, Any], notes: Path) -> Callable[[], Ran]:
    root = places.ROOT
    # of these a kernel takes the first that it finds, whatever the package holds
    first = sorted(map(str, (*root.glob("*.py"), *root.glob("*/__init__.py"))))
    told = digest(source.read_bytes(), first, sorted(settings.items()))
    kept: Ran | None = RUNS.find(told)
    if kept is not None:
        return lambda: kept
    future = _beside().submit(_ran, source, settings, notes)

    def fresh() -> Ran:
        ran, found = future.result()
        read = below(found, root / "cnnref")
        # it took nothing down, or has another package
        if not read:
            raise PluginError(f"{source.name}: the kernel reads nothing of {root / 'cnnref'}.")
        RUNS.keep(told, read, ran)
        return ran

    return fresh


@cache
def _beside() -> ProcessPoolExecutor:
    """A process for runs alone: the one that makes pages runs code of their own meanwhile."""
    return ProcessPoolExecutor(1, get_context("spawn"), _end_with_it)


def _end_with_it() -> None:
    """Let this process end when the one does that started it, however that ends."""
    started_by = parent_process()
    assert started_by is not None

    def watch() -> None:
        started_by.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _ran(source: Path, settings: dict[str, Any], notes: Path) -> tuple[Ran, list[str]]:
    """What a run lets a page be, and what its kernel took down."""
    from mkdocs_jupyter.plugin import Plugin

    write(notes, b"")
    os.environ[noted.NOTES] = str(notes)
    plugin = Plugin()
    plugin.config = settings
    file = SimpleNamespace(abs_src_path=str(source), src_path=source.name)
    page: Any = SimpleNamespace(file=file, abs_url="")
    plugin.on_pre_page(page, config=None, files=None)
    page.render(None, None)
    return {name: getattr(page, name) for name in RAN}, noticed(notes)
