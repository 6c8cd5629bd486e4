"""Completion scripts: what the shells themselves make of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import cnnref
from cnnref.__main__ import main
from cnnref.cli.commands import COMMANDS, OPTIONS, SHELLS


@pytest.fixture
def script(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    assert main(["completion", request.param]) == 0
    path = tmp_path / f"completion.{request.param}"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", [name], indirect=True)


CASES = {
    "tr": {"trace"},
    "completion ": set(SHELLS),
    "published preact_resnet20": {"preact_resnet200"},
    "trace preact_resnet20": {"preact_resnet200"},
    "trace mine.p": {"mine.py"},
    "trace x --rules m": {"mine.py"},
    "trace x --output m": {"mine.py", "mine.txt"},
    "trace x --format m": {"markdown"},
    "trace x --convention lec": {"lecture"},
    "table vgg16 --columns layer,mac": {"layer,macs", "layer,macs_share"},
    "trace x --by-convention thop,torchi": {"thop,torchinfo"},
    "trace x --max-pa": {"--max-parameters"},
    "trace x --max-macs ": set(),
    "check alexnet --max-tr": {"--max-training"},
}


@of("bash")
def test_what_is_filled_in_is_indented_too(script: Path) -> None:
    inside = script.read_text(encoding="utf-8").partition("{\n")[2].rpartition("\n}\n")[0]
    assert [line for line in inside.splitlines() if not line.startswith("    ")] == []


@of("bash")
@pytest.mark.parametrize("line", [*CASES, "sweep x --columns +peak"])
def test_bash_completes(script: Path, line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    (tmp_path / "mine.txt").touch()
    code = (
        f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cnnref; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    words = ["cnnref", *line.split(" ")]
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", code, "bash", *words],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stderr == ""
    assert set(done.stdout.split()) == CASES.get(line, {"+peak"})


@of("fish")
@pytest.mark.parametrize("line", CASES)
def test_fish_completes(script: Path, line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    (tmp_path / "mine.txt").touch()
    code = f"source {script}; complete -C 'cnnref {line}'"
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", code],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert {entry.partition("\t")[0] for entry in done.stdout.splitlines()} >= CASES[line]


@of("fish")
@pytest.mark.parametrize(("option", "end"), [
    ("strict", "without a rule'"), ("max-macs", " -x"), ("output", " -r -F"),
    ("format", " -x -a 'text markdown csv json html latex'"),
])  # fmt: skip
def test_fish_is_told_what_an_option_takes(script: Path, option: str, end: str) -> None:
    start = f"complete -c cnnref -n '__fish_seen_subcommand_from trace' -l {option} "
    lines = script.read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(start))
    assert line.endswith(end)


NETWORKS, FILES = f"-a '{' '.join(cnnref.names())}'", "-a '(__fish_complete_suffix .py)'"


@of("fish")
@pytest.mark.parametrize("command", COMMANDS)
def test_fish_is_told_what_stands_behind_a_command(script: Path, command: str) -> None:
    start = f"complete -c cnnref -n '__fish_seen_subcommand_from {command}' "
    lines = script.read_text(encoding="utf-8").splitlines()
    told = [line.removeprefix(start) for line in lines if line.startswith(start)]
    words = [text for text in told if text.startswith("-a ")]
    expected = {
        "published": [NETWORKS], "check": [NETWORKS], "completion": ["-a 'bash zsh fish'"],
        "list": [], "budget": [], "conventions": [],
    }  # fmt: skip
    assert words == expected.get(command, [NETWORKS, FILES])
    options = [text.split(" ")[1] for text in told if text.startswith("-l ")]
    assert [f"--{option}" for option in options] == list(COMMANDS[command].options)
    assert told == words + [text for text in told if text.startswith("-l ")]
    if command == "budget":
        assert told == [
            "-l update -d 'write the tables that later runs are held against'",
            "-l format -d 'text, markdown, csv, json, html, latex; else as FILE ends' "
            "-x -a 'text markdown csv json html latex'",
            "-l output -d 'write there, all or nothing' -r -F",
        ]


@of("zsh")
def test_zsh_is_told_what_stands_behind_a_word(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    for line in (
        "        --by) compadd -- layer stage block ;;",
        "        --mode) compadd -- inference training ;;",
        "        --by-convention) compset -P '*,'; compadd -- "
        f"{' '.join(cnnref.conventions())} all ;;",
        "            'budget:the budgets that pyproject.toml states, each held'",
        "            budget) compadd -- --update --format --output --help ;;",
        "            published|conventions) compadd -- --format --output --help ;;",
        "            completion) compadd -- --help ;;",
        "        table|explain|published|check|trace|compare|sweep|measure|draw|chart) compadd -- "
        f"{' '.join(cnnref.names())} ;;",
        "        completion) compadd -- bash zsh fish ;;",
        "        table|explain|trace|compare|sweep|measure|draw|chart) _files -g '*.py' ;;",
    ):
        assert lines.count(line) == 1
    assert sum("compset -P '*,'; " in line for line in lines) == 2


@of("zsh")
def test_zsh_reads_it(script: Path) -> None:
    done = subprocess.run(
        [shell("zsh"), "-n", str(script)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("script", SHELLS, indirect=True)
def test_every_command_option_and_network_is_in_it(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    words = {*COMMANDS, *cnnref.names(), *(option.removeprefix("--") for option in OPTIONS)}
    assert {word for word in words if word not in text} == set()
    assert "@" not in text.replace("$@", "").replace('"$@"', "")
