"""TeX to HTML and MathML at build time: KaTeX in an embedded JavaScript engine.

The reader runs no script for it, and a formula that KaTeX refuses fails the build.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from typing import Any

from website.kept.shelf import WORK
from website.markup import Html, element
from website.places import SCRIPTS

KATEX = SCRIPTS / "vendor" / "katex" / "katex.min.js"
STYLESHEET = "assets/vendor/katex/katex.min.css"
# as Markdown marks it and `theme.notebooks` too, without tags inside; a parser would read all the
# drawings of a page to find it
FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>([.,;:!?)]*)', re.DOTALL)
# a formula of so few letters stays on a line with the stop behind it; a longer one has to break
SHORT = 24
# where the head of a page ends
END = "</head>"
TEX = re.compile(r"\\[(\[](.*)\\[)\]]", re.DOTALL)
TAG = re.compile(r"</?[A-Za-z][^<>]*>")
CALL = (
    "(() => {{ try {{ return katex.renderToString({tex}, {{displayMode: {display}, "
    "throwOnError: true, strict: 'error', output: 'htmlAndMathml'}}) }} "
    "catch (e) {{ return 'ERROR ' + e.message }} }})()"
)
# the formula's source, which KaTeX hides in what it says to screen readers
SOURCE = re.compile(
    r"<semantics>(?:<mrow>)?|(?:</mrow>)?<annotation[^>]*>.*?</annotation></semantics>", re.DOTALL
)
# KaTeX marks the faulty part of a formula with it, which terminals show badly.
UNDERLINE = "\N{COMBINING LOW LINE}"
_engines: list[Any] = []


class MathError(ValueError):
    """A formula that cannot be set."""


def render(page: str) -> str:
    """Replace every formula that Markdown marked in the page."""
    return FORMULA.sub(lambda match: _stopped(formula(match[2]), *match.groups()), page)


def _stopped(shown: str, tag: str, marked: str, stop: str) -> str:
    if not stop or tag != "span" or len(marked) > SHORT:
        return shown + stop
    return element("span", Html(shown + stop), class_="unbroken")


def formula(marked: str) -> str:
    """One formula, from what the Markdown extension leaves of it.

    Raises:
        MathError: it holds HTML, or has no delimiters.
    """
    if TAG.search(marked):
        raise MathError(f"HTML stands inside the formula '{html.unescape(marked).strip()}'")
    text = html.unescape(marked).strip()
    tex = TEX.fullmatch(text)
    if tex is None:
        raise MathError(f"the formula '{text}' has no delimiters")
    if TAG.search(tex[1]):
        raise MathError(
            f"HTML stands inside the formula '{tex[1].strip()}'; print the bare number there"
        )
    return convert(tex[1].strip(), display=text.startswith("\\["))


@cache
def convert(tex: str, *, display: bool) -> str:
    """TeX as KaTeX's HTML.

    Raises:
        MathError: KaTeX does not understand it.
    """
    WORK["formulas"] += 1
    call = CALL.format(tex=json.dumps(tex), display=str(display).lower())
    answer = SOURCE.sub("", str(engine().eval(call)).replace(UNDERLINE, ""))
    if answer.startswith("ERROR "):
        raise MathError(f"the formula '{tex}' is not valid TeX: {answer.removeprefix('ERROR ')}")
    return answer


def engine() -> Any:
    """KaTeX, started once for all formulas."""
    if not _engines:
        from py_mini_racer import MiniRacer

        _engines.append(MiniRacer())
        _engines[0].eval(KATEX.read_text(encoding="utf-8"))
    return _engines[0]


def close() -> None:
    """End KaTeX, whose memory is its own."""
    while _engines:
        _engines.pop().close()


def link_stylesheet(page: str, url: str) -> str:
    """Give a page KaTeX's stylesheet when it has a formula."""
    if 'class="katex' not in page:
        return page
    link = element("link", rel="stylesheet", href="../" * url.count("/") + STYLESHEET)
    return page.replace(END, link + END)
