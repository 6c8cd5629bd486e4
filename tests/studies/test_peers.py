"""The price lists against the tools themselves, to the last digit."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
import torch
from torch import nn

import cnnref
from cnnref.counting.conventions import Convention
from cnnref.counting.layer import Layer
from cnnref.files import json_of
from cnnref.tables.table import Table
from studies.peers.disturbed import OURS, TOOLS
from studies.peers.records import PEERS, Row, read, sizes
from studies.peers.tools import BY_NAME, count, fresh
from website.chapters.count import disturbed
from website.chapters.peers import disturbed_table

ROOT = Path(__file__).resolve().parents[2]
RECORD = read()
LISTED = {name: tool.convention for name, tool in BY_NAME.items() if tool.convention}
# thop hooks modules of torch's own classes; these networks call some average pools as functions, or
# have a class of their own for some normalisations
CALLED = {("thop", name) for name in ("inception_v3", "inception_v3_aux", "convnext_tiny")}
# one of each family, run again here; the record holds all
SAMPLE = (
    "alexnet", "alexnet_2012", "vgg11_bn", "bn_nin", "googlenet_torchvision", "inception_v3",
    "resnet18", "resnet18_a", "resnet20_cifar", "preact_resnet18", "enet", "squeezenet1_1",
)  # fmt: skip
CLASSES = {
    "conv": nn.Conv2d, "linear": nn.Linear, "batch_norm": nn.BatchNorm2d,
    "layer_norm": nn.LayerNorm, "relu": nn.ReLU,
    "prelu": nn.PReLU, "max_pool": nn.MaxPool2d, "avg_pool": nn.AvgPool2d,
    "adaptive_avg_pool": nn.AdaptiveAvgPool2d,
}  # fmt: skip


@cache
def book(network: str, size: str) -> Table:
    height, width = map(int, size.split("x"))
    return cnnref.table(network, input_size=(height, width))


@cache
def traced(network: str, size: str) -> Table:
    """The same rows under the names of the modules that ran."""
    shape = (3, *map(int, size.split("x")))
    return cnnref.trace(fresh(lambda: cnnref.model(network), "meta"), shape)


def priced(row: Row, how: Convention) -> int:
    """What the price list says where the tool gives the row's total."""
    table = book(row.network, row.input)
    return table.stored_bytes(how) if row.tool == "torchinfo bytes" else table.operations(how)


def differing(rows: list[Row], change: Convention | None = None) -> set[tuple[str, str]]:
    """The tools and networks in which a total is not the price list's."""
    return {
        (row.tool, row.network)
        for row in rows
        if row.tool in LISTED
        and row.total != priced(row, change or cnnref.convention(LISTED[row.tool]))
    }


def test_the_record_holds_every_tool_on_every_network_at_two_sizes() -> None:
    wanted = Counter(
        (tool, name, "x".join(map(str, size if isinstance(size, tuple) else (size, size))))
        for tool in BY_NAME
        for name in cnnref.names()
        for size in sizes(name)
    )
    assert Counter((row.tool, row.network, row.input) for row in RECORD) == wanted


def test_the_record_is_of_the_installed_versions() -> None:
    assert {row.tool: row.version for row in RECORD} == {
        name: tool.version for name, tool in BY_NAME.items()
    }


def test_every_price_list_gives_its_tools_total_on_every_network() -> None:
    assert differing(RECORD) == CALLED


def test_a_wrong_price_would_be_seen() -> None:
    rows = [row for row in RECORD if row.tool == "fvcore" and row.network == "resnet50"]
    wrong = Convention.from_dict(
        {"name": "wrong", "base": "fvcore", "prices": {"batch_norm": {"elements_out": 3}}}
    )
    assert differing(rows) == set()
    assert differing(rows, wrong) == {("fvcore", "resnet50")}


def test_the_sources_of_the_price_lists_name_the_versions_that_ran() -> None:
    for name, tool in BY_NAME.items():
        if tool.convention:
            stated = cnnref.convention(tool.convention).source
            assert tool.version.partition("+")[0].replace("-", ".post") in stated, name


