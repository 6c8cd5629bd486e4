"""What the page history.md prints: the challenge by year, and what its results come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

from cnnref.counting.units import GIGA, rounded
from cnnref.drawing import bars
from cnnref.drawing.bars import FEW_TICKS, ROW_HEIGHT
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks.published import Published, figures
from website.data import Entry, challenge_entry, ilsvrc
from website.facts import lookup
from website.hands.exercises import Number
from website.inline import top5_error
from website.markup import Html, cited, data, joined, line, table
from website.tables import in_full

if TYPE_CHECKING:
    from altair import LayerChart

__all__ = [
    "MACROS",
    "challenge_table",
    "challenge_tex",
    "challenge_years",
    "charts",
    "drop",
    "drop_tex",
    "ensemble_cost",
    "ensemble_table",
    "human",
    "human_error",
    "imagenet_by_year",
    "largest_drop",
    "question",
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


def challenge_tex(year: int, role: str = "winner") -> str:
    """The same for use inside a formula, without tags.

    >>> challenge_tex(2012)
    '16.422'
    """
    return challenge_entry(year, role).top5_error.text


def human_error(which: int = 0) -> str:
    """The top-5 error of one of the people who labelled test images, the better one first."""
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    return top5_error(sorted(people, key=lambda entry: entry.top5_error.number)[which])


def drop(before: int, after: int) -> str:
    """By what percentage the winner's error fell between two years.

    >>> drop(2011, 2012)
    '<data value="36.3" title="from 25.77% to 16.422%">36.3%</data>'
    """
    old, new = challenge_entry(before).top5_error, challenge_entry(after).top5_error
    value = f"{100 * (1 - new.number / old.number):.1f}"
    return data(value, f"{value}%", f"from {old}% to {new}%")


def drop_tex(before: int, after: int) -> str:
    """The same as a fraction of one, for use inside a formula, without tags.

    >>> drop_tex(2011, 2012)
    '0.363'
    """
    old, new = challenge_entry(before).top5_error, challenge_entry(after).top5_error
    return f"{1 - new.number / old.number:.3f}"


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
    images, p, points = _chance()
    return {
        "images": f"{images:,}",
        "points": f"{points:.2f}",
        "ahead": f"{_lead() / points:.1f}",
        "tex": rf"\sqrt{{\frac{{{p:.3f} \times (1 - {p:.3f})}}{{{images}}}}} = {points / 100:.4f}",
    }


def _chance() -> tuple[int, float, float]:
    """The images that the human reference saw, its error rate, its standard error in points."""
    person = human()
    images, p = _images(person), person.top5_error.number / 100
    return images, p, 100 * sqrt(p * (1 - p) / images)


def _lead() -> float:
    """By how many percentage points the winner of 2015 is below the human reference."""
    return human().top5_error.number - challenge_entry(2015).top5_error.number


def question(name: str) -> Number:
    """A number that an exercise of the page asks for.

    Raises:
        UnknownNameError: none has that name.

    >>> question("fall").value
    Fraction(2015, 1)
    """
    if name not in QUESTIONS:
        raise UnknownNameError("question", name, QUESTIONS)
    return QUESTIONS[name]()


def _fall() -> Number:
    """The year of the largest fall; the other years come with their own."""
    errors = {year: winner.top5_error.number for year, (winner, _) in challenge_years().items()}
    first, *later = errors
    falls = {year: errors[year - 1] - errors[year] for year in later}
    most = max(later, key=lambda year: falls[year])
    shares = {year: f"{100 * falls[year] / errors[year - 1]:.1f}%" for year in later}
    said = {most: f"That is the largest fall in percentage points, {falls[most]:.1f}; it is "
            f"{shares[most]} of the error of the year before."}  # fmt: skip
    for year in later:
        said.setdefault(year, f"In that year it fell by {shares[year]} of what it was.")
    said[first] = "That is the first year of the list: what it fell from is not in it."
    del said[largest_drop()]
    slips = tuple((Fraction(year), text) for year, text in said.items())
    return Number(Fraction(largest_drop()), slips)


def _deviation() -> Number:
    """The standard error of the human reference, in percentage points."""
    images, p, points = _chance()
    slips = {
        100 * p * (1 - p) / images: "The root is missing.",
        points / 100: "That is a fraction. In percentage points?",
        100 * sqrt(p * (1 - p)): "That is the spread of a single image. How many are there?",
        100 * sqrt(p / images): "The factor of what is right is missing.",
        2 * points: "That is two standard errors. Give one.",
    }
    return _number(points, slips, "percentage points", "points", "%")


def _ahead() -> Number:
    """How many standard errors the winner of 2015 is below the human reference."""
    points, lead = _chance()[2], _lead()
    slips = {lead: "Those are percentage points. How many standard errors are they?",
             points / lead: "That is the other way round."}  # fmt: skip
    return _number(lead / points, slips, "standard errors", "errors")


def _entry() -> Number:
    """The cost of GoogLeNet's entry in passes of AlexNet."""
    passes = int(ensemble_cost()["passes"].replace(",", ""))
    once = Fraction(lookup("googlenet").macs, lookup("alexnet_2012").macs)
    slips = ((once, "That is a single pass."),
             (Fraction(passes), "Those are the passes. What does each cost?"),
             (once * int(ensemble_cost()["models"]), "That is one crop for each network."),
             (once * int(ensemble_cost()["crops"]), "That is a single network."))  # fmt: skip
    return Number(passes * once, slips, ("AlexNets", "times", "x"))


