"""What the command line lists: the networks with their costs, the conventions with their prices."""

import csv
import json
import re
from io import StringIO

import pytest
from command_line import run

import cnnref
from cnnref.cli.commands import COMMANDS, SECTIONS
from cnnref.cli.help import COLUMNS_SAY
from cnnref.measuring.roofline import COLUMNS as TIMES
from cnnref.tables.columns import COLUMNS
from cnnref.tables.sweep import MEASURES


def test_list_has_a_line_for_each_network(capsys):
    code, out, err = run(capsys, "list")
    assert (code, err) == (0, "")
    named = [line.split()[0] for line in out.splitlines()[4:] if line[0] != " "]
    assert named == list(cnnref.names())
    code, out, _ = run(capsys, "list", "vgg", "--format", "json", "--sort", "macs")
    found = json.loads(out)["networks"]
    assert {one["name"] for one in found} == {n for n in cnnref.names() if "vgg" in n}
    assert [one["macs"] for one in found] == sorted((x["macs"] for x in found), reverse=True)
    for one in found:
        table = cnnref.table(one["name"])
        assert (one["macs"], one["parameters"]) == (table.macs, table.parameters)
        assert one["input"] == str(table.input_shape)
    assert run(capsys, "list", "vgg1", "--sort", "name")[1].count("\nvgg1") == 9


def test_one_network_is_listed_as_one(capsys):
    expected = """\
1 network, costs at the default input.

name           title       year  input          parameters           MACs
-------------------------------------------------------------------------
convnext_tiny  ConvNeXt-T  2022  3 x 224 x 224  28,589,128  4,455,531,264
"""
    assert run(capsys, "list", "NEXT_t") == (0, expected, "")


def test_json_has_a_mapping_for_each_line(capsys):
    network = {
        "name": "convnext_tiny", "title": "ConvNeXt-T", "year": "2022", "input": "3 x 224 x 224",
        "parameters": 28589128, "macs": 4455531264,
    }  # fmt: skip
    out = run(capsys, "list", "convnext", "--format", "json")[1]
    assert json.loads(out) == {"schema": 1, "networks": [network]}
    out = run(capsys, "conventions", "torchprofile", "--format", "json")[1]
    prices = cnnref.convention("torchprofile").prices
    assert json.loads(out) == {
        "schema": 1,
        "prices": [
            {"op": op, "count": count.replace("_", " "), "price": price}
            for op, terms in prices.items()
            for count, price in terms.items()
        ],
    }


@pytest.mark.parametrize(("key", "downwards"), [
    ("name", False), ("title", False), ("input", False), ("year", True), ("parameters", True),
])  # fmt: skip
def test_words_are_sorted_upwards_and_numbers_downwards(capsys, key, downwards):
    out = run(capsys, "list", "resnet", "--sort", key, "--format", "json")[1]
    found = [one[key] for one in json.loads(out)["networks"]]
    assert found == sorted(found, reverse=downwards)
    assert len(set(found)) > 1


def test_nothing_at_all_shows_the_commands(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err == run(capsys, "--help")[1]


def test_conventions_are_named_with_note_and_source(capsys):
    code, out, _ = run(capsys, "conventions", "--format", "json")
    assert code == 0
    found = {one["name"]: one for one in json.loads(out)["conventions"]}
    assert list(found) == list(cnnref.conventions())
    for name, one in found.items():
        how = cnnref.convention(name)
        assert all(one[key] == getattr(how, key) for key in ("title", "unit", "note", "source"))
    _, out, _ = run(capsys, "conventions")
    assert max(map(len, out.splitlines())) <= 80


def test_the_prices_of_a_convention_are_shown(capsys):
    _, out, _ = run(capsys, "conventions", "fvcore", "--format", "csv")
    shown = [tuple(line) for line in csv.reader(StringIO(out))][1:]
    prices = cnnref.convention("fvcore").prices
    assert shown == [
        (op, count.replace("_", " "), str(price))
        for op, terms in prices.items()
        for count, price in terms.items()
    ]


def test_published_figures_are_shown_with_their_sources(capsys):
    code, out, err = run(capsys, "published", "vgg16", "--format", "json")
    assert (code, err, out) == (0, "", cnnref.published("vgg16").to_json())
    assert len(json.loads(out)["figures"]) == len(cnnref.published("vgg16")) > 9
    said = "cnnref: Unknown network 'vgg166': did you mean vgg16 or vgg16_c?\n"
    assert run(capsys, "published", "vgg166") == (2, "", said)


@pytest.mark.parametrize(
    "name", [name for name, one in COMMANDS.items() if "--columns" in one.options]
)
def test_help_says_of_each_column_what_it_is(capsys, name):
    out = run(capsys, name, "--help")[1].partition("\ncolumns:\n")[2]
    told = dict(line.split(maxsplit=1) for line in out.splitlines())
    taken = {"sweep": MEASURES, "measure": TIMES}
    assert list(told) == list(taken.get(name, COLUMNS))
    assert max(map(len, out.splitlines())) <= 80
    # each is named once for all commands
    assert all(told[key] == COLUMNS_SAY[key] for key in told)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_stand_under_the_titles_of_their_sections(capsys, name):
    _, out, _ = run(capsys, name, "--help")
    for title, options in SECTIONS.items():
        shown = [option for option in options if option in COMMANDS[name].options]
        _, heading, rest = out.partition(f"\n{title}:\n")
        assert bool(heading) == bool(shown)
        body = rest.partition("\n\n")[0]
        assert re.findall(r"^  (--[\w-]+)", body, re.MULTILINE) == shown


def test_help_is_laid_out_for_a_terminal(capsys):
    expected = """\
usage: cnnref list [WORD] [OPTIONS]

Names, titles and costs.

positional arguments:
  WORD             a part of a name or a title

options:
  -h, --help       show this help message and exit

what is shown:
  --sort KEY       the most of a column first

where it goes:
  --format FORMAT  text, markdown, csv, json, html, latex; else as FILE ends
  --output FILE    write there, all or nothing

examples:
  cnnref list
  cnnref list resnet --sort macs
"""
    assert run(capsys, "list", "--help") == (0, expected, "")
    # what is told of an option goes on below itself
    lines = run(capsys, "trace", "--help")[1].partition("\nexamples:")[0].splitlines()
    assert {len(line) - len(line.lstrip()) for line in lines if line.startswith("   ")} == {26}
    assert run(capsys, "completion", "--help")[1].startswith("usage: cnnref completion SHELL\n\n")
    assert run(capsys, "check", "--help")[1].startswith("usage: cnnref check [NAMES ...] [OPTIONS]")
