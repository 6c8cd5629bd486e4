"""Charts whose view the reader chooses: the first view in the page, the others in a script.

KEY.choices.json in docs/generated/charts/ lists the questions and the views. The page holds the
questions, which are shown where scripts run, and the first view; the script
assets/charts/KEY.js holds the drawings of all views, and is loaded when the reader first chooses.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

from cnnref.files import json_of
from website.charts import draw as site_charts
from website.charts.draw import ChartError
from website.kept import reach
from website.kept import shelf as kept
from website.markup import Html, element

ENDING = ".choices.json"
SCRIPTS = kept.Shelf("views of charts")


def placeholder(key: str, title: str) -> str:
    """What a page holds until the build puts the first view and the questions in."""
    return element("figure", element("figcaption", title), class_="chart", data_choice=key)


# as this file writes it, with anything in its two places
FIGURE = re.compile(placeholder("(.*?)", title="(.*?)"), re.DOTALL)


def draw(page: str, folder: Path) -> str:
    """Replace every placeholder in the page by its figure."""
    return FIGURE.sub(lambda match: figure(folder, *map(html.unescape, match.groups())), page)


def told(page: str, folder: Path) -> list[str]:
    """All that is known of the charts with choices that a page holds, as text."""
    keys = [html.unescape(match[1]) for match in FIGURE.finditer(page)]
    paths = [path for key in keys for path in sorted(folder.glob(f"{key}*.json"))]
    return [path.read_text(encoding="utf-8") for path in paths]


def figure(folder: Path, key: str, title: str) -> Html:
    """One figure with its questions."""
    choice = read_choice(folder, key)
    first = choice["views"][0]
    spec = site_charts.read_spec(folder, first["chart"])
    data = json.dumps(spec | {"config": site_charts.STYLE}, separators=(",", ":"))
    label = f"{title.rstrip('.')}. {first['description']}"
    return element(
        "figure",
        element("figcaption", title),
        form(key, title, choice["questions"], first["answers"]),
        site_charts.view(drawings_of(spec, key), label, data),
        element("p", first["note"], class_="chart-note", aria_live="polite"),
        class_="chart",
        id=f"chart-{key}",
        data_choice=key,
        data_views=partly(choice),
    )


def form(key: str, title: str, questions: list[dict[str, Any]], answers: list[str]) -> Html:
    """The questions as groups of radio buttons, which the arrow keys move through."""
    groups = (
        question_group(key, question, answer)
        for question, answer in zip(questions, answers, strict=True)
    )
    label = f"{title}: choose what is shown"
    return element("form", *groups, class_="chart-choices", aria_label=label)


def question_group(key: str, question: dict[str, Any], answer: str) -> Html:
    """One question with its answers, of which one is given."""
    options, name = question["options"], f"{key}-{question['key']}"
    labels = (
        element("label", radio(name, value, chosen=value == answer), f" {text}")
        for value, text in options
    )
    # a question with one answer is not asked
    return element("fieldset", element("legend", question["legend"]), *labels,
                   hidden=len(options) == 1)  # fmt: skip


def radio(name: str, value: str, *, chosen: bool) -> Html:
    """A button of which one in its group is pressed."""
    return element("input", type="radio", name=name, value=value, checked=chosen)


def partly(choice: dict[str, Any]) -> str | None:
    """Which answers have a view together, where not all have."""
    known = [" ".join(view["answers"]) for view in choice["views"]]
    if len(known) == prod(len(question["options"]) for question in choice["questions"]):
        return None
    return json.dumps(known)


def read_choice(folder: Path, key: str) -> dict[str, Any]:
    """The views of a chart and how they are chosen.

    Raises:
        ChartError: there is no such file.
    """
    path = folder / f"{key}{ENDING}"
    if not path.is_file():
        raise ChartError(f"the chart '{key}' has no file {path.name}; run scripts/generate")
    choice: dict[str, Any] = json_of(path)
    return choice


def assets(folder: Path) -> dict[str, str]:
    """For each chart with choices a script that holds its views: drawings, specs and words."""
    keys = sorted(path.name.removesuffix(ENDING) for path in folder.glob(f"*{ENDING}"))
    drawn_of = kept.digest(
        reach.modules("website.charts.choices", named=False), kept.files([folder])
    )
    scripts: dict[str, str] = SCRIPTS.get(
        drawn_of, lambda: {f"assets/charts/{key}.js": script(folder, key) for key in keys}
    )
    return scripts


def script(folder: Path, key: str) -> str:
    """What the page loads when a reader chooses: all views of a chart."""
    views = {
        " ".join(view["answers"]): view_of(folder, key, view)
        for view in read_choice(folder, key)["views"]
    }
    data = json.dumps(views, ensure_ascii=False, separators=(",", ":"))
    return f'(window.cnnrefViews ??= {{}})["{key}"] = {data};\n'


def view_of(folder: Path, key: str, view: dict[str, Any]) -> dict[str, Any]:
    """One view: its spec, its words and its drawings."""
    spec = site_charts.read_spec(folder, view["chart"])
    return {
        "spec": spec | {"config": site_charts.STYLE},
        "note": view["note"],
        "description": view["description"],
        **drawings_of(spec, key),
    }


def drawings_of(spec: dict[str, Any], key: str) -> dict[str, str]:
    """A spec drawn at each width."""
    return {
        size: site_charts.svg(spec, width, f"{key}-{size[0]}")
        for size, width in site_charts.WIDTHS.items()
    }


MACROS: Mapping[str, Callable[..., object]] = {"choice": placeholder}
