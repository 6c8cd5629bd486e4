"""The words of a command line and the values of options: what becomes of each, and the largest."""

from pathlib import Path

import pytest

import cnnref
from cnnref.cli.words import parsed
from cnnref.errors import CnnrefError


def test_a_number_has_as_many_digits_as_any_size_may_have():
    assert parsed("table", ["a", "--top", "9" * 18]).top == 10**18 - 1
    with pytest.raises(CnnrefError, match="A number of 19 digits is given; 18 are the most"):
        parsed("table", ["a", "--top", "1" + "0" * 18])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2", [1, 2]),
        ("1", [1]),
        ("(1,2),(3,4)", [(1, 2), (3, 4)]),
        ("[(1,2),3],{4,5},a", [[(1, 2), 3], {4, 5}, "a"]),
        ("None,True,0.5,x y", [None, True, 0.5, "x y"]),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_values_to_vary_stand_between_commas_outside_brackets(text, values):
    assert parsed("sweep", ["a", "--vary", f"width={text}"]).vary == [("width", values)]


@pytest.mark.parametrize("text", ["8x8x8", "x8", "8x", "", "-8", "8.0", "8,8"])
def test_a_size_is_one_number_or_two(text):
    assert parsed("table", ["a", "--input-size", "8"]).input_size == 8
    assert parsed("table", ["a", "--input-size", "8X9"]).input_size == (8, 9)
    with pytest.raises(CnnrefError, match="--input-size must be N or HEIGHTxWIDTH in pixels"):
        parsed("table", ["a", f"--input-size={text}"])


@pytest.mark.parametrize("text", ["3,0,8", "3,,8", "3,-8", "3.0", "a b=3", "x.npy.gz", ""])
def test_an_input_has_positive_sizes_or_is_a_file(text):
    words = ("--input", "3,8,9", "--input", "ids=4:int64", "--input", "x=A.NPY")
    found = parsed("trace", ["a", *words])
    assert list(map(tuple, found.input)) == [
        ("", (3, 8, 9), "", ""), ("ids", (4,), "int64", ""), ("x", (), "", "A.NPY")
    ]  # fmt: skip
    with pytest.raises(CnnrefError, match=r"--input must be \[NAME=\]SIZES\[:DTYPE\], positive"):
        parsed("trace", ["a", f"--input={text}"])


def test_a_file_names_its_format_by_its_ending():
    formats = {"t.csv": "csv", "t.MD": "markdown", "t.tex": "latex", "t": "text", "csv": "text"}
    for name, expected in formats.items():
        assert parsed("table", ["a", "--output", name]).format == expected
    assert parsed("table", ["a", "--output", "t.csv", "--format", "json"]).format == "json"
    assert parsed("table", ["a"]).format == "text"


SHOWN = {
    "--input 3,8x9": {"input": [("", (3, 8, 9), "", "")]},
    "--input ids=:int64 --input x.PT": {
        "input": [("ids", (), "int64", ""), ("", (), "", "x.PT")]
    },
    "--input-size 32x64": {"input_size": (32, 64)},
    "--num-classes=7": {"num_classes": 7},
    "--arg a=1 --arg=b=x=y --arg c=": {"arg": [("a", 1), ("b", "x=y"), ("c", "")]},
    "--strict --partial --collapse --no-free --quiet --allow-uncounted --online": dict.fromkeys(
        ("strict", "partial", "collapse", "no_free", "quiet", "allow_uncounted", "online"), True
    ),
    "--values never --mode training --group op": {
        "values": "never", "mode": "training", "group": "op",
    },
    "--convention lecture": {"convention": cnnref.convention("lecture")},
    "--by-convention thop,macs": {
        "by_convention": [cnnref.convention("thop"), cnnref.convention("macs")],
    },
    "--by-convention all": {"by_convention": list(map(cnnref.convention, cnnref.conventions()))},
    "--columns +field,macs --sort macs": {"columns": "+field,macs", "sort": "macs"},
    "--top 3 --depth 2 --batch-size 8 --dtype int8": {
        "top": 3, "depth": 2, "batch_size": 8, "dtype": "int8",
    },
    "--format md": {"format": "markdown"},
    "--format tex": {"format": "latex"},
    "--format json --output /here.csv": {"format": "json", "output": "/here.csv"},
    "--output here.MD": {"format": "markdown", "output": str(Path("here.MD").absolute())},
    "--rules own:RULES --config c.json --checkpoint net.pt": {
        "rules": "own:RULES", "config": "c.json", "checkpoint": "net.pt",
    },
    "--max-macs 5G --max-macs 6G --max-peak=+2%": {"max_macs": "6G", "max_peak": "+2%"},
    "-- --top": {"target": "--top"},
}  # fmt: skip


