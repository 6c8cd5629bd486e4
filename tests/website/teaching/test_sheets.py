"""The sheets hold every exercise of every chapter, and no chapter leaves out how hard one is."""

from __future__ import annotations

import pytest

from cnnref.errors import CnnrefError
from website.hands import tasks
from website.places import DOCS
from website.teaching import sheets
from website.theme.revise import CHAPTERS


def test_every_exercise_is_on_both_sheets_and_its_answer_on_one() -> None:
    asked, solved = sheets.sheet(solved=False), sheets.sheet(solved=True)
    for chapter in CHAPTERS:
        found = sheets.exercises(chapter)
        text = (DOCS / chapter).read_text(encoding="utf-8")
        assert len(found) == text.count('<details class="exercise"') > 0
        for one in found:
            assert " ".join(one.question.split()) in asked
            assert " ".join(one.question.split()) in solved
            assert one.answer in solved
            assert one.answer not in asked
            assert one.code in asked
            assert one.code in solved
    assert asked.count("\n## [") == len(CHAPTERS)
    assert "](#" not in solved
    assert "{{ task(" not in asked + solved
    assert "could learn it, and this shortcut has it" in solved
    assert "could learn it, and this shortcut has it" not in asked
    for one in map(tasks.of, tasks.names()):
        assert one.skeleton in asked
        assert one.skeleton in solved
        assert one.solution in solved
        assert one.solution not in asked


def test_every_level_is_used() -> None:
    assert {one.level for name in CHAPTERS for one in sheets.exercises(name)} == {*sheets.LEVELS}


def test_a_question_has_its_mark() -> None:
    page = '<details class="exercise" data-level="medium">\n<summary>How?</summary>So.</details>'
    assert "How?&nbsp;<small" in sheets.levelled(page)
    assert "●●○</small></summary>So." in sheets.levelled(page)
    assert sheets.levelled("<details><summary>More</summary></details>").count("level") == 0


def test_exercises_stand_abreast_each_with_its_fields() -> None:
    one, other = (
        f'<details class="exercise">\n<summary>{word}?</summary></details>\n<form></form>\n'
        for word in ("How", "Why")
    )
    for behind in ("", "<h2>Next</h2>", '<div class="takeaways"></div>'):
        page = f"<h2>Exercises</h2>{one}{other}{behind}"
        held = f'<div class="exercises"><div>{one}</div><div>{other}</div></div>'
        assert sheets.abreast(page) == f"<h2>Exercises</h2>{held}\n{behind}"
        alone = f"<h2>Exercises</h2>{one}<h2>More</h2>{other}{one}{behind}"
        inside = f"<div>{one}<h2>More</h2></div><div>{other}</div><div>{one}</div>"
        held = f'<div class="exercises">{inside}</div>'
        assert sheets.abreast(alone) == f"<h2>Exercises</h2>{held}\n{behind}"
        held = f'<div class="exercises"><div>{one}</div></div>'
        assert sheets.abreast(f"{one}{behind}") == f"{held}\n{behind}"
    assert sheets.abreast("<details><summary>More</summary></details>").count("div") == 0


@pytest.mark.parametrize("level", ["", ' data-level="lunar"'])
def test_an_exercise_without_a_level_is_refused(level: str) -> None:
    with pytest.raises(CnnrefError, match=r"^an exercise has no level: write data-level="):
        sheets.levelled(f'<details class="exercise"{level}>\n<summary>How?</summary></details>')


def test_a_chapter_without_exercises_is_refused() -> None:
    with pytest.raises(CnnrefError, match=r"^glossary\.md has no exercises"):
        sheets.exercises("glossary.md")