@pytest.fixture(scope="module")
def again() -> list[Row]:
    """What the tools say now of the sample, in a process of its own."""
    command = [sys.executable, "scripts/peer_counts", "--small", "--output", "-"]
    command += ["--networks", ",".join(SAMPLE)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    text = ran.stdout[ran.stdout.index("network,") :]
    return [
        Row(**entry | {"total": int(entry["total"])}) for entry in csv.DictReader(StringIO(text))
    ]


@pytest.mark.slow
def test_the_tools_say_what_is_on_record(again: list[Row]) -> None:
    assert len(again) == len(SAMPLE) * len(BY_NAME)
    assert set(again) <= set(RECORD)


@cache
def modules(network: str) -> dict[str, nn.Module]:
    return dict(fresh(lambda: cnnref.model(network), "meta").named_modules())


def ran_as_module(network: str, layer: Layer) -> bool:
    """Whether a row is the whole of a module of torch's own class, as hooks see it."""
    part = modules(network).get(layer.name.partition("#")[0])
    return type(part) is CLASSES.get(layer.op)


@pytest.mark.parametrize("network", [name for _, name in sorted(CALLED)])
def test_what_thop_misses_is_called_as_a_function_or_of_another_class(network: str) -> None:
    how = cnnref.convention("thop")
    for row in RECORD:
        if (row.tool, row.network) == ("thop", network):
            table = traced(network, row.input)
            everything = how._replace(modules=())
            missed = [
                layer
                for layer in table
                if everything.operations(layer) and not ran_as_module(network, layer)
            ]
            assert {layer.op for layer in missed} <= {"avg_pool", "adaptive_avg_pool", "layer_norm"}
            assert missed
            assert table.operations(how) == row.total
            assert table.operations(everything) - row.total == sum(
                map(everything.operations, missed)
            )


def hooked(layer: Layer) -> int:
    """What the other backend of ptflops counts where a module of a known class ends."""
    counts = layer.counts
    if layer.op in ("conv", "linear"):
        return counts.macs + counts.bias_adds
    if layer.op == "batch_norm":
        return 2 * counts.elements_in
    return counts.elements_in  # pools by their input; ReLU has as many in as out


def replaced(layer: Layer) -> int:
    """What it counts where a function runs that it has replaced in torch.nn.functional."""
    if layer.op in ("relu", "prelu", "max_pool", "avg_pool", "adaptive_avg_pool"):
        return layer.counts.elements_in
    if layer.op == "lrn":  # three products, and a pool of the squares between zeros
        assert layer.window is not None
        channels, *size = layer.in_shape
        zeros = layer.window.kernel[0] - 1
        return 3 * layer.in_shape.elements + (channels + zeros) * size[0] * size[1]
    return 0


@pytest.mark.parametrize("network", SAMPLE)
def test_the_other_backend_of_ptflops_counts_modules_and_again_their_functions(
    network: str,
) -> None:
    for row in RECORD:
        if (row.tool, row.network) == ("ptflops pytorch", network):
            table = traced(network, row.input)
            inside = [layer for layer in table if ran_as_module(network, layer)]
            assert row.total == sum(map(hooked, inside)) + sum(map(replaced, table))
            doubled = [layer for layer in inside if replaced(layer)]
            assert doubled  # which is why no price list is right for it
            assert row.total > table.operations("ptflops")


def test_torchvisions_own_figures_are_the_totals_rounded() -> None:
    from torchvision_models import models

    compared = 0
    for name in cnnref.names():
        theirs = name.replace("googlenet_torchvision", "googlenet")
        if theirs not in models.list_models() or name == "googlenet":
            continue
        weights = models.get_model_weights(theirs).DEFAULT
        size = weights.transforms.keywords["crop_size"]
        total = cnnref.table(name, input_size=size).operations("torchvision")
        assert round(total / 1e9, 3) == weights.meta["_ops"], name
        compared += 1
    assert compared == 26


class Own(nn.Conv2d):
    """A subclass that changes nothing."""


class Calls(nn.Module):
    """A convolution as a module, one of a subclass, and one as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.own = nn.Conv2d(3, 3, 1, bias=False), Own(3, 3, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.own(self.plain(x))
        return torch.nn.functional.conv2d(x, self.plain.weight)


@pytest.mark.parametrize(
    ("tool", "seen"),
    [("FlopCounterMode", 6), ("fvcore", 3), ("ptflops aten", 3), ("torchprofile", 3),
     ("thop", 1)],
)  # fmt: skip
def test_hooks_miss_functions_and_subclasses(tool: str, seen: int) -> None:
    once = 9 * 16
    assert cnnref.trace(Calls(), (3, 4, 4)).macs == 3 * once
    module = Calls().eval()
    assert count(BY_NAME[tool], module, (torch.ones(1, 3, 4, 4),)) == seen * once


def test_cnnref_alone_leaves_a_module_as_it_was_whatever_comes() -> None:
    """What the pages say of interrupts, threads and training is what was found."""
    own, *others = json_of(PEERS / "disturbed.json")["tools"]
    cut, threads, training = own["interrupted"], own["together"], own["beside"]
    assert own["tool"] == OURS
    assert cut["signals"] >= 3000
    assert cut["interrupted"] + cut["whole"] == cut["signals"]
    assert (cut["changed"], cut["what"], threads["what"]) == (0, {}, [])
    assert threads["right"] == threads["counts"]
    assert (training["same"], training["failed"]) == (training["steps"], 0)
    assert training["counts"] > 0
    assert {tool["tool"] for tool in others} == set(TOOLS) - {OURS}
    for tool in others:
        assert "crashed" in tool["interrupted"] or tool["interrupted"]["changed"]
    assert "nothing" in disturbed_table()
    assert disturbed("interrupted", "changed") == "0"
