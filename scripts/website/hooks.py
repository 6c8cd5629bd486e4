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
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

from checks import policy as site_policy
from website.charts import choices as site_choices
from website.charts import draw as site_charts
from website.hands import equipment as site_equipment
from website.hands import playground as site_playground
from website.hands import what_if as site_what_if
from website.kept.shelf import previewed
from website.measured import site as site_measured
from website.networks import answers as site_answers
from website.networks import files as site_networks
from website.pages import Pages
from website.places import ROOT
from website.teaching import sheets
from website.teaching import slides as site_slides
from website.theme import exits as site_exits
from website.theme import glossary as site_glossary
from website.theme import math as site_math
from website.theme import notebooks as site_notebooks
from website.theme import prose, revise, runs
from website.theme import repairs as site_theme
from website.theme import search as site_search
from website.theme import tables as site_tables

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page
    from mkdocs.utils.templates import TemplateContext

CODE = re.compile(
    r"<(code|pre|script|style)\b.*?</\1>|<(span|div) class=\"arithmatex\">.*?</\2>", re.DOTALL
)
LEFT_OVER = re.compile(r"\{\{.{0,60}|\{%.{0,60}", re.DOTALL)
# what a build asks of these it asks for all that there is
SWEPT = (
    site_choices.SCRIPTS,
    site_measured.KEPT,
    site_answers.SCRIPTS,
    site_networks.FRAMES,
    site_networks.OFFERED,
    site_networks.SEARCHED,
    site_networks.LISTINGS,
    site_slides.DECKS,
    site_what_if.GRIDS,
    runs.RUNS,
)
# those of the build at work
_pages: list[Pages] = []
_nav: list[Navigation] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Before all else: how notebooks are run, and that a preview shows an error of a macro."""
    runs.configure(config)
    config.plugins["macros"].config["on_error_fail"] = not previewed()
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in docs/: the charts' scripts, downloads and the pages of networks."""
    runs.begin(config, files)
    views = site_choices.assets(
        site_measured.charts(Path(config.docs_dir) / "generated" / "charts")
    )
    told = site_answers.assets(site_answers.said())
    cases = site_what_if.assets()
    for uri, content in (site_charts.assets() | views | told | cases).items():
        files.append(File.generated(config, uri, content=content))
    for uri, data in site_playground.assets().items():
        files.append(File.generated(config, uri, content=data))
    files.append(File.generated(config, "CITATION.cff", content=citation()))
    for uri, text in site_notebooks.downloads(config):
        files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, revise.PAGE, content=revise.markdown()))
    for uri, solved in ((sheets.SHEET, False), (sheets.ANSWERS, True)):
        files.append(File.generated(config, uri, content=sheets.sheet(solved=solved)))
    pages = {file.src_uri for file in files.documentation_pages()}
    for uri, content in site_networks.files(pages):
        files.append(File.generated(config, uri, content=content))
    _pages[:] = [Pages(config, files)]
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """The navigation, which stands on every page."""
    _nav[:] = [nav]
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Behind the macros: a page that is as it was is not set again."""
    _pages[0].read(page, markdown)
    return markdown


def citation() -> str:
    """The citation file of the package, as it is."""
    return (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The article of a page: its tables, its notebook and its network."""
    if _pages[0].is_set(page):
        return html
    html = article(html, page, files)
    _pages[0].keep_article(page, html)
    return html


def article(html: str, page: Page, files: Files) -> str:
    """What Markdown made of a page with all that it cannot make."""
    refuse_left_over(html, page.file.src_uri)
    root = None if page.file.src_uri == "conventions.md" else "../" * page.url.count("/")
    own = page.file.src_uri
    html = site_notebooks.tidy(html, page, files, site_playground.opened(own))
    html = site_tables.wrap(html, root)
    html = prose.noted(prose.linked(html, own, "../" * page.url.count("/")))
    html = sheets.abreast(sheets.levelled(prose.contents(html, sections(page))))
    return site_search.spaced(site_networks.fill(html, page.file.src_uri))


@event_priority(-200)  # behind those that follow references
def on_env(env: Environment, config: MkDocsConfig, files: Files) -> Environment:
    """Before the theme writes the pages: those that are as they were are left out."""
    return _pages[0].skip(env, _nav[0], site_measured.CHARTS)


@event_priority(100)  # before the search reads the page
def on_page_context(
    context: TemplateContext, page: Page, config: MkDocsConfig, nav: Navigation
) -> TemplateContext:
    """A page that is as it was has its entries of the search already."""
    if _pages[0].enter(page):
        page.content = ""
    return context


def sections(page: Page) -> list[tuple[str, str]]:
    """The title and the address of each section of a page."""
    return [(entry.title, entry.url) for top in page.toc for entry in top.children]


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The whole page: its charts, its formulas and the theme's faults."""
    html = _pages[0].kept(page)
    if html is None:
        html = whole(output, page)
        _pages[0].keep_page(page, html)
    return site_policy.guarded(html)


def whole(output: str, page: Page) -> str:
    """A page as the theme wrote it, with all that the theme cannot write."""
    where = page.file.src_uri
    charts = site_measured.CHARTS
    try:
        output = site_choices.draw(site_charts.draw(output, charts), charts)
        output = site_math.render(output)
    except (site_charts.ChartError, site_math.MathError) as error:
        raise PluginError(f"{where}: {error}") from None
    root = "../" * page.url.count("/")
    output = site_equipment.equipped(
        site_exits.placed(output, where, root, site_slides.address(where)), root
    )
    output = site_theme.light_tab(output) if where.startswith("networks/") else output
    return site_theme.repair(site_math.link_stylesheet(output, page.url))


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """The page for addresses that lead nowhere."""
    if template_name != "404.html":
        return output_content
    return site_policy.guarded(site_theme.repair(site_exits.lost(output_content)))


def on_post_build(config: MkDocsConfig) -> None:
    """What concerns the site as a whole."""
    print(_pages[0].work(), flush=True)
    _pages[0].sweep()
    runs.end()
    site = Path(config.site_dir)
    site_math.close()
    site_theme.repair_scripts(site)
    site_theme.repair_styles(site)
    site_theme.shorten_styles(site)
    site_search.finish(site, site_networks.searched())
    site_glossary.explain(site)
    site_slides.write(site, site_policy.guarded)
    for shelf in SWEPT:
        shelf.sweep()


def on_build_error(error: Exception) -> None:
    """Nobody waits for what runs beside a build that has failed."""
    runs.end()


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
