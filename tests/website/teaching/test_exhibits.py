"""What a slide shows is shown whole, in pieces that follow each other, and as large as it fits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from website.teaching import deck
from website.teaching.exhibits import ABREAST, ROOM, ROW, SMALLEST, STEPS, exhibits

CHAPTER = (Path(__file__).parent / "chapter.html").read_text(encoding="utf-8")


def block(html: str) -> Tag:
    found = BeautifulSoup(html, "html.parser").find(True)
    assert found is not None
    return found


def table(rows: int, foot: str = "", name: str = "row") -> Tag:
    body = "".join(f"<tr><th>{name}{n}</th><td>1</td></tr>" for n in range(rows))
    head = "<thead><tr><th>layer</th><th>n</th></tr></thead>"
    return block(
        f'<div class="table-scroll"><table>{head}<tbody>{body}</tbody>{foot}</table></div>'
    )


def steps(html: str, selector: str) -> list[int]:
    """From which step on each piece is there."""
    tags = BeautifulSoup(html, "html.parser").select(selector)
    return [int(str(tag.get("data-step", 0))) for tag in tags]


def size(html: str) -> float:
    (found,) = re.findall(r"--size: ([\d.]+)", html)
    return float(found)


@pytest.mark.parametrize("foot", ["", "<tfoot><tr><td>sum</td></tr></tfoot>"])
@pytest.mark.parametrize("rows", [1, 2, 6, 7, 8, 9, 12, 13, 30, 61])
def test_a_table_loses_no_row_and_fits_its_slides(rows: int, foot: str) -> None:
    shown = [*exhibits(table(rows, foot))]
    named = [name for one in shown for name in re.findall(r"row\d+", one.html)]
    assert named == [f"row{n}" for n in range(rows)]
    for one in shown:
        found = steps(one.html, "tbody > tr")
        assert found == sorted(found)
        assert sorted({*found}) == [*range(one.steps - bool(foot))]
        assert len({*found}) <= STEPS
        # every step has as many rows as the first, but for the last
        counts = [found.count(step) for step in sorted({*found})]
        assert {*counts[:-1]} <= {counts[0]}
        assert counts[-1] <= counts[0]
        assert steps(one.html, "tfoot") == [one.steps - 1] * bool(foot)
        lines = len(found) + 2 + bool(foot)
        assert size(one.html) == pytest.approx(min(1, ROOM / ROW / lines), abs=0.006)
        assert one.least == pytest.approx(min(ROW * lines, ROOM))
    # only what would be set too small as one goes on on another slide
    together = rows + 2 + bool(foot)
    assert (len(shown) == 1) == (ROOM / ROW / together >= SMALLEST)


def test_a_cell_of_more_than_thirty_letters_takes_another_line() -> None:
    heights = []
    for letters in (30, 31, 60, 61):
        (one,) = exhibits(table(1, name="a" * (letters - 1)))
        heights.append(round(one.least / ROW))
    assert heights == [3, 4, 4, 5]


def test_a_wide_table_is_set_smaller() -> None:
    def across(columns: int, letters: int = 20) -> float:
        row = "".join("<td>" + "a" * letters + "</td>" for _ in range(columns))
        html = f'<div class="table-scroll"><table><tbody><tr>{row}</tr></tbody></table></div>'
        (one,) = exhibits(block(html))
        return size(one.html)

    # a column takes its letters and two more, of the eighty-eight of a line
    assert [across(n) for n in (4, 5, 6)] == [1.0, 0.8, 0.67]
    # an empty cell is as wide as one of a letter, and one of very many as one of thirty
    assert [across(30, letters) for letters in (0, 1, 2)] == [0.98, 0.98, 0.73]
    assert [across(3, letters) for letters in (29, 30, 31, 90)] == [0.95, 0.92, 0.92, 0.92]


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_charts_stand_abreast_and_appear_one_by_one(count: int) -> None:
    charts = "".join(f'<figure class="chart">chart{n}</figure>' for n in range(count))
    shown = [*exhibits(block(f'<div class="charts">{charts}</div>'))]
    assert [re.findall(r"chart\d", one.html) for one in shown] == [
        [f"chart{n}" for n in range(first, min(first + ABREAST, count))]
        for first in range(0, count, ABREAST)
    ]
    for one in shown:
        assert steps(one.html, "figure") == [*range(one.steps)]


@pytest.mark.parametrize(
    ("sizes", "tall"), [([(100, 75)], False), ([(100, 76)], True), ([(60, 90), (60, 20)], False)]
)
def test_a_drawing_is_high_against_the_width_of_all_that_stands_beside_it(
    sizes: list[tuple[int, int]], tall: bool
) -> None:
    drawn = "".join(f'<svg width="{wide}" height="{high}"></svg>' for wide, high in sizes)
    (one,) = exhibits(block(f'<figure class="drawing">{drawn}</figure>'))
    assert one.tall is tall
    assert one.steps == 1


def test_pieces_of_drawings_frames_and_listings_appear_in_their_order() -> None:
    pieces = "".join("<div></div>" for _ in range(3))
    (drawn,) = exhibits(
        block(f'<figure class="drawing"><div class="drawings">{pieces}</div></figure>')
    )
    assert steps(drawn.html, ".drawings > div") == [0, 1, 2] == [*range(drawn.steps)]
    frames = f'<figcaption>it moves</figcaption><div class="frames">{pieces}</div>'
    (moved,) = exhibits(block(f'<figure class="convolution">{frames}</figure>'))
    assert steps(moved.html, ".convolution > div") == [0, 1, 2] == [*range(moved.steps)]
    assert "it moves" in moved.html
    sides = '<div class="highlight">code</div>' + str(table(2).table)
    (listed,) = exhibits(block(f'<div class="code-rows">{sides}</div>'))
    assert (steps(listed.html, ".highlight"), steps(listed.html, "table")) == ([0], [1])
    assert listed.steps == 2


def test_steps_of_a_slide_are_numbered_without_a_gap() -> None:
    slides = deck.deck(CHAPTER, "nets.html")
    for slide in slides:
        found = {*steps(slide.body, "[data-step]")}
        assert found == {*range(1, len(found) + 1)}
    assert max(len({*steps(slide.body, "[data-step]")}) for slide in slides) > 3
