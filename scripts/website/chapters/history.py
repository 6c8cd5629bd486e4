"""What the history page prints: the challenge's results, and what can be computed from them."""

from __future__ import annotations

import re
from math import sqrt

from cnnref.errors import CnnrefError
from cnnref.networks.published import Figure, figures
from cnnref.units import GIGA, rounded
from website.charts.chapters import challenge_years, human
from website.data import Entry, ilsvrc
from website.facts import lookup
from website.markup import cited, data, line, table

__all__ = [
    "challenge",
    "challenge_tex",
    "drop",
    "drop_tex",
    "ensemble_cost",
    "ensemble_table",
    "human_error",
    "largest_drop",
    "spread",
]

# an entry's year, and the figure of one of its networks alone: (name, source, part of the note)
ALONE = (
    (2012, ("alexnet_2012", "krizhevsky2012", "val, 1 CNN")),
    (2014, ("googlenet", "googlenet2014", "1 model(s), 1 crop(s)")),
    (2015, ("resnet152_v1", "resnet2015", "single model")),
)

# the entry of 2014, of which six nets are GoogLeNet and one is wider (sections 5 and 7)
ENSEMBLE = ("GoogLeNet (7 nets)", "googlenet2014", "submission")


def challenge(year: int, role: str = "winner", data: str = "provided", model: str = "") -> str:
    """The top-5 error of an entry to the ImageNet challenge, with its source as the title.

    data: "provided" or what was added; model: a part of its name where a team has several.
    """
    return _shown(_find(year, role, data, model))


def challenge_tex(year: int, role: str = "winner") -> str:
    """The same for use inside a formula, without tags.

    >>> challenge_tex(2012)
    '16.422'
    """
    return _find(year, role).top5_error.text


def human_error(which: int = 0) -> str:
    """The top-5 error of one of the people who labelled test images, the better one first."""
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    return _shown(sorted(people, key=lambda entry: entry.top5_error.number)[which])


def drop(before: int, after: int) -> str:
    """By what percentage the winner's error fell between two years.

    >>> drop(2011, 2012)
    '<data value="36.3" title="1 - 16.422 / 25.77">36.3%</data>'
    """
    old, new = _find(before).top5_error, _find(after).top5_error
    value = f"{100 * (1 - new.number / old.number):.1f}"
    return data(value, f"{value}%", f"1 - {new} / {old}")


def drop_tex(before: int, after: int) -> str:
    """The same as a fraction of one, for use inside a formula, without tags.

    >>> drop_tex(2011, 2012)
    '0.363'
    """
    return f"{1 - _find(after).top5_error.number / _find(before).top5_error.number:.3f}"


def largest_drop() -> int:
    """The year in which the winner's error fell most, relative to the year before.

    >>> largest_drop()
    2015
    """
    errors = {year: winner.top5_error.number for year, (winner, _) in challenge_years().items()}
    return min(list(errors)[1:], key=lambda year: errors[year] / errors[year - 1])


def spread() -> dict[str, str]:
    """How sure the human reference is: images, the standard error in points, and in tex.

    An error rate p on n images has the standard error sqrt(p (1 - p) / n).

    >>> spread()["points"]
    '0.57'
    """
    person = human()
    images = _images(person)
    p = person.top5_error.number / 100
    points = 100 * sqrt(p * (1 - p) / images)
    ahead = (person.top5_error.number - _find(2015).top5_error.number) / points
    return {
        "images": f"{images:,}",
        "points": f"{points:.2f}",
        "ahead": f"{ahead:.1f}",
        "tex": rf"\sqrt{{\frac{{{p:.3f} \times (1 - {p:.3f})}}{{{images}}}}} = {points / 100:.4f}",
    }


def ensemble_cost() -> dict[str, str]:
    """What averaging over models and crops costs: models, crops, GMACs in all, in AlexNets.

    One of the models is wider than the rest, so that the costs are lower bounds.

    >>> ensemble_cost()["gmacs"]
    '1,595'
    """
    figure, network = _figure(*ENSEMBLE), lookup("googlenet")
    models, crops = map(int, re.findall(r"(\d+) (?:model|crop)", figure.note))
    macs = models * crops * network.macs
    return {
        "models": str(models),
        "crops": str(crops),
        "passes": f"{models * crops:,}",
        "gmacs": rounded(macs, GIGA),
        "alexnets": rounded(macs, lookup("alexnet_2012").macs),
        "error": figure.value.text,
    }


def ensemble_table() -> str:
    """Winning entries beside one of their networks alone, where that is published."""
    lines = []
    for year, alone in ALONE:
        entry, figure = _find(year), _figure(*alone)
        single = cited(figure, f"{figure.value}%")
        lines.append(line(str(year), [entry.model, _shown(entry), single, figure.note]))
    head = ("year", "entry", "top-5 error, test", "one network", "how it was measured")
    return table(head, lines, kind="prose")


def _find(year: int, role: str = "winner", data: str = "provided", model: str = "") -> Entry:
    found = [
        entry
        for entry in ilsvrc()
        if (entry.year, entry.role, entry.data) == (year, role, data) and model in entry.model
    ]
    if not found:
        raise CnnrefError(f"{year}, {role}, {data}, {model!r}: the challenge has no such entry.")
    return found[0]


def _figure(name: str, source: str, note: str) -> Figure:
    found = [
        figure
        for figure in figures()
        if (figure.name, figure.source.key, figure.quantity) == (name, source, "top5_err")
        and note in figure.note
    ]
    if len(found) != 1:
        raise CnnrefError(f"{name}, {source}, {note!r}: {len(found)} figures fit; name one.")
    return found[0]


def _images(person: Entry) -> int:
    return int(person.model.split()[0].replace(",", ""))


def _shown(entry: Entry) -> str:
    title = f"{entry.team}: {entry.model}; {entry.source.citation}"
    text = entry.top5_error.text
    return data(text, f"{text}%", title)
