"""Charts whose view the reader chooses: the first view in the page, the others in a script.

KEY.choices.json in docs/generated/charts/ lists the questions and the views. The page holds the
questions, hidden until the script site.js shows them, and the first view; the script
assets/charts/KEY.js holds the drawings of all views, and is loaded when the reader first chooses.
"""

from __future__ import annotations

import html
import json
import re
from math import prod
from pathlib import Path
from typing import Any

from cnnref.files import json_of
from website.charts import draw as site_charts
from website.charts.draw import ChartError

FIGURE = re.compile(
    r'<figure class="chart" data-choice="([^"]*)"><figcaption>(.*?)</figcaption></figure>',
    re.DOTALL,
)
ENDING = ".choices.json"


def placeholder(key: str, title: str) -> str:
    """What a page holds until the build puts the first view and the questions in."""
    key, title = (html.escape(text, quote=True) for text in (key, title))
    return f'<figure class="chart" data-choice="{key}"><figcaption>{title}</figcaption></figure>'


def draw(page: str, folder: Path) -> str:
    """Replace every placeholder in the page by its figure."""
    return FIGURE.sub(lambda match: figure(folder, match[1], match[2]), page)


def figure(folder: Path, key: str, title: str) -> str:
    """One figure with its questions; the title comes in escaped."""
    choice = read_choice(folder, key)
    first = choice["views"][0]
    spec = site_charts.read_spec(folder, first["chart"])
    data = json.dumps(spec | {"config": site_charts.STYLE}, separators=(",", ":"))
    label = f"{html.unescape(title).rstrip('.')}. {first['description']}"
    drawings = "".join(
        f'<div class="chart-{size}" aria-hidden="true">{drawing}</div>'
        for size, drawing in drawings_of(spec, key).items()
    )
    return (
        f'<figure class="chart" id="chart-{key}" data-choice="{key}"{partly(choice)}>'
        f"<figcaption>{title}</figcaption>"
        f"{form(key, title, choice['questions'], first['answers'])}"
        f'<div class="chart-view" role="img" aria-label="{html.escape(label, quote=True)}" '
        f'data-spec="{html.escape(data, quote=True)}">'
        f'<div class="chart-static">{drawings}</div></div>'
        f'<p class="chart-note" aria-live="polite">{html.escape(first["note"])}</p></figure>'
    )


def form(key: str, title: str, questions: list[dict[str, Any]], answers: list[str]) -> str:
    """The questions as groups of radio buttons, which the arrow keys move through."""
    groups = "".join(
        # a question with one answer is not asked
        f"<fieldset{' hidden' * (len(question['options']) == 1)}>"
        f"<legend>{html.escape(question['legend'])}</legend>"
        + "".join(
            f'<label><input type="radio" name="{key}-{question["key"]}" value="{value}"'
            f"{' checked' if value == answer else ''}> {html.escape(text)}</label>"
            for value, text in question["options"]
        )
        + "</fieldset>"
        for question, answer in zip(questions, answers, strict=True)
    )
    label = f"{title}: choose what is shown"
    return f'<form class="chart-choices" aria-label="{label}" hidden>{groups}</form>'


def partly(choice: dict[str, Any]) -> str:
    """Which answers have a view together, where not all have."""
    known = [" ".join(view["answers"]) for view in choice["views"]]
    if len(known) == prod(len(question["options"]) for question in choice["questions"]):
        return ""
    return f' data-views="{html.escape(json.dumps(known), quote=True)}"'


def read_choice(folder: Path, key: str) -> dict[str, Any]:
    path = folder / f"{key}{ENDING}"
    if not path.is_file():
        raise ChartError(f"the chart '{key}' has no file {path.name}; run scripts/generate")
    choice: dict[str, Any] = json_of(path)
    return choice


def assets(folder: Path) -> dict[str, str]:
    """For each chart with choices a script that holds its views: drawings, specs and words."""
    keys = sorted(path.name.removesuffix(ENDING) for path in folder.glob(f"*{ENDING}"))
    return {f"assets/charts/{key}.js": script(folder, key) for key in keys}


def script(folder: Path, key: str) -> str:
    views = {
        " ".join(view["answers"]): view_of(folder, key, view)
        for view in read_choice(folder, key)["views"]
    }
    data = json.dumps(views, ensure_ascii=False, separators=(",", ":"))
    return f'(window.cnnrefViews ??= {{}})["{key}"] = {data};\n'


def view_of(folder: Path, key: str, view: dict[str, Any]) -> dict[str, Any]:
    spec = site_charts.read_spec(folder, view["chart"])
    return {
        "spec": spec | {"config": site_charts.STYLE},
        "note": view["note"],
        "description": view["description"],
        **drawings_of(spec, key),
    }


def drawings_of(spec: dict[str, Any], key: str) -> dict[str, str]:
    return {
        size: site_charts.svg(spec, width, f"{key}-{size[0]}")
        for size, width in site_charts.WIDTHS.items()
    }