def _number(value: float, slips: Mapping[float, str], *words: str) -> Number:
    return Number(
        Fraction(value), tuple((Fraction(one), said) for one, said in slips.items()), words
    )


QUESTIONS: Mapping[str, Callable[[], Number]] = {
    "fall": _fall,
    "deviation": _deviation,
    "ahead": _ahead,
    "entry": _entry,
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
        entry, figure = challenge_entry(year), _figure(*alone)
        single = cited(figure, f"{figure.value}%")
        lines.append(
            line(str(year), [entry.model, top5_error(entry), single, in_full(figure.note)])
        )
    head = ("year", "entry", "top-5 error, test", "one network", "protocol of the one network")
    return table(head, lines, kind="prose")


def _figure(name: str, source: str, note: str) -> Published:
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


def challenge_table() -> str:
    """The challenge by year: the winner, its model and depth, its error and the runner-up's."""
    lines = [
        line(
            str(year),
            [
                winner.team,
                winner.model,
                _depth(year, winner),
                _error(winner),
                joined([f"{second.team}: ", _error(second)]),
            ],
        )
        for year, (winner, second) in challenge_years().items()
    ]
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    lines += [
        line("human", [person.team, person.model, "–", _error(person), "–"]) for person in people
    ]
    head = ("year", "winner", "model", "layers", "top-5 error (%)", "second")
    return table(head, lines, caption=CHALLENGE_PROTOCOL, kind="prose")


def _depth(year: int, winner: Entry) -> str:
    return "several depths" if year in MIXED else winner.layers


def _error(entry: Entry) -> Html:
    title = f"{entry.source.citation}; {entry.note}" if entry.note else entry.source.citation
    return data(entry.top5_error, str(entry.top5_error), title)


CHALLENGE_PROTOCOL = (
    "Protocol: test images of the year, training images of the challenge alone; crops and number "
    "of networks as each entry chose."
)
ERROR_TITLE = "Top-5 error, test images (%)"


# the names that bars of the challenge print for the winners
SHORT = {
    2010: "NEC-UIUC",
    2011: "XRCE",
    2012: "AlexNet",
    2013: "Clarifai",
    2014: "GoogLeNet",
    2015: "ResNet",
    2016: "Trimps-Soushen",
    2017: "SENet",
}


# an entry of several networks whose depths differ; bars print the depth of the year before
MIXED = (2016,)


def challenge_years() -> dict[int, tuple[Entry, Entry]]:
    """The winner and the runner-up of each year, both without outside training data."""
    entries = [entry for entry in ilsvrc() if entry.data == "provided"]
    roles: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        roles.setdefault(entry.year, {}).setdefault(entry.role, entry)
    return {year: (of["winner"], of["runner-up"]) for year, of in roles.items() if "winner" in of}


def human() -> Entry:
    """The better of the two people who labelled test images for comparison."""
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    return min(people, key=lambda entry: entry.top5_error.number)


def imagenet_by_year() -> LayerChart:
    """The winner's top-5 error by year, with its depth, the runner-up and the human reference."""
    alt: Any = bars.altair()
    wins = [_win(year, *pair) for year, pair in challenge_years().items()]
    kinds = list(dict.fromkeys(win["kind"] for win in wins))
    person = human()
    two_lines = alt.Axis(
        labelExpr="split(datum.label, '|')", labelLineHeight=14, labelOffset=-7, minExtent=138
    )
    years = alt.Y("label:N", sort=None, title=None, axis=two_lines)
    base = alt.Chart(alt.Data(values=wins)).encode(y=years)
    error = alt.X(
        "error:Q",
        title=ERROR_TITLE,
        scale=alt.Scale(domain=[0, 36], nice=False),
        axis=alt.Axis(**FEW_TICKS),
    )
    wins_drawn = base.mark_bar().encode(
        x=error,
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(title=None, columns=1)
        ),
        tooltip=[
            alt.Tooltip(f"{key}:N", title=title)
            for key, title in (
                ("year", "Year"),
                ("team", "Entry"),
                ("model", "Model"),
                ("depth", "Depth"),
                ("printed", "Top-5 error"),
                ("second", "Runner-up"),
                ("source", "Source"),
            )
        ],
    )
    second = base.mark_tick(thickness=3, color="currentColor", opacity=0.55).encode(
        x=alt.X("second_error:Q", title=ERROR_TITLE)
    )
    rule = (
        alt.Chart(alt.Data(values=[{"human": person.top5_error.number}]))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="human:Q")
    )
    named = (
        alt.Chart(alt.Data(values=[{"human": person.top5_error.number, "text": "a trained human"}]))
        .mark_text(align="left", baseline="bottom", dx=5, dy=-4, fontStyle="italic")
        .encode(x="human:Q", y=alt.value(0), text="text:N")
    )
    chart: LayerChart = alt.layer(wins_drawn, second, rule, named).properties(
        height={"step": ROW_HEIGHT * 1.9}
    )
    return chart


def _win(year: int, winner: Entry, second: Entry) -> dict[str, Any]:
    shallow = winner.layers == "shallow"
    depth = _depth(year, winner)
    depth = f"{depth} layers" if depth.isdigit() else depth
    return {
        "year": str(year),
        "label": f"{year} {SHORT[year]}|{depth}, {winner.top5_error.number:.1f}%",
        "team": winner.team,
        "model": winner.model,
        "kind": "hand-made features" if shallow else "convolutional network",
        "depth": depth,
        "error": winner.top5_error.number,
        "printed": f"{winner.top5_error}%",
        "second": f"{second.team}, {second.top5_error}%",
        "second_error": second.top5_error.number,
        "source": winner.source.citation,
    }


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    yield "imagenet-by-year", imagenet_by_year()


MACROS: Mapping[str, Callable[..., object]] = {
    "challenge_table": challenge_table,
    "challenge_tex": challenge_tex,
    "drop": drop,
    "drop_tex": drop_tex,
    "ensemble_cost": ensemble_cost,
    "ensemble_table": ensemble_table,
    "human_error": human_error,
    "largest_drop": largest_drop,
    "question": question,
    "spread": spread,
}
