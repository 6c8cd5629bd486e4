"""The page on your own model: every example on it runs, and all of the examples are on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from measured_samples import measurement

from cnnref.cli.words import parsed
from cnnref.files import text_of
from cnnref.measuring.record import Quartiles
from website.chapters import count
from website.hands import playground

PAGE = count.EXAMPLES.parent / "count.md"
TEXT = PAGE.read_text(encoding="utf-8")
INCLUDED = re.findall(r'--8<-- "docs/examples/([\w.]+)"', TEXT)
OUTPUTS = re.findall(r'\{\{ output\("([^"]+)"\) \}\}', TEXT)
COMMANDS = re.findall(r'\{\{ terminal\("([^"]+)"\) \}\}', TEXT)
# what is imported by others, or run by pytest, prints nothing itself; times are those on record
SILENT = {
    "model.py", "spectral.py", "gathered.py", "edge.toml", "pyproject.toml", "budget.yml",
    "test_budget.py", "test_within_budget.py", "measured.py",
}  # fmt: skip
# what a command of the page wrote
KEPT = "costs.json"
# what an example and a command of the page read
READ = "small.onnx"
# what another page begins with
ELSEWHERE = "playground.py"


def test_every_example_is_on_the_page_with_what_it_prints() -> None:
    files = {path.name for path in count.EXAMPLES.iterdir() if path.is_file()}
    assert files > {KEPT, READ, ELSEWHERE}
    files -= {KEPT, READ, ELSEWHERE}
    assert set(INCLUDED) == files
    assert len(INCLUDED) == len(files)
    assert set(OUTPUTS) == files - SILENT
    assert len(COMMANDS) > 4


def test_no_code_on_the_page_is_typed() -> None:
    blocks = re.findall(r"^```(\w+)[^\n]*\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    typed = [body for kind, body in blocks if "--8<--" not in body]
    first, *pictures = typed
    assert first == "pip install '.[torch]'\n"
    # what writes a picture prints nothing to show
    for line in "".join(pictures).splitlines():
        program, command, *words = line.split()
        assert program == "cnnref"
        assert command in ("draw", "chart")
        assert parsed(command, words) is not None


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_example_runs_and_prints(name: str) -> None:
    text = count.output(name)
    assert text.startswith("```text\n")
    assert len(text.splitlines()) > 2
    assert ("Warning" in text) == (name in ("uncounted.py", "estimates.py"))
    assert max(map(len, text.splitlines())) < 115


def test_no_colour_of_a_terminal_comes_onto_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services that run checks ask for colours where there is no terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = count.terminal.__wrapped__("list --columns parameters")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert count.terminal.__wrapped__("list --columns parameters") == plain
    assert "\x1b" not in plain
    assert os.environ.get("NO_COLOR") is None


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_runs_and_fits_the_page(line: str) -> None:
    text = count.terminal(line)
    assert text.startswith(f"```console\n$ cnnref {line}\n") or "--quiet" in line
    exceeded = "exceed" in text or "differ from" in text
    assert ("exit code 1" in text) == exceeded
    assert "exit code 2" not in text
    assert "Traceback" not in text
    assert "\x1b" not in text


def test_the_table_that_is_kept_is_the_example_models() -> None:
    assert f"as {KEPT} has it" in count.terminal("budget")
    assert f"--output {KEPT}" in TEXT


def test_the_file_that_is_read_is_read_on_the_page() -> None:
    (reader,) = (name for name in OUTPUTS if f'"{READ}"' in text_of(count.EXAMPLES / name))
    assert f"cnnref trace {READ}" in TEXT
    assert " MACs become " in count.output(reader)


def test_the_example_of_another_page_is_what_the_playground_begins_with() -> None:
    assert text_of(count.EXAMPLES / ELSEWHERE) == playground.EXAMPLE


def test_running_an_example_leaves_nothing_behind() -> None:
    before = Path.cwd(), list(sys.path), {*sys.modules}
    count.output.cache_clear()
    count.output("rules.py")
    assert (Path.cwd(), list(sys.path)) == before[:2]
    assert "model" not in sys.modules
    assert "spectral" not in sys.modules
    assert not list(count.EXAMPLES.rglob("__pycache__"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["test_budget.py", "test_within_budget.py"])
def test_the_example_of_a_test_is_one(name: str) -> None:
    # an installed package brings the plugin by itself
    options = ["-q", "-p", "no:cacheprovider", "-p", "cnnref.testing.plugin"]
    command = [sys.executable, "-m", "pytest", *options, name]
    environment = {"PYTHONPATH": str(PAGE.parent.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=count.EXAMPLES, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_an_example_that_fails_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("assert 1 + 1 == 3\n", encoding="utf-8")
    monkeypatch.setattr(count, "EXAMPLES", tmp_path)
    with pytest.raises(AssertionError):
        count.output("broken.py")


# what begins the line of a measurement that says why its time is not to be relied on
DOUBT = "  but         "
# what a line goes on with where it is folded, which depends on the name of the machine
FOLDED = re.compile(r"\n {14}(?=\S)")


def first_words(text: str) -> list[str]:
    """What lines begin with, down to the total; how long rules and notes are depends on times.

    So does whether a measurement is doubted, which a busy machine is enough for.
    """
    unfolded = FOLDED.sub(" ", text)
    told = (line for line in unfolded.splitlines() if not line.startswith(DOUBT))
    lines = [line.split()[:1] for line in told if set(line) - set("- ")]
    words = [word for line in lines for word in line]
    return words[: words.index("total") + 1]


def test_how_long_the_times_are_does_not_matter() -> None:
    shown = count.measured_printed("alexnet")
    rule, longer = re.search("-+", shown)[0], "-" * 90
    assert first_words(shown.replace(rule, longer).replace(" ms", "  0.001 ms")) == first_words(
        shown
    )
    assert first_words(shown.replace("conv2", "conv9")) != first_words(shown)
    assert len(first_words(shown)) > 25


def test_whether_the_times_are_doubted_does_not_matter() -> None:
    sure, doubted = (
        f"```text\n{measurement(time=Quartiles(low, 0.02, 0.0205, 9))}\n```\n total"
        for low in (0.0195, 0.0105)
    )
    assert DOUBT not in sure
    assert DOUBT in doubted
    assert first_words(sure) == first_words(doubted)
    assert first_words(doubted.replace("achieved", "attained")) != first_words(sure)


@pytest.mark.slow
def test_the_example_that_takes_times_prints_what_is_shown_of_it() -> None:
    shown, printed = count.measured_printed("alexnet"), count.output("measured.py")
    assert '{{ measured_printed("alexnet") }}' in TEXT
    assert first_words(shown) == first_words(printed)
    assert max(map(len, shown.splitlines())) < 115
