"""One table by several conventions: sums that add up, and the reasons that make them differ."""

import csv
import json
from io import StringIO

import pytest
import torch.nn.functional as F
from command_line import run
from printed_tables import TABLES, each_table, read_markdown
from torch import nn

import cnnref
from cnnref.counting.conventions import CONVENTIONS


@each_table
def test_kinds_add_up_to_the_totals_of_the_table_and_terms_to_each_kind(table):
    document = json.loads(table.by_convention().to_json())
    for name in CONVENTIONS:
        kinds = document["kinds"]
        assert sum(kind["operations"][name] for kind in kinds) == table.operations(name)
        assert document["totals"][name] == table.operations(name)
        for kind in kinds:
            terms = sum(term["price"] * term["number"] for term in kind["terms"][name])
            assert terms == kind["operations"][name]
    assert sum(kind["rows"] for kind in document["kinds"]) == len(table)


class Mixed(nn.Module):
    """The same work by modules, which some tools see, and by functions, which they do not."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        y = self.norm(self.conv(x))
        y = F.conv2d(y, y.new_ones(8, 8, 1, 1))
        return F.linear(self.head(y.mean((2, 3))), self.head.weight.T)


def test_what_makes_the_difference_is_said_for_each_kind():
    found = cnnref.trace(Mixed(), (3, 8, 8)).by_convention("flops,torchinfo,thop,macs")
    told = {one.kind: one.difference for one in found}
    assert told == {
        "conv": (
            "flops counts 2 x MACs; torchinfo counts MACs + bias adds, as 1 of 2 rows are no "
            "module on its list; thop counts MACs, as 1 of 2 rows are no module on its list; "
            "macs counts MACs"
        ),
        "batch_norm": (
            "flops and macs count nothing; torchinfo counts weights + biases; thop counts 4 x "
            "elements of the output"
        ),
        "linear": (
            "flops counts 2 x MACs; torchinfo counts weights + biases, as 1 of 2 rows are no "
            "module on its list; thop counts MACs, as 1 of 2 rows are no module on its list; "
            "macs counts MACs"
        ),
    }
    text = found.to_text()
    assert "Free by each: new_ones (1), mean (1)." in text
    assert " watch modules" not in text


def test_where_all_agree_nothing_is_said():
    found = cnnref.table("vgg16").by_convention(["macs", "torchvision"])
    assert [one.difference for one in found] == ["", ""]
    # of a spec nobody knows what is a module
    assert "torchinfo watches modules" in str(cnnref.table("vgg16").by_convention("torchinfo"))
    assert "torchinfo and thop watch" in str(cnnref.table("vgg16").by_convention("torchinfo,thop"))


def test_what_no_rule_counts_has_no_number():
    found = TABLES["uncounted"].by_convention("macs,flops")
    lines = found.to_text().splitlines()
    assert [line.split() for line in lines[5:9:1] if line][:2] == [
        ["conv", "1", "7", "14"], ["swoosh", "1", "?", "?"],
    ]  # fmt: skip
    assert "Total      2    >= 7    >= 14" in found.to_text()
    assert list(csv.reader(StringIO(found.to_csv())))[2] == ["swoosh", "1", "", "", ""]
    assert json.loads(found.to_json())["complete"] is False


def test_files_have_the_reasons_in_a_column():
    found = cnnref.table("alexnet").by_convention("torchinfo,macs")
    head, _, first, *_ = read_markdown(found.to_markdown())
    assert head == [
        "kind",
        "rows",
        "torchinfo (mult-adds)",
        "macs (MACs)",
        "what makes the difference",
    ]
    assert first[-1] == found[0].difference == found.to_frame().iloc[0, -1]
    assert repr(found) == "<ByConvention alexnet: 2 kinds by torchinfo, macs>"
    assert found[:1] == (found[0],)


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "densenet121", "inception_v3"])
def test_three_conventions_fit_a_terminal(name):
    text = cnnref.table(name).by_convention("torchinfo,thop,macs").to_text()
    assert max(map(len, text.splitlines())) <= 80


def test_the_command_line_prints_what_python_does(capsys):
    found = cnnref.table("alexnet").by_convention("torchinfo,macs")
    line = ("table", "alexnet", "--by-convention", "torchinfo,macs")
    assert run(capsys, *line) == (0, f"{found}\n", "")
    for name in ("json", "csv", "markdown"):
        text = getattr(found, f"to_{name}")()
        assert run(capsys, *line, "--format", name)[1].rstrip() == text.rstrip()
    code, out, _ = run(capsys, "table", "alexnet", "--by-convention", "all", "--format", "json")
    assert code == 0
    assert list(json.loads(out)["totals"]) == list(cnnref.conventions())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["macz"], "Unknown convention 'macz': did you mean macs?"),
        (["macs", "--top", "3"], "--by-convention and --top exclude each other: give one of them."),
        (
            ["macs", "--columns", "macs"],
            "--by-convention and --columns exclude each other: give one of them.",
        ),
    ],
)
def test_what_cannot_go_together_is_refused(capsys, words, why):
    assert run(capsys, "table", "vgg16", "--by-convention", *words) == (2, "", f"cnnref: {why}\n")


def test_a_convention_has_to_be_named():
    with pytest.raises(cnnref.CnnrefError, match=r"^Name a convention to count by: macs, "):
        cnnref.table("vgg16").by_convention([])
