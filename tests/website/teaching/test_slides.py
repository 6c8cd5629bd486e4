"""The slides of a chapter have all that it shows, in its words, and nothing is set by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from checks.built_pages import read_page
from checks.policy import guarded
from cnnref.errors import CnnrefError
from website.places import DOCS
from website.teaching import chapter, deck, points, slides
from website.theme.revise import CHAPTERS

# a page with one block of every kind that slides know
CHAPTER = (Path(__file__).parent / "chapter.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> list[deck.Slide]:
    return deck.deck(CHAPTER, "nets.html")


def words(html: str) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


def of(made: list[deck.Slide], kind: str) -> list[deck.Slide]:
    return [slide for slide in made if slide.kind == kind]


def test_the_first_slide_has_the_plan(made: list[deck.Slide]) -> None:
    assert (made[0].kind, words(made[0].title)) == ("title", "Nets")
    assert words(made[0].body) == "What it is The table"


def test_a_slide_says_the_first_sentences_and_its_notes_all(made: list[deck.Slide]) -> None:
    (slide,) = [one for one in made if "A net has" in one.body]
    assert "A net has <a>layers</a>, e.g. Conv. 1 of them." in slide.body
    assert 'href="../glossary.html#layer"' in slide.notes
    assert "The rest is prose." in slide.notes
    assert "A note" in "".join(one.notes for one in made)


def test_what_is_shown_has_its_text_beside_it_where_it_is_high(made: list[deck.Slide]) -> None:
    (slide,) = of(made, "two")
    assert "<title>high</title>" in slide.body


def test_a_long_table_goes_on_on_another_slide_and_loses_no_row(made: list[deck.Slide]) -> None:
    parts = [slide.body for slide in made if "<tbody>" in slide.body and "conv" in slide.body]
    assert len(parts) > 1
    rows = [name for body in parts for name in re.findall(r"conv\d+", body)]
    assert rows == [f"conv{n}" for n in range(40)]
    assert all('<th scope="col">layer</th>' in body for body in parts)
    assert all(len(set(re.findall(r'<tr data-step="(\d+)"', body))) < 7 for body in parts)


def test_charts_stand_abreast_as_they_are_drawn_and_are_named(made: list[deck.Slide]) -> None:
    groups = [slide.body for slide in made if "abreast" in slide.body]
    assert [body.count("<figure") for body in groups] == [3, 1]
    assert groups[0].count('aria-label="costs') == 3
    assert "chart-view" not in "".join(groups)
    assert "chart-narrow" not in "".join(groups)


def test_a_slide_of_the_lecture_is_set_right(made: list[deck.Slide]) -> None:
    one, several = of(made, "corrected")
    assert words(one.body) == "conv1 On the lecture's slide 7 As it is 9 Two digits."
    assert words(several.body) == "value on the lecture's slide as it is a 1 2 c 3 4"
    assert 'href="../errata.html#c"' in several.notes


def test_an_exercise_has_its_answer_in_the_notes_alone(made: list[deck.Slide]) -> None:
    (slide,) = of(made, "exercise")
    assert (words(slide.body), words(slide.notes)) == ("How deep is it?", "Very deep.")


def test_what_is_folded_or_for_the_page_alone_is_on_no_slide(made: list[deck.Slide]) -> None:
    everything = "".join(slide.body + slide.notes for slide in made)
    for left in ("folded", "left out", "Both agree", "On this page"):
        assert left not in everything
    assert "A. Author, B. Author. <em>Nets</em>. 2012." in made[-1].body


def test_what_is_revealed_has_numbers_without_a_gap(made: list[deck.Slide]) -> None:
    for slide in made:
        steps = sorted({int(step) for step in re.findall(r'data-step="(\d+)"', slide.body)})
        assert steps == list(range(1, len(steps) + 1)), slide.title


def test_a_block_keeps_no_name_that_its_page_has_but_a_drawing_is_still_an_image() -> None:
    page = (
        '<article><h1 id="a">A</h1><p id="b" role="note" tabindex="0" class="c">x '
        '<a id="d" role="link" href="#e">y</a> <svg id="f" role="img"><title>z</title></svg> '
        '<span class="chart-view" role="img" data-spec="{}">v</span></p></article>'
    )
    (part,) = chapter.parts(page, "nets.html")
    inner = [tag for block in part.blocks for tag in block.find_all(True)]
    found = {str(tag.name): dict(tag.attrs) for tag in inner}
    assert found == {
        "a": {"href": "../nets.html#e"},
        "svg": {"role": "img"},
        "title": {},
        "span": {"class": ["chart-view"], "role": "img"},
    }
    assert [dict(block.attrs) for block in part.blocks] == [{"class": ["c"]}]


def test_what_is_lost_is_refused(made: list[deck.Slide]) -> None:
    deck.refuse_lost(CHAPTER, made, "nets.html")
    without = [slide for slide in made if "conv39" not in slide.body]
    with pytest.raises(CnnrefError, match=r"^nets\.html shows 'conv.*', which is on no slide"):
        deck.refuse_lost(CHAPTER, without, "nets.html")


def test_a_block_of_an_unknown_kind_is_refused() -> None:
    strange = CHAPTER.replace('<p class="asked"></p>', '<video class="a"></video>')
    with pytest.raises(CnnrefError, match=r"^a chapter has a block <video\.a>, which slides know"):
        deck.deck(strange, "nets.html")


def test_a_correction_without_its_values_is_refused() -> None:
    without = CHAPTER.replace('class="computed"', "")
    with pytest.raises(CnnrefError, match=r"^<li> of a chapter has no '\.computed'"):
        deck.deck(without, "nets.html")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("One two three four five six. Seven.", "One two three four five six."),
        ("Why? One two three four five. Seven.", "Why? One two three four five."),
        ("One to six, i.e. all of them. Seven.", "One to six, i.e. all of them."),
        ("By K. He and others of his group. Seven.", "By K. He and others of his group."),
        ("It grows to 3.5 of what it was. Seven.", "It grows to 3.5 of what it was."),
        ("There is no end to it at all", "There is no end to it at all"),
    ],
)
def test_a_sentence_ends_where_it_ends(text: str, said: str) -> None:
    tag = BeautifulSoup(f"<p>{text}</p>", "html.parser").p
    assert tag is not None
    assert points.opening(tag) == said


@pytest.mark.parametrize(
    ("text", "sentences", "said"),
    [
        ("One two three four five. Seven. Eight.", 1, "One two three four five. Seven."),
        ("One two three four five six. Seven. Eight.", 2, "One two three four five six. Seven."),
        ("<b>One two</b> three four five six. Seven.", 1, "<b>One two</b> three four five six."),
        (
            "<b>One two</b> three four five. Seven. Eight.",
            1,
            "<b>One two</b> three four five. Seven.",
        ),
    ],
)
def test_a_sentence_of_fewer_than_six_words_takes_the_next_along(
    text: str, sentences: int, said: str
) -> None:
    tag = BeautifulSoup(f"<p>{text}</p>", "html.parser").p
    assert tag is not None
    assert points.opening(tag, sentences) == said


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        (f"<p>{'a' * 78}</p>", [1.5]),
        (f"<p>{'a' * 77} <b>b</b></p>", [2.5]),
        (f"<p>{'a' * 157}</p>", [3.5]),
        ("<ul><li>one</li><li>other</li></ul>", [1.5, 1.5]),
        ('<div class="highlight"><pre>a\nb\nc</pre></div>', [2.4]),
        ('<span class="katex-display">x</span>', [2.6]),
        ('<span class="katex-display"><mtr>a</mtr><mtr>b</mtr><mtr>c</mtr></span>', [7.8]),
        ('<p>So it is: <span class="katex-display">x</span></p>', [1.5, 2.6]),
    ],
)
def test_how_many_lines_a_text_takes_on_a_slide(html: str, lines: list[float]) -> None:
    tag = BeautifulSoup(html, "html.parser").find(True)
    assert tag is not None
    assert [point.lines for point in points.points(tag)] == [pytest.approx(n) for n in lines]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(slides, "CHAPTERS", ("nets.md", "more.md"))
    for name in slides.chapters():
        (tmp_path / name).write_text(CHAPTER, encoding="utf-8")
    return tmp_path


def test_every_chapter_has_slides_without_a_fault(site: Path) -> None:
    slides.write(site, guarded)
    assert {path.name for path in (site / slides.FOLDER).iterdir()} == {"nets.html", "more.html"}
    read = read_page(site / slides.FOLDER / "nets.html")
    assert read.faults == []
    assert read.inline == []
    assert "../assets/javascripts/slides.js" in [to for _, to in read.loads]
    assert "../nets.html#what" in [to for _, to in read.links]


def test_a_chapter_without_a_page_is_refused(site: Path) -> None:
    (site / "more.html").unlink()
    with pytest.raises(CnnrefError, match=r"^more\.html is not in the site, so it has no slides"):
        slides.write(site, guarded)


def test_every_chapter_of_the_lecture_leads_to_its_slides() -> None:
    assert slides.address("alexnet.md") == "slides/alexnet.html"
    assert slides.address("glossary.md") == ""
    assert all((DOCS / name).is_file() for name in CHAPTERS)
