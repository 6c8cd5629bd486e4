"""Random calls and command lines answer, or say why not; and what breaks its word is seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnref
from cnnref.net import Net
from proofs.fuzzed import lines as drawn_lines
from proofs.fuzzed.calls import Call, call_fault
from proofs.fuzzed.lines import folder, line_fault
from proofs.fuzzed.run import KINDS


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "cases"), [("calls", 150), ("lines", 60)])
def test_a_sample_keeps_its_word(kind: str, cases: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert KINDS[kind](cases, 0) == 0
    assert capsys.readouterr().out == f"{cases} cases: each answered, or said why not\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with folder(tmp_path):
        yield tmp_path


@pytest.mark.parametrize(
    ("does", "fault"),
    [
        ("raise KeyError('x')", "it raised KeyError('x')"),
        ("return 3", "its exit code is 3"),
        ("print('half'); return 2", "it is refused, and prints 'half\\n'"),
        ("return 2", "no sentence says why: ''"),
        ("Path('out.csv.1.2.part').touch(); return 0", "half a file is left"),
        (
            "Path('own.toml').write_text(''); print('cnnref: it is no good.', file=sys.stderr); "
            "return 2",
            "it is refused, and writes [PosixPath('own.toml')]",
        ),
        ("time.sleep(9)", "it raised TimeoutError('no end after 1 s')"),
        ("print('cnnref: it is no good.', file=sys.stderr); return 2", ""),
    ],
)
def test_a_line_that_breaks_its_word_is_seen(
    does: str, fault: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, object] = {"Path": Path, "sys": sys}
    exec(f"import time\ndef main(words):\n    {does}", names)
    monkeypatch.setattr(drawn_lines, "main", names["main"])
    monkeypatch.setattr(drawn_lines, "PATIENCE", 1)
    assert line_fault(["list"]) == fault


def test_a_call_that_breaks_its_word_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call_fault(Call("net", "relu", {})) == ""
    monkeypatch.setattr(Net, "relu", lambda *_, **__: 1 / 0)
    assert call_fault(Call("net", "relu", {})).startswith("it raised ZeroDivisionError")


def test_what_has_no_hash_is_refused_too() -> None:
    table = cnnref.table("alexnet")
    for call in (
        lambda: table.training_bytes({1}),
        lambda: table.group({1}),
        lambda: table.to_text(columns=[{1}]),
        lambda: cnnref.convention({1}),
        lambda: cnnref.table("alexnet", num_classes=int),
    ):
        with pytest.raises(cnnref.CnnrefError):
            call()


def test_a_refusal_without_a_sentence_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("", "short", "this one does not end"):

        def refuse(*_: object, text: str = text, **__: object) -> None:
            raise cnnref.CnnrefError(text)

        monkeypatch.setattr(Net, "relu", refuse)
        assert call_fault(Call("net", "relu", {})).startswith("no sentence")
