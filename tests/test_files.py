"""Files are written whole or not at all, and what is wrong in one is named with its place."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnnref import CnnrefError, files
from cnnref.files import filled, json_of, number, one_of, rows, sweep, text_of, whole, write


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_put_in_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write(path, "one\r\n")
    assert path.read_bytes() == b"one\r\n"
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == {"table.csv"}


def test_the_mode_of_a_file_stays_and_a_new_one_has_the_usual(tmp_path: Path) -> None:
    secret, fresh, usual = (tmp_path / name for name in ("secret", "fresh", "usual"))
    secret.touch()
    secret.chmod(0o600)
    usual.touch()
    write(secret, "x")
    write(fresh, "x")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert fresh.stat().st_mode == usual.stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "x"


def in_a_circle(folder: Path) -> Path:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    return folder / "a"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (lambda folder: folder, "it is not a file"),
        (pipe, "it is not a file"),
        (lambda folder: folder / "none" / "x", "No such file or directory"),
        (lambda folder: folder / ("x" * 300), "File name too long"),
        (in_a_circle, "its links lead in a circle"),
    ],
)
def test_what_cannot_be_written_is_named_and_nothing_is_left(place, reason, tmp_path: Path) -> None:
    path = place(tmp_path)
    before = names(tmp_path)
    with pytest.raises(CnnrefError) as told:
        write(path, "x")
    assert str(told.value) in {
        f"{path} cannot be written: {reason}.",
        # as newer Pythons say it
        f"{path} cannot be written: Too many levels of symbolic links.",
    }
    assert names(tmp_path) == before


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "table.csv"
    write(path, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CnnrefError, match=r"table.csv cannot be written: No space left on device"):
        write(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == {"table.csv"}


def left_by_one_that_was_killed(path: Path) -> Path:
    """What stays when a process is killed while it writes."""
    code = (
        "import os, signal\nfrom cnnref import files\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"files.write({str(path)!r}, 'half')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (left,) = path.parent.glob("*.part")
    return left


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write(path, "old")
    left = left_by_one_that_was_killed(path)
    assert path.read_text() == "old"
    write(tmp_path / "other.csv", "x")
    assert left.exists()
    write(path, "new")
    assert names(tmp_path) == {"table.csv", "other.csv"}


def test_left_overs_below_a_folder_are_swept_and_those_of_others_at_work_stay(
    tmp_path: Path,
) -> None:
    (tmp_path / "tables").mkdir()
    left_by_one_that_was_killed(tmp_path / "tables" / "table.csv")
    at_work = tmp_path / f"x.csv.{os.getpid()}.0.part"
    at_work.touch()
    (tmp_path / "notes.part").touch()
    sweep(tmp_path)
    assert names(tmp_path) == {"tables", at_work.name, "notes.part"}
    assert names(tmp_path / "tables") == set()


def test_two_that_write_at_the_same_moment_do_not_meet(tmp_path: Path, monkeypatch) -> None:
    path, fsync = tmp_path / "table.csv", os.fsync

    def meanwhile(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        write(path, "the second")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    write(path, "the first")
    assert path.read_text() == "the first"
    assert names(tmp_path) == {"table.csv"}


def test_a_byte_that_is_no_text_is_named_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(CnnrefError) as told:
        text_of(path)
    assert str(told.value) == f"{path}, line 2, column 3: the byte 0xff is no UTF-8."


@pytest.mark.parametrize(("place", "said"), [(pipe, "it is not a file"), (in_a_circle, "levels")])
def test_what_is_no_file_is_not_waited_for(place, said, tmp_path: Path) -> None:
    path = place(tmp_path)
    with pytest.raises(CnnrefError, match=f"cannot be read: .*{said}"):
        text_of(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "b" 2}', ", line 2, column 6: no JSON: Expecting ':' delimiter."),
        ('{"a": NaN}', ": NaN is no number of JSON."),
        ('{"a": 1, "a": 2}', ": 'a' is stated twice in one object."),
        ("[" * 100_000, " is nested too deeply."),
        ("", ", line 1, column 1: no JSON: Expecting value."),
    ],
)
def test_what_is_no_json_is_named_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(CnnrefError) as told:
        json_of(path)
    assert str(told.value) == f"{path}{said}"


def test_a_name_that_is_missing_is_an_error_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"runs": [{"deptj": 3}]}')
    (run,) = json_of(path)["runs"]
    with pytest.raises(CnnrefError) as told:
        run["depth"]
    said = f"{path}: 'depth' is not where it is looked for; there is deptj."
    assert str(told.value) == said
    assert json.dumps(json_of(path)) == path.read_text()


COLUMNS = {"name": filled, "kind": one_of(("plain", "residual")), "depth": whole, "error": number}
GOOD = 'name,kind,depth,error\na,plain,18,27.88\n"b, c",residual,34,<1\n'.replace("<1", "1e-3")


def test_the_cells_of_a_table_are_read_as_their_columns_say(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(GOOD)
    assert list(rows(path, COLUMNS)) == [("a", "plain", 18, 27.88), ("b, c", "residual", 34, 1e-3)]


def refusal(path: Path) -> str:
    """What is said against a table; "" where nothing is, and no other error but this one."""
    try:
        list(rows(path, COLUMNS))
    except CnnrefError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("18", "1B", "line 2: in the column 'depth', '1B' is no whole number"),
        ("18", "1_8", "line 2: in the column 'depth', '1_8' is no whole number"),
        ("18", "١٨", "line 2: in the column 'depth', '١٨' is no whole number"),
        ("27.88", "nan", "line 2: in the column 'error', 'nan' is no number"),
        ("27.88", "", "line 2: in the column 'error', '' is no number"),
        ("residual", "residuaL", "line 3: in the column 'kind', 'residuaL' is none of plain, resi"),
        ("a,plain", ",plain", "line 2: in the column 'name', the cell is empty"),
        (",18", ",18,", "line 2: 5 cells in place of 4"),
        ("depth", "Depth", "line 1: the columns are name, kind, Depth, error and should be name,"),
        (GOOD, "", "line 1: the columns are none and should be name,"),
        ('"b, c"', '"b, c', "unexpected end of data"),
        ('"b, c"', '"b, c"d', "',' expected after '\"'"),
        ("a,plain", "a\0,plain", "line 2: "),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_line_and_column(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(GOOD.replace(old, new))
    # a NUL is text to newer Pythons
    assert refusal(path).startswith(f"{path}, line ") or "\0" in new
    assert said in refusal(path) or "\0" in new


def test_a_flipped_bit_is_read_or_named_and_never_a_bare_error(tmp_path: Path) -> None:
    path, draw = tmp_path / "x.csv", random.Random(0)
    said = []
    for _ in range(2000):
        data = bytearray(GOOD.encode())
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        said.append(refusal(path))
    assert all(text.startswith(str(path)) for text in said if text)
    assert 500 < sum(map(bool, said)) < 2000


def test_the_names_of_the_module_are_documented() -> None:
    for name in files.__all__:
        assert getattr(files, name).__doc__


WRITES = re.compile(r"\.write_(?:text|bytes)\(|open\([^)]*[\"'][wx]b?[\"']")
# besides the one: what makes the environment comes before there is a package
OWN_WAY = {"files.py", "_environment.py", "_command.py"}


def writes(source: str) -> list[str]:
    return WRITES.findall(source)


@pytest.mark.extras
def test_every_file_is_written_in_the_one_way() -> None:
    root = Path(files.__file__).parents[1]
    sources = [*root.glob("cnnref/**/*.py"), *root.glob("scripts/**/*.py")]
    commands = [path for path in root.glob("scripts/*") if path.is_file() and not path.suffix]
    assert len(sources) > 100
    assert len(commands) > 5
    found = {
        path.name for path in [*sources, *commands] if writes(path.read_text(encoding="utf-8"))
    }
    assert found == OWN_WAY


def test_another_way_to_write_would_be_seen() -> None:
    for line in ("x.write_text(t)", "x.write_bytes(b)", "x.open('w')", 'open(p, "wb")'):
        assert writes(line)
    assert not writes("x.open('ab')")
