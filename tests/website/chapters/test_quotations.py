"""What is quoted of the lecture is in its notes, word for word; what is not quoted has no marks."""

import re
from collections.abc import Iterator

import pytest

from website.chapters.sources import passages
from website.errata import page
from website.errata.claims import claims, quotations, said_besides
from website.places import DOCS, ROOT

MARKUP = re.compile(r"</?u>|\*\*")
# a quotation in a sentence about the lecture, and the headings of its closing claims
LECTURE = re.compile(r"\b(?:[Ll]ecture(?:'s|s)?|[Nn]otes) (?:\w+ ){0,8}?[\"“]([^\"”]+)[\"”]")
HEADING = re.compile(r"^### \"([^\"]+)\"$", re.MULTILINE)
# not of this lecture: what the site says of words in general
COMMENT = re.compile(r"[Cc]omment[^.\"]*, \"([^\"]+)\"")


def plain(line: str) -> str:
    """A line of the notes without its markup."""
    return " ".join(MARKUP.sub("", line).split())


def misquoted(quoted: dict[str, tuple[tuple[str, str], ...]]) -> list[str]:
    return [words for pairs in quoted.values() for words, line in pairs if words not in plain(line)]


def test_quoted_words_are_in_their_line_of_the_notes():
    assert misquoted(quotations()) == []
    changed = {"a": (("After every pool, double #channels", "- After pool, double #channels"),)}
    assert misquoted(changed) == ["After every pool, double #channels"]
    assert not misquoted({"a": (("After pool", "- <u>After</u>  **pool**, double"),)})


def test_every_sentence_of_the_lecture_is_quoted_and_nothing_else():
    sentences = [c for c in (*claims(), *said_besides()) if c.quantity == "claim"]
    assert [claim.key for claim in sentences if not claim.quotes] == []
    assert set(quotations()) == {claim.key for claim in sentences}


def notes():
    """The notes of the lecture, which lie beside the checkout where the project is checked."""
    beside = (folder / "shared" / "lecture" / "notes.txt" for folder in ROOT.parents)
    return next((path for path in beside if path.is_file()), None)


@pytest.mark.skipif(notes() is None, reason="the lecture's notes are not beside this checkout")
def test_the_lines_that_are_held_are_the_notes_own():
    there = {line.strip() for line in notes().read_text(encoding="utf-8").splitlines()}
    assert {line for pairs in quotations().values() for _, line in pairs} <= there


def test_words_in_our_own_have_no_marks():
    claim = next(claim for claim in claims() if claim.quotes)
    assert page.quoted(claim) == f"“{claim.quotes[0]}”"
    assert page.quoted(claim._replace(quotes=())) == claim.stated
    assert page.quoted(claim._replace(quotes=("a", "b"))) == "“a” … “b”"


def test_the_errata_quote_what_is_in_the_notes():
    held = {plain(line) for pairs in quotations().values() for _, line in pairs}
    printed = (
        page.tables() + page.besides() + page.items("wrong") + page.items("wrong", partly=True)
    )
    shown = re.findall("“([^”]*)”", printed)
    assert len(shown) > len(quotations())
    assert [words for words in shown if not any(_escaped(words) in line for line in held)] == []


def _escaped(words: str) -> str:
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", words))


def quoted_of_the_lecture(text: str) -> Iterator[str]:
    """What a page puts between quotation marks as the lecture's words."""
    for pattern in (LECTURE, HEADING, COMMENT):
        yield from pattern.findall(text)


def test_pages_quote_the_lecture_word_for_word():
    held = [plain(line) for pairs in quotations().values() for _, line in pairs]
    found = {
        words
        for path in DOCS.glob("*.md")
        for words in quoted_of_the_lecture(path.read_text(encoding="utf-8"))
    }
    assert len(found) >= 6
    assert [words for words in found if not any(words in line for line in held)] == []
    assert list(quoted_of_the_lecture('The lecture says "After every pool" of it.')) == [
        "After every pool"
    ]
    assert list(quoted_of_the_lecture('### "VGG: highest memory"\n')) == ["VGG: highest memory"]


def test_statements_on_papers_are_no_quotations():
    assert "“" not in passages()
