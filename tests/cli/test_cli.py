"""The command line: what it prints, what it refuses and how it ends."""

import csv
import json
import os
import sys
from io import StringIO
from pathlib import Path

import pytest
from command_line import run

import cnnref
from cnnref.cli import main as cli
from cnnref.cli.commands import COMMANDS, FORMATS, OPTIONS
from cnnref.networks.agreement import Agreement
from cnnref.tables.comparison import Difference

MODULES = '''
"""Modules to trace."""
import torch
from torch import nn
from unknown_operator import mystery

print("said while it was imported")


def small():
    print("said while it was built")
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())


class Strange(nn.Module):
    def forward(self, x):
        return mystery(x)


def broken():
    raise RuntimeError("no weights\\nat home")


def leaves():
    raise SystemExit(3)


def needs(width):
    return nn.Linear(width, width)


number = 7
'''


def files(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def modules(tmp_path, monkeypatch):
    path = tmp_path / "own_modules.py"
    path.write_text(MODULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop("own_modules", None)


# ---- what is printed ----


@pytest.mark.parametrize("name", FORMATS)
def test_table_prints_what_the_table_prints(capsys, name):
    options = ("--format", name, "--input-size", "227", "--convention", "lecture")
    book = cnnref.table("alexnet", input_size=227, num_classes=10)
    code, out, err = run(capsys, "table", "alexnet", "--num-classes", "10", *options)
    assert (code, out.rstrip("\n"), err) == (0, getattr(book, f"to_{name}")("lecture").rstrip(), "")
    assert out.endswith("\n")
    assert not out.endswith("\n\n")


def test_table_has_macs_as_text_unless_told(capsys):
    code, out, _ = run(capsys, "table", "vgg19")
    assert (code, out) == (0, cnnref.table("vgg19").to_text("macs") + "\n")


def test_a_rectangle_is_height_by_width(capsys):
    _, out, _ = run(capsys, "table", "alexnet", "--input-size", "96x320", "--format", "json")
    assert json.loads(out)["input_shape"] == [3, 96, 320]


def test_explain_shows_how_each_number_comes_about(capsys):
    code, out, err = run(capsys, "explain", "alexnet", "conv1", "--input-size", "227")
    assert (code, err) == (0, "")
    assert out == (
        "conv1 of alexnet: conv, 3 x 227 x 227 to 64 x 56 x 56\n"
        "  output      floor((227 - 11 + 2 x 2) / 4) + 1 = 56\n"
        "  parameters  (64 x 3 x 11 x 11) + 64 = 23,296\n"
        "  memory      (64 x 56 x 56) x 4 = 802,816 bytes\n"
        "  MACs        (64 x 56 x 56) x (3 x 11 x 11) = 72,855,552\n"
        "  convention  macs: Multiply-accumulates\n"
    )


def test_explain_shows_both_axes_of_a_rectangle(capsys):
    _, out, _ = run(capsys, "explain", "alexnet", "conv1", "--input-size", "96x320")
    assert [line for line in out.splitlines() if "output" in line] == [
        "  output      floor((96 - 11 + 2 x 2) / 4) + 1 = 23",
        "  output      floor((320 - 11 + 2 x 2) / 4) + 1 = 79",
    ]


def test_compare_tells_rows_apart_by_its_exit_code(capsys):
    code, out, err = run(capsys, "compare", "vgg16", "vgg16")
    assert (code, err) == (0, "")
    assert out == (
        "vgg16 (40 rows, input 3 x 224 x 224) against vgg16 (40 rows, input 3 x 224 x\n224); "
        "convention macs: 0 rows differ.\n"
        "Parameters: 138,357,544 in the first, 138,357,544 in the second.\n"
        "MACs: 15,470,264,320 in the first, 15,470,264,320 in the second.\n"
    )
    code, out, err = run(capsys, "compare", "alexnet_2012", "alexnet_2012_nogroups")
    assert (code, err) == (1, "")
    assert out == (
        """\
alexnet_2012 (23 rows, input 3 x 227 x 227) against alexnet_2012_nogroups (23
rows, input 3 x 227 x 227); convention macs: 3 rows differ.

row  layer       difference     parameters          MACs
--------------------------------------------------------
  4  conv2       groups 2 to 1    +307,200  +223,948,800
 10  conv4       groups 2 to 1    +663,552  +112,140,288
 12  conv5       groups 2 to 1    +442,368   +74,760,192
--------------------------------------------------------
     Difference                 +1,413,120  +410,849,280
Parameters: 60,965,224 in the first, 62,378,344 in the second (+2.3%).
MACs: 724,406,816 in the first, 1,135,256,096 in the second (+56.7%).
"""
    )


@pytest.mark.parametrize("name", FORMATS)
def test_compare_prints_in_every_format(capsys, name):
    found = cnnref.compare(cnnref.table("vgg16"), cnnref.table("vgg19"))
    code, out, _ = run(capsys, "compare", "vgg16", "vgg19", "--format", name)
    assert (code, out.rstrip()) == (1, getattr(found, f"to_{name}")("macs").rstrip())


def test_compare_takes_one_size_for_both(capsys):
    _, out, _ = run(capsys, "compare", "vgg11", "vgg11_bn", "--input-size", "64")
    assert "input shape" not in out
    code, out, _ = run(
        capsys, "compare", "vgg16", "vgg16", "--num-classes", "5", "--input-size", "32x64"
    )
    assert (code, "0 rows differ" in out) == (0, True)


def test_check_counts_rows_compared_and_rows_that_differ(capsys, monkeypatch):
    found = ((224, Difference(1, "conv1", "conv1", "macs", 2, 3)),)
    more = (*found, (224, Difference(1, "conv1", "conv1", "kernel", 2, 3)),
            ((64, 160), Difference(4, "fc", None, "row", 1, None)))  # fmt: skip
    outcomes = {
        "alexnet": Agreement("alexnet", 22, 0, (224, 227), ()),
        "vgg11": Agreement("vgg11", 30, 1, (32, (64, 160)), found),
        "vgg13": Agreement("vgg13", 30, 2, (32, 224, (64, 160)), more),
    }
    monkeypatch.setattr("cnnref.networks.agreement.check", outcomes.__getitem__)
    code, out, err = run(capsys, "check", "alexnet")
    assert (code, err) == (0, "")
    assert out == "alexnet: 22 rows at 2 sizes, 0 differ\n44 rows compared, 0 differ\n"
    code, out, err = run(capsys, "check", "alexnet", "vgg11")
    assert (code, err) == (1, "")
    assert out == (
        "alexnet: 22 rows at 2 sizes, 0 differ\n"
        "vgg11: 30 rows at 2 sizes, 1 differ\n"
        "  first at input 224, row 1 (conv1): macs is 2 against 3\n"
        "104 rows compared, 1 differ\n"
    )
    assert run(capsys, "check", "vgg13")[1] == (
        "vgg13: 30 rows at 3 sizes, 2 differ\n"
        "  first at input 224, row 1 (conv1): macs is 2 against 3\n"
        "  and 2 more values, over 2 of the sizes\n"
        "90 rows compared, 2 differ\n"
    )


def test_check_takes_every_network_unless_named(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "cnnref.networks.agreement.check",
        lambda name: asked.append(name) or Agreement(name, 1, 0, (1,), ()),
    )
    code, out, _ = run(capsys, "check")
    assert (code, asked) == (0, list(cnnref.names()))
    assert out.endswith(f"{len(asked)} rows compared, 0 differ\n")


def test_check_shows_its_progress_on_a_terminal_only(capsys, monkeypatch):
    monkeypatch.setattr(
        "cnnref.networks.agreement.check", lambda name: Agreement(name, 1, 0, (1,), ())
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    _, out, err = run(capsys, "check", "alexnet", "vgg11")
    assert err == "\r\x1b[K[1/2] alexnet\r\x1b[K[2/2] vgg11\r\x1b[K"
    assert "\x1b" not in out


# ---- traces ----


@pytest.mark.parametrize("target", ["own_modules:small", "own_modules.py:small"])
def test_trace_builds_what_a_target_names(capsys, modules, target):
    code, out, err = run(capsys, "trace", target, "--input", "3,8,8", "--format", "csv")
    rows = list(csv.DictReader(StringIO(out)))
    assert (code, [row["Layer"] for row in rows]) == (0, ["0", "1"])
    assert [row["MACs"] for row in rows] == ["3888", "0"]
    assert err.endswith("said while it was built\n")


def test_trace_runs_a_catalogued_network_at_its_own_size(capsys):
    code, out, _ = run(capsys, "trace", "alexnet_2012", "--format", "json")
    read = json.loads(out)
    assert (code, read["input_shape"]) == (0, [3, 227, 227])
    assert read["totals"]["operations"] == cnnref.table("alexnet_2012").macs


def test_trace_says_on_one_line_what_it_cannot_count(capsys, modules):
    code, out, err = run(capsys, "trace", "own_modules:Strange", "--input", "3,8,8")
    assert code == 0
    said = "cnnref: no rule counts mystery (row mystery); the totals are incomplete."
    assert said in err.splitlines()
    assert "No rule counts mystery (1 row), marked ?; totals with >= leave them out." in out
    code, out, err = run(capsys, "trace", "own_modules:Strange", "--input", "3,8,8", "--strict")
    assert (code, out) == (2, "")
    assert err.startswith("cnnref: Strange: no rule counts mystery in ")


# ---- bad input ----

INPUT = (
    "--input must be [NAME=]SIZES[:DTYPE], positive whole numbers without the batch such as "
    "3,224,224 or ids=128:int64, or a file (.npz, .npy, .pt, .pth, .json), but is "
)
NO_COMMAND = (
    "Give a command: list, table, explain, published, check, trace, compare, sweep, budget, "
    "measure, draw, chart, conventions, completion; see 'cnnref --help'."
)
BAD = {
    "trace alexnet --input 3 96 96": "'96' is too many; sizes have commas between them, as in "
    "--input 3,224,224.",
    "table vgg16 --rules own:RULES": "--rules is for a callable; the spec of vgg16 takes none.",
    "tabel vgg16": "Unknown command 'tabel': did you mean table?",
    "xyzzy": "Unknown command 'xyzzy': known are budget, chart, check, compare, completion, "
    "conventions, draw, explain, list, measure, published, sweep, table, trace.",
    "--sort macs": NO_COMMAND,
    "vgg16": "'vgg16' is a network, not a command: cnnref table vgg16",
    "own.py:build": "'own.py:build' is not a command: cnnref trace own.py:build",
    "help tabel": "Unknown command 'tabel': did you mean table?",
    "table": "NAME is missing; see 'cnnref table --help'.",
    "compare vgg16": "B is missing; see 'cnnref compare --help'.",
    "compare": "A and B are missing; see 'cnnref compare --help'.",
    "table vgg16 --format cvs": "Unknown format 'cvs': did you mean csv?",
    "table vgg16 --formt csv": "Unknown option of table '--formt': did you mean --format?",
    "table vgg16 --form csv": "Unknown option of table '--form': did you mean --format?",
    "list --formats csv": "Unknown option of list '--formats': did you mean --format?",
    "list --sort mac": "Unknown column of list 'mac': did you mean macs?",
    "table vgg16 --json": "Unknown option of table '--json': a format is given as --format json.",
    "table vgg16 --md": "Unknown option of table '--md': a format is given as --format markdown.",
    "sweep vgg16": "Nothing varies: give --input-size 128,224, --batch-size 1,8 or --vary "
    "NAME=V1,V2.",
    "conventions fvcor": "Unknown convention 'fvcor': did you mean fvcore?",
    "list vgg vgg16": "'vgg16' is too many; see 'cnnref list --help'.",
    "list vgg61": "Nothing in the catalogue has 'vgg61' in its name or title; any other network "
    "is traced, as in cnnref trace torchvision.models:resnet18.",
    "table vgg16 --input-size": "--input-size needs a value; see 'cnnref table --help'.",
    "table vgg16 --input-size --strict": "--input-size needs a value; see 'cnnref table --help'.",
    "table vgg16 --strict=yes": "--strict takes no value, but is given 'yes'; see "
    "'cnnref table --help'.",
    "table vgg16 --input-size big": "--input-size must be N or HEIGHTxWIDTH in pixels, but is "
    "'big'.",
    "table vgg16 --input-size 1x2x3": "--input-size must be N or HEIGHTxWIDTH in pixels, but is "
    "'1x2x3'.",
    "table vgg16 --input-size 0": "vgg16: input_size must be a positive whole number or a "
    "(height, width) pair of them, but is 0.",
    "table vgg16 --num-classes ten": "--num-classes must be a positive whole number, but is 'ten'.",
    "table vgg16 --num-classes 0": "--num-classes must be a positive whole number, but is '0'.",
    "table vgg16 --convention lectur": "Unknown convention 'lectur': did you mean lecture?",
    "table vgg16 --columns layer,mac": "Unknown column 'mac': did you mean macs?",
    "table vgg16 --sort mac": "Unknown column 'mac': did you mean macs?",
    "table vgg16 --top 0": "--top must be a positive whole number, but is '0'.",
    "table vgg16 --top few": "--top must be a positive whole number, but is 'few'.",
    "table vgg16 --group stages": "Unknown grouping 'stages': did you mean stage?",
    "table vgg16 --group stage --columns +field": "Unknown column of groups 'field': known are "
    "activations, activations_share, backward_macs, biases, bytes, frozen, intensity, macs, "
    "macs_share, moved_bytes, nonzero_macs, operations, operations_m, operations_share, "
    "parameter_bytes, parameters, parameters_k, parameters_share, peak, sparsity, stored_bytes, "
    "stored_bytes_kb, trainable, training, training_adam, training_momentum, training_sgd, "
    "weights.",
    "table vgg16 --depth 0": "--depth must be a positive whole number, but is '0'.",
    "table vgg16 --group stage --depth 1": "--group and --depth exclude each other: give one of "
    "them.",
    "table vgg16 --collapse --top 3": "--collapse and --top exclude each other: give one of them.",
    "table vgg16 --collapse --group op": "--group and --collapse exclude each other: give one of "
    "them.",
    "table vgg16 --dtype flot16": "Unknown dtype 'flot16': did you mean float16 or bfloat16?",
    "table vgg16 --batch-size 0": "--batch-size must be a positive whole number, but is '0'.",
    "table vgg16 --max-macs much": "The budget of macs must be a number such as 5G, 30M or 1500k, "
    "or +2% of a baseline, but is 'much'.",
    "table vgg16 --max-macs +2%": "The budget of macs is +2% of a baseline, and none is given.",
    "table vgg16 --max-peak 200M": "The budget of peak must be a number such as 200MiB or 200MB, "
    "or +2% of a baseline, but is '200M'.",
    "table vgg16 --input 3,64,64": "--input is for a callable; the spec of vgg16 takes none.",
    "table vgg16 --arg width=2": "--arg is for a callable; the spec of vgg16 takes none.",
    "trace vgg16 --input 3y8y8": INPUT + "'3y8y8'.",
    "trace vgg16 --input 3,0,8": INPUT + "'3,0,8'.",
    "trace vgg16 --input 1st=3": INPUT + "'1st=3'.",
    "trace vgg16 --input x=": INPUT + "'x='.",
    "trace vgg16 --input 3,8,8:int46": "Unknown dtype of --input 'int46': did you mean int64 or "
    "int16 or int8?",
    "trace vgg16 --input 3,64,64 --input-size 64": "--input and --input-size exclude each other: "
    "give one of them.",
    "trace vgg16 --input 3,8,8 --input x=8": "Name every --input or none of them: NAME=SIZES.",
    "trace vgg16 --arg width": "--arg must be NAME=VALUE, but is 'width'.",
    "trace vgg16 --arg width=2": "Unknown argument of vgg16 'width': known are num_classes.",
    "sweep vgg16 --input-size 64,big": "--input-size must be N or HEIGHTxWIDTH in pixels, but is "
    "'big'.",
    "sweep vgg16 --vary width": "--vary must be NAME=V1,V2, but is 'width'.",
    "sweep vgg16 --vary width=1,2": "Unknown argument of vgg16 'width': known are num_classes.",
    "sweep vgg16 --vary inputs=1,2": "'inputs' is an option of the sweep itself, not an argument "
    "to vary.",
    "sweep vgg16 --arg num_classes=1 --vary num_classes=2,3": "'num_classes' is in --arg and in "
    "--vary: give it once.",
    "sweep vgg16 --batch-size 1,many": "--batch-size must be a positive whole number, but is "
    "'many'.",
    "sweep vgg16 --input 3,8,8 --batch-size 2": "--input is for a callable; the spec of vgg16 "
    "takes none.",
    "sweep vgg16 --input-size 64 --columns macz": "Unknown column of sweeps 'macz': did you mean "
    "macs?",
    "completion tcsh": "Unknown shell 'tcsh': known are bash, fish, zsh.",
    "explain vgg16 conv3_9": "Unknown layer of vgg16 'conv3_9': did you mean conv3_3 or conv3_2 "
    "or conv3_1?",
    "table alexnet --input-size 10": "alexnet at 10 x 10: pool1: a window of 3 does not fit 1 with "
    "padding 0 (input 64 x 1 x 1). The smallest square input that fits is 63 x 63.",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_one_line_and_code_2(capsys, line):
    assert run(capsys, *line.split()) == (2, "", f"cnnref: {BAD[line]}\n")


@pytest.mark.parametrize("command", ["table", "explain", "compare", "check"])
def test_an_unknown_network_is_said_before_anything_is_printed(capsys, command):
    more = {"explain": ["conv1"], "compare": ["vgg16"]}.get(command, [])
    code, out, err = run(capsys, command, "alexnt", *more)
    assert (code, out) == (2, "")
    assert err.startswith("cnnref: Unknown network 'alexnt': did you mean alexnet")
    assert err.count("\n") == 1


def test_an_error_of_the_program_is_not_hidden(monkeypatch):
    monkeypatch.setattr(cnnref, "table", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["table", "vgg16"])


# ---- files ----


def test_output_is_written_whole(capsys, tmp_path):
    path = tmp_path / "vgg16.csv"
    path.write_text("old", encoding="utf-8")
    argv = ("table", "vgg16", "--format", "csv", "--output", str(path))
    assert run(capsys, *argv) == (0, "", "")
    assert path.read_bytes().decode() == cnnref.table("vgg16").to_csv("macs")
    assert files(tmp_path) == ["vgg16.csv"]


def test_output_that_fails_leaves_the_old_file(capsys, tmp_path, monkeypatch):
    path = tmp_path / "table.txt"
    path.write_text("old", encoding="utf-8")

    def full(part, target):
        assert part.parent == tmp_path
        assert path.read_text(encoding="utf-8") == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    code, out, err = run(capsys, "table", "vgg16", "--output", str(path))
    assert (code, out) == (2, "")
    assert err == f"cnnref: {path} cannot be written: No space left on device.\n"
    assert path.read_text(encoding="utf-8") == "old"
    assert files(tmp_path) == ["table.txt"]


def test_bad_input_writes_no_file(capsys, tmp_path):
    path = tmp_path / "table.txt"
    assert run(capsys, "table", "vgg16", "--convention", "x", "--output", str(path))[0] == 2
    assert files(tmp_path) == []


def test_output_goes_only_where_a_file_can_be(capsys, tmp_path):
    _, _, err = run(capsys, "table", "vgg16", "--output", str(tmp_path / "no" / "file"))
    assert err == f"cnnref: {tmp_path}/no/file cannot be written: No such file or directory.\n"
    _, _, err = run(capsys, "table", "vgg16", "--output", str(tmp_path))
    assert err == f"cnnref: {tmp_path} cannot be written: it is not a file.\n"
    _, _, err = run(capsys, "table", "vgg16", "--output", os.devnull)
    assert err == f"cnnref: {os.devnull} cannot be written: it is not a file.\n"


def test_output_follows_a_link(capsys, tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    assert run(capsys, "table", "vgg16", "--output", str(link)) == (0, "", "")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith("vgg16, input 3 x 224 x 224")


# ---- help ----


def test_help_shows_the_commands_in_groups(capsys):
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    assert run(capsys, "-h") == run(capsys, "help") == (0, out, "")
    groups = dict.fromkeys(command.group for command in COMMANDS.values())
    assert len(groups) == 4
    for group in groups:
        assert f"\n{group}:\n  " in out
    for name, command in COMMANDS.items():
        assert f"\n  {name:<12} {command.summary}\n" in out
        body = out.partition(f"\n{command.group}:\n")[2].partition("\n\n")[0]
        assert f"  {name} " in body
    assert max(map(len, out.splitlines())) < 80


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"cnnref {cnnref.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(capsys, command):
    code, out, err = run(capsys, command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: cnnref {command}")
    assert f"\n  cnnref {command}" in out.partition("examples:")[2]
    assert run(capsys, "help", command) == (0, out, "")
    for option in COMMANDS[command].options:
        assert f"\n  {option} " in out or f"\n  {option}\n" in out
    lines = out.partition("examples:")[0].splitlines()
    assert max(map(len, lines)) < 80


EXAMPLES = [example for command in COMMANDS.values() for example in command.examples]


@pytest.mark.slow
@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_of_the_help_runs(capsys, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stated = '[tool.cnnref.budget.small]\ntarget = "vgg11"\nmacs = "8G"\n'
    if line.startswith("budget"):
        (tmp_path / "pyproject.toml").write_text(stated, encoding="utf-8")
    code, out, err = run(capsys, *line.split())
    assert code == (1 if line.startswith("compare ") else 0)
    if " --quiet " in line:
        assert (out, err) == ("", "")
    elif "--output" in line:
        assert (out, files(tmp_path)) == ("", [line.split()[-1]])
    else:
        assert out
    allowed = (
        "cnnref: no rule counts ",
        "cnnref: ResNet: ",
        "cnnref: vgg11: ",
        "cnnref: alexnet: ",
    )
    if line.startswith("measure "):  # what takes long says what it does
        assert err.splitlines()[0] == "cnnref: building"
        allowed = ("cnnref: ",)
    assert all(line.startswith(allowed) for line in err.splitlines())
    assert "exceed" not in err


def test_every_option_is_of_a_command_and_in_one_section():
    used = {option for command in COMMANDS.values() for option in command.options}
    assert used == set(OPTIONS)