@pytest.mark.parametrize("line", SHOWN)
def test_each_option_is_taken_for_what_it_means_and_no_other_changes(line):
    target = [] if line.startswith("-- ") else ["net"]
    usual = vars(parsed("trace", ["net"]))
    assert vars(parsed("trace", [*target, *line.split()])) == usual | SHOWN[line]


def test_what_is_not_given_is_left_open_but_for_the_usual():
    given = {name: value for name, value in vars(parsed("trace", ["net"])).items() if value}
    assert given == {
        "target": "net", "values": "auto", "convention": cnnref.convention("macs"),
        "dtype": "float32", "mode": "inference", "format": "text",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("check", "names", []),
        ("check a b", "names", ["a", "b"]),
        ("budget", "budgets", []),
        ("list", "word", None),
        ("list a", "word", "a"),
        ("explain a b", "layer", "b"),
        ("compare a b", "b", "b"),
        ("measure a --seconds 1e-3", "seconds", 0.001),
        ("measure a --threads 2", "threads", 2),
        ("sweep a --input-size 8,8x9", "input_size", [8, (8, 9)]),
        ("sweep a --batch-size 1,8", "batch_size", [1, 8]),
        ("sweep a --vary a=1 --vary b=2,3", "vary", [("a", [1]), ("b", [2, 3])]),
        ("chart a --by block", "by", "block"),
        ("chart a --kind pdf", "kind", "pdf"),
        ("draw a --kind dot", "kind", "dot"),
        ("completion fish", "shell", "fish"),
    ],
)
def test_words_and_values_are_those_of_their_command(words, name, value):
    command, *rest = words.split()
    assert getattr(parsed(command, rest), name) == value


@pytest.mark.parametrize("help_", ["-h", "--help"])
def test_help_is_asked_for_anywhere_but_behind_two_dashes(help_):
    assert parsed("compare", ["a", help_]) is None
    assert parsed("compare", [help_, "--no-such-option"]) is None
    assert parsed("compare", ["a", "--", help_]).b == help_


def test_old_names_are_told_and_taken_for_the_new_ones(capsys):
    found = parsed("trace", ["a", "--max-flops", "5G", "--columns", "+flops", "--sort", "flops"])
    assert (found.max_operations, found.columns, found.sort) == ("5G", "+operations", "operations")
    assert capsys.readouterr().err == (
        "cnnref: '--max-flops' is now called '--max-operations'.\n"
        + 2 * "cnnref: 'flops' is now called 'operations'.\n"
    )
    assert parsed("trace", ["a", "--max-macs", "5G"]).max_macs == "5G"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-5", -5), ("+5", 5), ("1e3", 1000.0), ("0x10", 16), ("'7'", "7"),
        ("{'a': [1]}", {"a": [1]}), ("(1, 2)", (1, 2)), ("x:y", "x:y"), ("[1", "[1"),
        ("{[]: 1}", "{[]: 1}"), (" 5", 5), ("9" * 18, 10**18 - 1),
    ],
)  # fmt: skip
def test_a_value_is_what_python_reads_and_else_its_text(text, value):
    ((_, found),) = parsed("trace", ["a", "--arg", f"x={text}"]).arg
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("sign", ["", "-", "+", " "])
def test_a_value_with_a_sign_has_no_more_digits(sign):
    with pytest.raises(CnnrefError, match="A number of 19 digits is given; 18 are the most"):
        parsed("trace", ["a", "--arg", f"x={sign}{'9' * 19}"])
