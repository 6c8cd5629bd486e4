"""Slides of chapters made by chance: nothing is lost or too much, and what belongs together is."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup

from website.markup import Html
from website.teaching import deck
from website.teaching.exhibits import ROOM

# lines of a slide that are left beside a drawing, below a wide one, and on a slide of text alone
LEFT = {"tall": ROOM / 2, "wide": ROOM - 10, "": ROOM}


def paragraph(number: int, chance: random.Random, end: str) -> str:
    sentences = chance.randint(1, 4)
    said = [
        f"P{number}s{n} has words " + "so to say " * chance.randint(2, 30) for n in range(sentences)
    ]
    return f"<p>{'. '.join(one.strip() for one in said)}{end}</p>"


def drawing(number: int, chance: random.Random) -> str:
    high = chance.choice((100, 600))
    return (
        f'<figure class="drawing"><div class="drawings"><div><svg width="400" height="{high}">'
        f"<title>F{number}</title></svg></div></div></figure>"
    )


def chapter(seed: int) -> str:
    chance = random.Random(seed)
    blocks = ['<h1 id="t">Title</h1>']
    for number in range(24):
        if chance.random() < 0.1:
            blocks.append(f'<h2 id="h{number}">Part {number}</h2>')
        if chance.random() < 0.3:
            blocks.append(drawing(number, chance))
        else:
            blocks.append(paragraph(number, chance, chance.choice(".:")))
    return f"<article>{''.join(blocks)}</article>"


def names(html: str) -> list[str]:
    """The paragraphs and drawings that stand somewhere, by what each begins with."""
    return re.findall(r"\bP\d+(?=s0)|\bF\d+", html)


def lines(slide: deck.Slide) -> float:
    """What the texts of a slide take, each with half a line below it."""
    said = BeautifulSoup(slide.body, "html.parser").select("ul.points > li")
    return sum(-(-len(one.get_text()) // 78) + 0.5 for one in said)


def drawn(slide: deck.Slide) -> str:
    height = re.search(r'height="(\d+)"', slide.body)
    return "" if height is None else "tall" if int(height[1]) > 300 else "wide"


PAGES = [chapter(seed) for seed in range(5)]
each = pytest.mark.parametrize(
    ("page", "made"), [(p, deck.deck(p, "nets.html")[1:]) for p in PAGES]
)


@each
def test_every_text_is_said_once_and_every_drawing_shown_once_in_their_order(
    page: str, made: list[deck.Slide]
) -> None:
    texts = [name for slide in made for name in names(slide.notes)]
    assert texts == re.findall(r"P\d+(?=s0)", page)
    shown = [name for slide in made for name in names(slide.body) if name[0] == "F"]
    assert shown == re.findall(r"F\d+", page)
    for slide in made:
        own = page.partition(f">{slide.title}</h")[2].partition("<h2")[0]
        assert set(names(slide.body + slide.notes)) <= set(names(own))


@each
def test_a_slide_holds_what_there_is_room_for(page: str, made: list[deck.Slide]) -> None:
    for slide in made:
        assert lines(slide) <= LEFT[drawn(slide)]
        assert (slide.kind == "two") == (drawn(slide) == "tall" and lines(slide) > 0)


def test_texts_alone_fill_their_slides() -> None:
    chance = random.Random(7)
    texts = "".join(paragraph(number, chance, ".") for number in range(40))
    page = f'<article><h1 id="t">Title</h1>{texts}</article>'
    _, *made = deck.deck(page, "nets.html")
    assert [name for slide in made for name in names(slide.notes)] == names(texts)
    # too much for more than the first sentence of each
    assert not [slide for slide in made if re.search(r"P\d+s1", slide.body)]
    for one, other in pairwise(made):
        first = re.findall(r"<li.*?</li>", other.body)[0]
        more = other._replace(body=Html(f'<ul class="points">{first}</ul>'))
        assert lines(one) <= ROOM < lines(one) + lines(more)


@each
def test_what_announces_a_drawing_stands_on_its_slide(page: str, made: list[deck.Slide]) -> None:
    announced = re.findall(r"<p>(P\d+)s0[^<]*:</p><figure.*?<title>(F\d+)<", page)
    assert announced
    for text, figure in announced:
        (slide,) = [one for one in made if figure in names(one.body)]
        assert text in names(slide.notes)


@each
def test_a_slide_says_what_its_notes_say_in_few_sentences(
    page: str, made: list[deck.Slide]
) -> None:
    announced = re.findall(r"<p>(P\d+)s0[^<]*:</p><figure", page)
    for slide in made:
        said, noted = (
            [n for n in names(part) if n[0] == "P"] for part in (slide.body, slide.notes)
        )
        # in their order, and all, but for what is announced where it is too long
        assert [name for name in noted if name in said] == said
        assert {*noted} - {*said} <= {*announced}
        assert not set(re.findall(r"P\d+(s\d)", slide.body)) - {"s0", "s1", "s2"}
        steps = sorted({int(step) for step in re.findall(r'data-step="(\d+)"', slide.body)})
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) == len(said) + bool(drawn(slide)) - 1
