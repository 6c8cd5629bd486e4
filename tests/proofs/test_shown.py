"""What pages show that nobody typed there is on a list, and a change of any of it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnref.files import rows
from proofs import shown
from proofs.shown import Shown
from website.charts import draw
from website.places import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LISTED = {Shown(*row) for row in rows(ROOT / shown.LIST, shown.COLUMNS)}


def test_the_list_has_every_page_with_macros_and_every_network() -> None:
    """An empty list, or one of half the site, would agree with anything that it lacks."""
    texts = {path: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    asking = {path.stem for path, text in texts.items() if "\nrender_macros: true\n" in text}
    where = {one.where for one in LISTED}
    # whose macros show what a machine has or has not
    assert asking - where == {"playground"}
    drawn = {path.stem for path in (DOCS / "generated" / "tables").glob("*.csv")}
    pages = {f"networks/{name}.md" for name in drawn if not re.search(r"_227|\.lecture", name)}
    assert pages <= where
    fetched = {place.rpartition("/")[0] for place in where}
    assert {"assets/answers", "assets/what_if"} <= fetched


def test_a_call_is_listed_once_with_what_it_says() -> None:
    body = "{{ n('alexnet/total/macs', 'M') }} {{ n('alexnet/total/macs', 'M') }} and words"
    (one,) = shown.of_page("vgg", body)
    assert one[:3] == ("vgg", "n('alexnet/total/macs', 'M')", "714 M")
    (named,) = shown.of_page("vgg", "{{ rule('conv', 'macs', groups=false) }}")
    assert named.what == "rule('conv', 'macs', groups=False)"


def test_what_hangs_on_other_pages_or_on_the_machine_is_not_listed() -> None:
    body = "{{ minutes('vgg') }} {{ playground_absence() }} {{ floor_plan() }}"
    assert [*shown.of_page("reading", body)] == []


def test_long_words_are_cut_and_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "a" * shown.MOST
    told = []
    for words in (long, long + "b", long + "c"):
        monkeypatch.setitem(shown.macros.MACROS, "n", lambda _, words=words: f"<b>{words}</b>")
        (one,) = shown.of_page("vgg", "{{ n('x') }}")
        told.append(one.words)
    assert told[0] == long
    assert [words[: shown.MOST] for words in told] == [long] * 3
    assert len({*told}) == 3


def test_a_chart_of_other_data_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page holds the place of a chart alone, whatever is drawn there."""
    digests = set()
    for height in (1, 2):
        spec = {"height": height}
        chart = lambda key, spec=spec: draw.made(key, spec, "Title", "All of it")  # noqa: E731
        monkeypatch.setitem(shown.macros.MACROS, "n", chart)
        (one,) = shown.of_page("vgg", "{{ n('tested') }}")
        digests.add(one.digest)
    assert len(digests) == 2


def test_nothing_is_said_of_what_is_as_it_was() -> None:
    one = Shown("vgg", "n('x')", "1 M", "d1")
    assert shown.faults({one}, {one}) == []


def test_what_changed_what_came_and_what_went_are_told() -> None:
    before = {
        Shown("vgg", "n('x')", "1 M", "d1"),
        Shown("vgg", "n('y')", "2 M", "d2"),
        Shown("a.js", "file", "", "d3"),
    }
    now = {
        Shown("vgg", "n('x')", "3 M", "d4"),
        Shown("zoo", "n('y')", "2 M", "d2"),
        Shown("a.js", "file", "", "d5"),
    }
    assert shown.faults(before, now) == [
        "a.js: file: '' (d3), now '' (d5)",
        "vgg: n('x'): '1 M' (d1), now '3 M' (d4)",
        "vgg: n('y'): '2 M' (d2), now not there",
        "zoo: n('y'): not there, now '2 M' (d2)",
    ]


def test_of_many_changes_the_first_are_told_and_the_rest_counted() -> None:
    many = {Shown("vgg", f"n({number:02})", "", "d") for number in range(shown.LINES + 2)}
    lines = shown.faults(set(), many)
    assert lines[0] == "vgg: n(00): not there, now '' (d)"
    assert lines[shown.LINES :] == ["and 2 more"]
    assert shown.faults(set(), {*sorted(many)[: shown.LINES]})[-1].startswith("vgg: n(39)")


def test_a_list_is_taken_as_it_is_only_when_that_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = Shown("vgg", "n('x')", "3 M", "d2")
    path = tmp_path / shown.LIST
    path.parent.mkdir(parents=True)
    path.write_text(f"{','.join(shown.COLUMNS)}\nvgg,n('x'),1 M,d1\n")
    monkeypatch.setattr(shown, "ROOT", tmp_path)
    monkeypatch.setattr(shown, "shown", lambda: iter([there]))
    before, change = path.read_bytes(), "vgg: n('x'): '1 M' (d1), now '3 M' (d2)\n"
    assert shown.main([]) == 1
    assert path.read_bytes() == before
    remedy = "look at them, and if all are meant: scripts/check shown --renew\n"
    assert capsys.readouterr().out == change + remedy
    assert shown.main(["--renew"]) == 0
    assert capsys.readouterr().out == change
    assert shown.main([]) == 0
    assert capsys.readouterr().out == "1 things that pages show are as they were looked at\n"
