"""Conventions of a user's own: what they cost, where they can be named, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import cnnref
from cnnref.__main__ import main
from cnnref.counting import explain
from cnnref.counting.conventions import CONVENTIONS, Convention
from cnnref.counting.operators import KINDS
from cnnref.counting.shapes import COUNTS, FURTHER
from cnnref.errors import CnnrefError, UnknownNameError

TOML = """
name = "edge"
base = "macs"
unit = "op"
source = "data sheet of our accelerator, revision 3"

[prices]
conv = { macs = 2, bias_adds = 1 }
relu = { elements_out = 1 }
linear = {}

[stores]
relu = { elements_out = 1 }
"""


def mine(**entries: Any) -> Convention:
    return Convention.from_dict({"name": "mine", **entries})


def test_a_convention_prices_what_it_states_and_its_base_the_rest() -> None:
    book = cnnref.table("vgg11")
    how = mine(base="macs", prices={"relu": {"elements_out": 3}, "linear": {}})
    by_op = {op: part.operations("macs") for op, part in book.group("op").items()}
    relu = sum(row.activations for row in book if row.op == "relu")
    assert book.operations(how) == by_op["conv"] + 3 * relu
    assert "linear" not in how.prices
    assert (how.title, how.unit, how.source) == ("mine", "MAC", "stated by its user")
    assert how.note == "As macs, but for what it states itself."
    assert (how.stores, how.columns) == (CONVENTIONS["macs"].stores, CONVENTIONS["macs"].columns)


def test_without_a_base_nothing_else_is_priced() -> None:
    book = cnnref.table("alexnet")
    how = mine(prices={"conv": {"macs": 2, "elements_out": -1}})
    convs = book.group("op")["conv"]
    assert book.operations(how) == 2 * convs.macs - convs.mac_activations
    # a product of n terms has n - 1 adds, so a price may be negative
    text = explain.operations(book["conv1"], how)
    assert text == (
        "2 x (64 x 55 x 55) x (3 x 11 x 11) - (64 x 55 x 55) = "
        f"{2 * book['conv1'].macs - book['conv1'].activations:,}"
    )


def test_a_file_can_be_named_wherever_a_convention_can(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(TOML, encoding="utf-8")
    book = cnnref.table("alexnet")
    convs = book.group("op")["conv"]
    adds = sum(row.counts.bias_adds for row in convs)
    relu = sum(row.activations for row in book if row.op == "relu")
    total = 2 * convs.macs + adds + relu
    how = cnnref.convention(path)
    for named in (str(path), path, how):
        assert book.operations(named) == total
    assert (how.name, how.unit, how.title) == ("edge", "op", "edge")
    assert how.source == "data sheet of our accelerator, revision 3"
    assert book["relu1"].explain(str(path)) == "relu1: (64 x 55 x 55) = 193,600 ops (edge)"
    # 1 byte for each element of a ReLU's output, and what macs stores for the rest
    assert book.stored_bytes(how) == book.stored_bytes("macs") + relu


def test_the_command_line_takes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(TOML, encoding="utf-8")
    assert main(["explain", "alexnet", "relu1", "--convention", str(path)]) == 0
    assert "= 193,600" in capsys.readouterr().out
    assert main(["table", "alexnet", "--convention", str(tmp_path / "none.toml")]) == 2
    said = capsys.readouterr()
    missing = tmp_path / "none.toml"
    assert said.err == f"cnnref: {missing} cannot be read: No such file or directory.\n"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"price": {}}, "Unknown key in the convention 'price': did you mean prices?"),
    (
        {"prices": {"conv2d": {"macs": 1}}},
        "Unknown operator in prices of the convention 'conv2d': did you mean conv?",
    ),
    (
        {"prices": {"conv": {"mac": 1}}},
        "Unknown count of conv in prices of the convention 'mac': did you mean macs?",
    ),
    (
        {"prices": {"conv": {"macs": 1}}, "stores": {"batchnorm": {"elements_out": 4}}},
        "Unknown operator in stores of the convention 'batchnorm': did you mean batch_norm?",
    ),
    ({"base": "fvcor"}, "Unknown base in the convention 'fvcor': did you mean fvcore?"),
    (
        {"base": ["macs"]},
        "Unknown base in the convention ['macs']: did you mean macs?",
    ),
    (
        {"prices": {"conv": {"macs": "2"}}},
        "prices of the convention: the price of macs for conv must be a whole number, but is '2'.",
    ),
    (
        {"prices": {"conv": {"macs": True}}},
        "prices of the convention: the price of macs for conv must be a whole number, but is True.",
    ),
    (
        {"prices": {"conv": 2}},
        "prices of the convention: conv must state its counts, such as { elements_out = 1 }, "
        "but is 2.",
    ),
    ({"prices": 2}, "the convention: prices must be a table of kinds, but is 2."),
    ({}, "the convention: prices are missing; give some, or a base to start from."),
    ({"base": "macs", "title": 3}, "the convention: title must be a text, but is 3."),
    ({"base": "macs", "name": " "}, "the convention: name must be a text, but is ' '."),
    (
        {"base": "macs", "name": "flops"},
        "the convention: flops is the name of a preset; choose another.",
    ),
    (
        {"base": "macs", "own_operators": "ring"},
        "the convention: own_operators must be a list of names, but is 'ring'.",
    ),
]


@pytest.mark.parametrize(("entries", "message"), REFUSED)
def test_what_is_misspelt_is_refused(entries: dict[str, Any], message: str) -> None:
    with pytest.raises(CnnrefError) as error:
        mine(**entries)
    assert str(error.value) == message


def test_a_convention_needs_a_name_and_a_mapping() -> None:
    with pytest.raises(CnnrefError, match=r"^the convention: name is missing; say what"):
        Convention.from_dict({"base": "macs"})
    with pytest.raises(CnnrefError, match=r"^A convention is made of a mapping, but got 3"):
        Convention.from_dict(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", r"is not TOML: Invalid value \(at .*\)\.$"),
        (b"\xff", r"bad.toml, line 1, column 1: the byte 0xff is no UTF-8\.$"),
        (b'name = "x"\nbase = "macs"\ntitel = "y"', r"titel': did you mean title\?$"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(CnnrefError, match=message) as error:
        cnnref.convention(str(path))
    assert str(path) in str(error.value)


def test_a_folder_is_no_convention(tmp_path: Path) -> None:
    folder = tmp_path / "a.toml"
    folder.mkdir()
    with pytest.raises(CnnrefError, match=r"a\.toml cannot be read: "):
        cnnref.convention(str(folder))


def test_an_operator_outside_the_vocabulary_is_declared() -> None:
    prices = {"ring_attention": {"macs": 4}}
    with pytest.raises(UnknownNameError, match="'ring_attention': did you mean attention"):
        mine(prices=prices)
    assert mine(prices=prices, own_operators=["ring_attention"]).prices == prices


def test_it_cannot_be_changed() -> None:
    stated = {"conv": {"macs": 1}}
    how = mine(prices=stated)
    with pytest.raises(TypeError):
        how.prices["conv"]["macs"] = 3  # type: ignore[index]
    stated["conv"]["macs"] = 3
    assert how.prices["conv"]["macs"] == 1


def test_the_presets_name_known_kinds_and_counts_only() -> None:
    for how in CONVENTIONS.values():
        for prices in (how.prices, how.stores):
            assert set(prices) <= set(KINDS)
            assert {count for terms in prices.values() for count in terms} <= {*COUNTS, *FURTHER}
        assert set(how.operators) <= set(KINDS)


def test_every_row_of_the_catalogue_is_of_a_known_kind() -> None:
    kinds = {row.kind for name in cnnref.names() for row in cnnref.table(name)}
    assert kinds <= set(KINDS)


def example() -> tuple[str, str]:
    """The file and the program of the page about conventions."""
    page = Path(__file__).resolve().parents[2] / "docs" / "conventions.md"
    _, _, section = page.read_text(encoding="utf-8").partition("## Your own convention")
    blocks = dict(re.findall(r"^```(\w+)[^\n]*\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    return blocks["toml"], blocks["python"]


@pytest.mark.extras
def test_the_example_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, program = example()
    (tmp_path / "edge.toml").write_text(toml, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "docs/conventions.md", "exec"), {})
    book = cnnref.table("vgg16_bn")
    said = capsys.readouterr().out.split()
    assert said == [str(book.operations(cnnref.convention("edge.toml"))), str(2 * book.macs)]
