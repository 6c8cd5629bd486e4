"""Notebooks under docs/notebooks: a cache that follows the package, and tidier pages."""

from __future__ import annotations

import hashlib
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("torch", "pandas", "altair", "nbconvert", "jupytext", "mkdocs-jupyter")
WRAPPER = '<div class="jupyter-wrapper">'
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
CELL = re.compile(r'id="cell-id=[^"]*"')
_styles: dict[str, str] = {}


def configure(config: MkDocsConfig) -> None:
    """Key the notebooks' cache on the package and the versions, not on the notebook alone."""
    plugin = config.plugins.get("mkdocs-jupyter")
    if plugin is not None:
        plugin.config["cache_dir"] = str(ROOT / ".cache" / "notebooks" / package_hash()[:16])
        os.environ["IPYTHONDIR"] = str(ROOT / ".cache" / "ipython")


def package_hash() -> str:
    digest = hashlib.sha256(" ".join(f"{name}={version(name)}" for name in VERSIONS).encode())
    for path in sorted((ROOT / "cnnref").rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tidy(page: str, url: str) -> str:
    """Share the notebook stylesheet between pages and number the cells instead of random ids."""
    head, wrapper, body = page.partition(WRAPPER)
    if not wrapper:
        return page
    css = "\n".join(STYLE.findall(head))
    name = f"assets/notebook-{hashlib.sha256(css.encode()).hexdigest()[:8]}.css"
    _styles[name] = css
    count = iter(range(1, 10_000))
    body = CELL.sub(lambda _: f'id="cell-{next(count)}"', body)
    link = f'<link rel="stylesheet" href="{"../" * url.count("/")}{name}">'
    return link + STYLE.sub("", head) + wrapper + body


def write_styles(site: Path) -> None:
    for name, css in sorted(_styles.items()):
        (site / name).write_text(css, encoding="utf-8")
