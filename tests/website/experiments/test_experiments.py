"""The experiments on pages: what is stated is borne by the records, and a sentence can fail."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from dataclasses import asdict
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from cnnref.errors import CnnrefError, UnknownNameError
from studies.trained import frame, run
from website.experiments import charts, claims, page, pictures, records
from website.places import DOCS

# the lecture had a record of depth, and a page's section for it, before the others
NAMES = tuple(name for name in run.NAMES if name != "degradation")
PAGES = sorted(DOCS.glob("*.md"))


def made(error: dict[str, list[int]], **more: list[object]) -> dict[str, object]:
    """A record of two kinds of network with these wrong answers by their seeds, of a hundred."""
    runs = [
        {"kind": kind, "seed": seed, "wrong": wrong, "loss": None if wrong > 90 else wrong / 50,
         "curve": [1.0], "parameters": 5, "macs": 1234}
        | {name: values[seed] for name, values in more.items()}
        for kind, counts in error.items()
        for seed, wrong in enumerate(counts)
    ]  # fmt: skip
    return {"settings": {"test_images": 100}, "runs": runs}


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> None:
    record = made({"a": [10, 20, 30], "b": [15, 25, 95]}, wrong_at=[{"16": 50}] * 3)
    monkeypatch.setattr(records, "record", lambda _: record)


A, B = {"kind": "a"}, {"kind": "b"}


@pytest.mark.parametrize(
    ("what", "left", "sign", "right"),
    [
        ("error", A, "<", B),
        ("error", B, ">", A),
        ("error", A, "mean <", B),
        ("error", B, "mean >", 40),
        ("error", A, "overlaps", B),
        ("error", A, "<", 31),
        ("loss", A, "<", B),
        ("error@16", A, ">", 49),
    ],
)
def test_a_sentence_that_its_record_bears_stands(pair, what, left, sign, right) -> None:
    assert claims.seen("made", what, left, sign, right, "So it is.") == "So it is."


@pytest.mark.parametrize(
    ("what", "left", "sign", "right", "fault"),
    [
        ("error", B, "<", A, "seed 0: 15 is not less than 10"),
        ("error", A, ">", B, "seed 0: 10 is not more than 15"),
        ("error", A, "<", 30, "seed 2: 30 is not less than 30"),
        ("error", B, ">", 15, "seed 0: 15 is not more than 15"),
        ("error", A, "mean <", 20, "a mean of 20 is not less than 20"),
        ("error", A, "mean >", 20, "a mean of 20 is not more than 20"),
        ("error", A, "mean >", B, "a mean of 20 is not more than 45"),
        ("loss", B, "<", 9, "seed 2: inf is not less than 9"),
    ],
)
def test_a_sentence_that_its_record_does_not_bear_stops(
    pair, what, left, sign, right, fault
) -> None:
    with pytest.raises(CnnrefError) as caught:
        claims.seen("made", what, left, sign, right, "So it is.")
    said = f"the record of made does not bear 'So it is.': {what}, {fault}."
    assert str(caught.value) == said


def test_ranges_that_touch_overlap(monkeypatch) -> None:
    record = made({"a": [10, 20], "b": [20, 30]})
    monkeypatch.setattr(records, "record", lambda _: record)
    for one, other in ((A, B), (B, A)):
        assert claims.seen("made", "error", one, "overlaps", other, "Alike.") == "Alike."


def test_ranges_that_lie_apart_do_not_overlap(monkeypatch) -> None:
    record = made({"a": [10, 20], "b": [21, 30]})
    monkeypatch.setattr(records, "record", lambda _: record)
    with pytest.raises(CnnrefError, match=r"error, 10 to 20 and 21 to 30\.$"):
        claims.seen("made", "error", A, "overlaps", B, "Alike.")
    with pytest.raises(CnnrefError, match=r"^a range overlaps that of another condition, not 3\.$"):
        claims.seen("made", "error", A, "overlaps", 3, "Alike.")


def test_what_cannot_be_compared_is_refused(pair) -> None:
    with pytest.raises(CnnrefError, match=r"^the record of made has no run with \{'kind': 'c'\}\."):
        claims.seen("made", "error", {"kind": "c"}, "<", A, "So it is.")
    with pytest.raises(UnknownNameError, match=r"^Unknown comparison '<<'"):
        claims.seen("made", "error", A, "<<", B, "So it is.")
    with pytest.raises(UnknownNameError, match=r"^Unknown measure of made 'charm'"):
        claims.seen("made", "charm", A, "<", B, "So it is.")


def test_a_record_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"^Unknown experiment 'alchemy'"):
        records.record("alchemy")


def test_runs_are_compared_within_one_seed_and_the_values_that_are_not_named(monkeypatch) -> None:
    runs = [
        {"norm": norm, "rate": rate, "seed": seed, "wrong": 10 * rate + seed + 5 * norm}
        for norm in (False, True)
        for rate in (1, 2)
        for seed in (0, 1)
    ]
    monkeypatch.setattr(
        records, "record", lambda _: {"settings": {"test_images": 100}, "runs": runs}
    )
    found = list(records.pairs("made", {"norm": True}, {"norm": False}))
    assert [(a["rate"], a["seed"]) for a, _ in found] == [(b["rate"], b["seed"]) for _, b in found]
    assert len(found) == 4
    assert claims.seen("made", "error", {"norm": False}, "<", {"norm": True}, "Yes.") == "Yes."
    assert len(list(records.pairs("made", {"rate": 1}, {"rate": 2}))) == 4


# the committed records


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_of_the_experiments_own_settings_and_whole(name: str) -> None:
    found = records.record(name)
    settings = run.full(name)
    assert found["settings"] == json.loads(json.dumps(asdict(settings)))
    assert len(settings.seeds) >= 5
    wanted = [(dict(task.condition), task.seed) for task in frame.tasks(name, settings)]
    assert [(records.condition(one), one["seed"]) for one in found["runs"]] == wanted
    for task, one in zip(frame.tasks(name, settings), found["runs"], strict=True):
        own = task.experiment.own(task.condition, settings)
        assert 0 <= one["wrong"] <= settings.test_images
        if one["loss"] is not None:
            assert len(one["curve"]) == -(-own.steps // own.every)


def parsed(path: Path) -> nodes.Template:
    return jinja2.Environment().parse(path.read_text(encoding="utf-8"))


def calls(name: str) -> list[tuple[str, list[object]]]:
    """Each call of a macro on the pages with the arguments that are constants."""
    return [
        (path.stem, [one.as_const() for one in call.args])
        for path in PAGES
        for call in jinja2.Environment()
        .parse(path.read_text(encoding="utf-8"))
        .find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == name
    ]


def test_every_sentence_of_the_pages_is_borne_by_its_record() -> None:
    sentences = calls("seen")
    assert len(sentences) >= len(NAMES)
    for _, arguments in sentences:
        assert claims.seen(*arguments) == arguments[-1]


def test_no_sentence_would_be_borne_by_any_record() -> None:
    # turned about, none of them that compares runs one by one is true
    for _, (name, what, left, sign, right, text) in calls("seen"):
        if sign in ("<", ">"):
            with pytest.raises(CnnrefError, match="does not bear"):
                claims.seen(name, what, left, {"<": ">", ">": "<"}[sign], right, text)


def test_every_experiment_has_a_chart_in_a_chapter_a_section_and_its_runs() -> None:
    assert set(records.names()) == set(NAMES) == set(charts.CHARTS)
    assert {arguments[0] for _, arguments in calls("experiment_chart")} == set(NAMES)
    shown = {arguments[0] for where, arguments in calls("experiment") if where == "experiments"}
    assert shown == set(NAMES)
    text = (DOCS / "experiments.md").read_text(encoding="utf-8")
    for name in run.NAMES:
        assert f"{{ #{name} }}" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_holds_every_run_and_says_its_means(name: str) -> None:
    chart, words = charts.CHARTS[name](name)
    values = chart.to_dict()["data"]["values"]
    if name == "start":
        depth = records.record(name)["settings"]["depths"][-1]
        assert len(values) == 4 * (depth - 1)
    elif name == "heads":
        assert len(values) == len(records.record(name)["runs"]) * 5
    else:
        assert len(values) == len(records.record(name)["runs"])
    for value in values:
        assert value.get("condition", value.get("kind")) in words
    assert re.search(r"\d", words)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_a_row_for_each_condition(name: str) -> None:
    text = page.experiment(name)
    assert text.count('<th scope="row">') == len(records.conditions(name))
    assert f"scripts/study {name} " in text
    assert f'href="experiments/{name}.json"' in text
    assert records.record(name)["machine"]["torch"] in page.experiment_machine(name)


def test_values_on_pages() -> None:
    mean = claims.outcome("windows", "error", {"unit": "5x5"})
    form = r'<data value="[\d.]+%" title="error: .* over the seeds">[\d.]+%</data>'
    assert re.fullmatch(form, mean)
    assert ">1,481,508<" in claims.outcome("windows", "macs", {"unit": "5x5"})
    assert ">0.05<" in claims.setting_of("windows", "rate")
    assert records.shown(float("inf"), "loss") == "diverged"


def test_runs_that_diverged_are_counted(pair) -> None:
    assert records.spread("made", A, "loss") == "0.40 (0.20 to 0.60)"
    assert records.spread("made", B, "loss") == "1 of 3 diverged"
    assert records.spread("made", A, "macs") == "1,234"


# pictures


def test_pictures_are_written_as_they_are() -> None:
    grey = bytes(range(12))
    size, lines = pictures.mosaic(grey, 2, 3, 2)
    assert size == (5, 3)
    assert lines == [b"\0\1\xff\6\7", b"\2\3\xff\x08\x09", b"\4\5\xff\x0a\x0b"]
    data = pictures.png(lines)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == size
    packed = data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8]
    assert zlib.decompress(packed) == b"".join(b"\0" + line for line in lines)


def test_what_a_first_layer_learned_is_drawn_from_its_record() -> None:
    chosen = {"window": 11, "stride": 4}
    text = pictures.learned([("Filters", chosen, "filters")], "What it learned.")
    filters = records.record("first_layer")["settings"]["filters"]
    assert f'alt="Filters: {filters} pictures of 11 by 11 pixels"' in text
    source = re.search(r"base64,([^\"]*)", text)
    assert source
    assert base64.b64decode(source[1]).startswith(b"\x89PNG")
