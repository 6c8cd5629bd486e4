"""Changes of the program are drawn alike for one seed, made in a copy, and told from no change."""

import ast
import csv
import re
from pathlib import Path

import pytest

from cnnref.errors import CnnrefError
from proofs import mutants as drawn
from proofs.mutants import PYTEST, ROOMS, Room, looks, mutants, nearest, run, sample
from website.places import ROOT

SOURCE = '''"""Three 3 of them."""
from typing import TYPE_CHECKING

__all__ = ["less"]


def less(a: int, é: int = 1) -> bool:
    """True if 1 < 2.

    >>> less(1, 2), less(2, 2)
    (True, False)
    """
    found = "é" if a < é else ""
    list(zip([a], [é], strict=True))
    return bool(found) and not a == é
'''


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one file of the program, which its doctest looks at."""
    (tmp_path / "room").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "room" / "less.py").write_text(SOURCE)
    (tmp_path / "tests" / "test_less.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--doctest-modules"]\n'
    )
    monkeypatch.setattr(drawn, "ROOT", tmp_path)
    monkeypatch.setattr(drawn, "ROOMS", {"room": Room("room", ("tests",))})

    def copied(place):
        for path in tmp_path.rglob("*.*"):
            (place / path.relative_to(tmp_path).parent).mkdir(exist_ok=True)
            (place / path.relative_to(tmp_path)).write_bytes(path.read_bytes())

    monkeypatch.setattr(drawn, "copied", copied)
    return tmp_path


def test_each_change_is_another_program_that_can_be_read():
    found = mutants("a.py", SOURCE)
    assert [(one.line, one.old) for one in sorted(found, key=lambda one: one.start)] == [
        (7, "1"), (13, '"é" if a < é else ""'), (13, "a < é"), (15, "bool(found) and not a == é"),
        (15, "not a == é"), (15, "a == é"),
    ]  # fmt: skip
    for one in found:
        changed = one.applied(SOURCE.encode()).decode()
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))


@pytest.mark.slow
def test_every_room_has_changes_and_one_seed_draws_the_same():
    assert sample(20, 3, [*ROOMS]) == sample(20, 3, [*ROOMS])
    assert sample(20, 3, [*ROOMS]) != sample(20, 4, [*ROOMS])
    assert {room.folder for room, _ in sample(20, 3, [*ROOMS])} == {
        one.folder for one in ROOMS.values()
    }
    for room in ROOMS.values():
        assert all((ROOT / name).exists() for name in (room.folder, *room.tests))


@pytest.mark.slow
def test_a_change_that_a_test_notices_is_killed_and_another_survives(checkout, capsys, monkeypatch):
    default, *_, equal = mutants("room/less.py", SOURCE)
    chosen = [(drawn.ROOMS["room"], one) for one in (default, equal)]
    monkeypatch.setattr(drawn, "sample", lambda *_: chosen)
    assert run(2, 0, 60) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"survives  {default}",
        f"killed  {equal}",
        "2 mutants of seed 0: 1 killed (50.0%)",
    ]
    assert (checkout / "room" / "less.py").read_text() == SOURCE


@pytest.mark.slow
def test_a_file_is_looked_at_by_the_tests_that_import_it_or_by_all_of_its_room():
    measuring, cli, website = (ROOMS[name] for name in ("measuring", "cli", "website"))
    assert nearest(measuring, "cnnref/measuring/ceilings.py") == [
        "tests/measuring/test_ceilings.py"
    ]
    # one imports a helper that stands beside it
    beside = "tests/tables/exported/test_onnx_subgraphs.py"
    assert beside in nearest(ROOMS["tables"], "cnnref/tables/onnx/walk.py")
    by_helper = "tests/cli/test_listings.py"
    assert by_helper in nearest(cli, "cnnref/cli/main.py")
    pages = nearest(website, "scripts/website/chapters/slips.py")
    assert by_helper not in pages
    every = nearest(website, "scripts/website/hooks.py")
    assert {*pages} < {*every}
    # the tests that open a browser stand behind all others
    opening = [name.startswith("tests/checks/test_hand") for name in every]
    assert opening.index(True) > len(every) - 15


@pytest.mark.slow
def test_pages_are_made_again_of_what_they_are_made_of_alone():
    website, tables, measuring = ROOMS["website"], ROOMS["tables"], ROOMS["measuring"]
    for room, name, made in (
        (website, "scripts/website/errata/claims.py", ["drift", "shown"]),
        (website, "scripts/website/drift.py", ["drift"]),
        (website, "scripts/website/networks/answers.py", ["shown"]),
        (website, "scripts/website/hooks.py", []),
        (tables, "cnnref/tables/rows.py", ["drift", "shown"]),
        (measuring, "cnnref/measuring/roofline.py", []),
    ):
        first, *pages, others = looks(room, name)
        near, *further = nearest(room, name)
        module = name.removesuffix(".py").replace("/", ".")
        if room is website:
            assert first == [*PYTEST, near]
            examples = [*PYTEST, drawn.EXAMPLES, "-k", module.removeprefix("scripts.")]
            assert pages.pop(0) == examples
        else:
            assert first == [*PYTEST, name, near]
        assert others == [*PYTEST, *further]
        assert [re.findall(r"import (\w+); sys.exit", command[1])[0] for command in pages] == made


def test_what_is_edited_meanwhile_is_no_part_of_a_sample(checkout, monkeypatch):
    asked = []

    def survives(_, mutant, commands):
        asked.append((mutant.path, commands))
        (checkout / "tests" / "test_later.py").write_text("import less\n")
        (checkout / "room" / "less.py").write_text("")
        return False

    monkeypatch.setattr(drawn, "survives", survives)
    assert run(2, 0, 60) == 0
    assert asked == [("room/less.py", [[*PYTEST, "room/less.py", "tests/test_less.py"]])] * 2


def test_of_each_room_nearly_all_changes_were_noticed_that_can_be():
    record = ROOT / "scripts" / "proofs" / "mutants.csv"
    with record.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["room"] for row in rows} == {*ROOMS}
    assert len({(row["room"], row["seed"]) for row in rows}) == len(rows)
    for row in rows:
        changes, caught, idle = (int(row[key]) for key in ("changes", "caught", "without_effect"))
        assert changes >= 20
        assert 95 * (changes - idle) <= 100 * caught <= 100 * (changes - idle)
        assert int(row["at_first"] or 0) <= caught


@pytest.mark.slow
def test_tests_that_are_red_kill_nothing(checkout):
    (checkout / "tests" / "test_less.py").write_text("def test_it():\n    assert False\n")
    with pytest.raises(CnnrefError, match="fail before anything is changed"):
        run(1, 0, 60)


def test_no_change_begins_when_the_time_is_up(checkout, capsys):
    assert run(5, 0, 0) == 0
    assert "the time is up: 0 of 5 were tried" in capsys.readouterr().out


def test_an_unknown_room_is_named():
    with pytest.raises(CnnrefError, match="Unknown room to change 'attic'"):
        run(1, 0, 1, ["attic"])


def test_what_is_copied_is_the_checkout(tmp_path: Path):
    drawn.copied(tmp_path)
    assert (tmp_path / "cnnref" / "net.py").read_bytes() == (
        ROOT / "cnnref" / "net.py"
    ).read_bytes()
    assert not (tmp_path / ".venv").exists()
