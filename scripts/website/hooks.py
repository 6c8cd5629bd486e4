"""What MkDocs is made to do besides: math, charts, tables and small repairs of the theme.

Each job lives in a module of its own beside this file; here they are only called in order.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from checks import policy as site_policy
from website import notebooks as site_notebooks
from website.charts import choices as site_choices
from website.charts import draw as site_charts
from website.measured import site as site_measured
from website.networks import answers as site_answers
from website.networks import files as site_networks
from website.places import ROOT
from website.theme import exits as site_exits
from website.theme import glossary as site_glossary
from website.theme import math as site_math
from website.theme import repairs as site_theme
from website.theme import revise
from website.theme import search as site_search
from website.theme import tables as site_tables

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

CODE = re.compile(
    r"<(code|pre|script|style)\b.*?</\1>|<(span|div) class=\"arithmatex\">.*?</\2>", re.DOTALL
)
_previewed = False
LEFT_OVER = re.compile(r"\{\{.{0,60}|\{%.{0,60}", re.DOTALL)


def on_startup(command: str, dirty: bool) -> None:
    """Whether this is a preview, which reloads itself by a script of its own."""
    global _previewed
    _previewed = command == "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Before all else: how notebooks are run."""
    site_notebooks.configure(config)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in docs/: the charts' scripts, downloads and the pages of networks."""
    views = site_choices.assets(
        site_measured.charts(Path(config.docs_dir) / "generated" / "charts")
    )
    told = site_answers.assets(site_answers.said())
    for uri, content in (site_charts.assets() | views | told).items():
        files.append(File.generated(config, uri, content=content))
    files.append(File.generated(config, "CITATION.cff", content=citation()))
    for uri, text in site_notebooks.downloads(config):
        files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, revise.PAGE, content=revise.markdown()))
    pages = {file.src_uri for file in files.documentation_pages()}
    for uri, content in site_networks.files(pages):
        files.append(File.generated(config, uri, content=content))
    return files


def citation() -> str:
    """The citation file of the package, as it is."""
    return (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The article of a page: its tables, its notebook and its network."""
    refuse_left_over(html, page.file.src_uri)
    root = None if page.file.src_uri == "conventions.md" else "../" * page.url.count("/")
    html = site_tables.wrap(site_notebooks.tidy(html, page, files), root)
    return site_search.spaced(site_networks.fill(html, page.file.src_uri))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The whole page: its charts, its formulas and the theme's faults."""
    where = page.file.src_uri
    charts = site_measured.CHARTS
    try:
        output = site_choices.draw(site_charts.draw(output, charts), charts)
        output = site_math.render(output)
    except (site_charts.ChartError, site_math.MathError) as error:
        raise PluginError(f"{where}: {error}") from None
    root = "../" * page.url.count("/")
    output = site_exits.placed(output, where, root)
    output = site_theme.light_tab(output) if where.startswith("networks/") else output
    return finished(site_math.link_stylesheet(output, page.url))


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """The page for addresses that lead nowhere."""
    if template_name != "404.html":
        return output_content
    return finished(site_exits.lost(output_content))


def finished(page: str) -> str:
    """A page with the theme's repairs and, where it is no preview, its policy."""
    page = site_theme.repair(page)
    return page if _previewed else site_policy.guarded(page)


def on_post_build(config: MkDocsConfig) -> None:
    """What concerns the site as a whole."""
    site_notebooks.seal()
    site = Path(config.site_dir)
    site_math.close()
    site_theme.keep_on_own_host(site)
    site_search.finish(site, site_networks.searched())
    site_glossary.explain(site)


def refuse_left_over(html: str, where: str) -> None:
    """Refuse a macro that stands on a page as it was typed.

    Raises:
        PluginError: there is one.
    """
    found = LEFT_OVER.search(CODE.sub("", html))
    if found:
        shown = " ".join(found[0].split())
        raise PluginError(
            f"{where}: '{shown}' was not rendered; put 'render_macros: true' into the page's "
            "front matter or set the text as code."
        )
