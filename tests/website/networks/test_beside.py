"""Lines of a class and the rows that they make: each row has a line, and a line its rows alone."""

from __future__ import annotations

import ast
import re

import pytest

from cnnref.errors import CnnrefError
from website.facts import lookup
from website.networks import beside
from website.networks.beside import code_rows, pieces


def rows(key: str, block: str, text: str) -> list[str]:
    """The names of the rows that the one line with a text makes, without their block's."""
    book = [layer.name for layer in lookup(key) if layer.block == block or not block]
    (piece,) = (piece for piece in pieces(key, block) if text in piece.text)
    return [book[number].removeprefix(f"{block}.") for number in piece.rows]


@pytest.mark.parametrize(
    ("key", "block", "text", "names"),
    [
        ("resnet50", "conv3_1", "self.conv2 = ", ["conv2"]),
        ("resnet50", "conv3_1", "self.relu = ", ["relu1", "relu2", "relu3"]),
        ("resnet50", "conv3_1", "self.relu(self.bn2(self.conv2(out)))", ["conv2", "bn2", "relu2"]),
        ("resnet50", "conv3_1", "out += x if", ["projection", "projection_bn", "add"]),
        ("resnet50", "conv3_1", "return self.relu(out)", ["relu3"]),
        ("googlenet", "inception_3a", "ch5x5red, ch5x5, 3 if", ["5x5", "5x5.relu"]),
        ("googlenet", "inception_3a", "torch.cat(", ["concat"]),
        ("alexnet", "", "nn.Conv2d(3, 64", ["conv1"]),
        (
            "mobilenet_v1",
            "stage2_1",
            "self.depthwise = ",
            ["depthwise", "depthwise_bn", "depthwise_relu"],
        ),
        ("mobilenet_v2", "stage2_2", "append(nn.Conv2d(", ["project"]),
        ("shufflenet_v2_x1_0", "stage2_2", "chunk(2, dim=1)", ["split"]),
        ("convnext_tiny", "stage1_1", "nn.GELU()", ["gelu"]),
    ],
)
def test_a_line_makes_its_rows(key: str, block: str, text: str, names: list[str]) -> None:
    assert rows(key, block, text) == names


def test_lines_that_append_are_told_apart_where_all_of_them_ran() -> None:
    found = {piece.text.strip(): piece.rows for piece in pieces("mobilenet_v2", "stage2_2")}
    appended = [rows for text, rows in found.items() if text.startswith("self.conv.append(")]
    assert [row for rows in appended for row in rows] == [*range(8)]
    # where a part is missing, one of the lines did not run, and none says which
    text = "def __init__(self):\n    self.conv.append(a)\n    self.conv.append(b)"
    (method,) = ast.parse(text).body
    both = list(beside._appended(method, ["conv.0.0", "conv.1", "conv.1.bias", "add"]))
    assert both == [(range(2, 3), [0]), (range(3, 4), [1, 2])]
    assert list(beside._appended(method, ["conv.0.0", "add"])) == []


def test_starred_parts_share_their_rows() -> None:
    (line,) = (one for one in pieces("shufflenet_v2_x1_0", "stage2_2") if "*depthwise" in one.text)
    assert line.rows == tuple(range(1, 9))


def test_every_row_has_a_line_in_the_class_and_in_forward() -> None:
    for key, block in (("resnet34", "conv3_2"), ("googlenet", "inception_4c"), ("alexnet", "")):
        found = pieces(key, block)
        every = {n for n, layer in enumerate(lookup(key)) if layer.block == block or not block}
        start = next(n for n, piece in enumerate(found) if "def forward" in piece.text)
        called = {row for piece in found[start:] for row in piece.rows}
        assert called == set(range(len(every))), key


def test_a_block_that_no_module_makes_is_refused() -> None:
    with pytest.raises(CnnrefError, match=r"vgg16: no module alone makes the rows of nothing\."):
        pieces("vgg16", "nothing")


def test_both_sides_name_the_same_rows() -> None:
    shown = code_rows("resnet34", "conv3_2")
    code, told = shown.split("<table", 1)
    sides = [re.findall(r'data-rows="([\d ]+)" tabindex="0"', side) for side in (code, told)]
    lines, table = ({row for found in side for row in found.split()} for side in sides)
    assert lines == table
    assert len(sides[1]) == len(table)
