"""Rulings on sentences of the notes, of networks for which they would come out otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnnref.net import FeatureMap, Net
from cnnref.tables.table import Table
from website.errata.judges import remarks, residual

FIRST = "The first block of each stage halves the resolution and doubles the number of channels"
STEM = "Same aggressive stem as GoogLeNet; it downsamples the input 4x"
HEAD = "Global average pooling and a single linear layer at the end (no fully-connected layer)"
Body = Callable[[Net, FeatureMap], FeatureMap]


def network(body: Body) -> Table:
    """A network of what a function adds to the map of an image."""
    net = Net((3, 32, 32), name="small")
    body(net, net.input)
    return net.table()


def stage(net: Net, x: FeatureMap, number: int, channels: int, stride: int) -> FeatureMap:
    """A stage of one block with one convolution."""
    with net.stage(f"conv{number}"), net.block(f"conv{number}_1"):
        return net.conv(x, channels, 3, stride=stride, padding=1)


def judged(monkeypatch: pytest.MonkeyPatch, sentence: str, body: Body) -> tuple[str, str]:
    """The verdict on a sentence, and what was computed, if all networks were this one."""
    book = network(body)
    monkeypatch.setattr(residual, "lookup", lambda _: book)
    ruling = residual.JUDGES[sentence](sentence)
    return ruling.verdict, ruling.computed


@pytest.mark.parametrize(
    ("channels", "stride", "halves", "doubles", "verdict"),
    [(6, 2, 10, 10, "agrees"), (3, 2, 10, 5, "wrong"), (6, 1, 5, 10, "wrong")],
)
def test_size_and_channels_are_told_apart(
    channels: int, stride: int, halves: int, doubles: int, verdict: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def body(net: Net, x: FeatureMap) -> FeatureMap:
        x = stage(net, x, 2, channels, stride)
        return stage(net, x, 3, 2 * channels, 2)

    found = judged(monkeypatch, FIRST, body)
    assert found == (verdict, f"{halves} of 10 stages halve, {doubles} of 10 double")


@pytest.mark.parametrize(
    ("pooled", "linear", "verdict"),
    [(True, 1, "wording"), (True, 2, "wrong"), (False, 1, "wrong"), (False, 2, "wrong")],
)
def test_a_head_is_pooled_and_has_one_layer(
    pooled: bool, linear: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def body(net: Net, x: FeatureMap) -> FeatureMap:
        x = net.conv(x, 8, 3)
        x = net.adaptive_avg_pool(x, 1) if pooled else x
        x = net.flatten(x)
        for _ in range(linear):
            x = net.linear(x, 10)
        return x

    assert judged(monkeypatch, HEAD, body)[0] == verdict


def test_a_stem_is_the_same_layer_by_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    def stem(stride: int) -> Table:
        def body(net: Net, x: FeatureMap) -> FeatureMap:
            x = net.conv(x, 8, 3, stride=2, padding=1)
            x = net.max_pool(x, 3, stride=stride, padding=1)
            return stage(net, x, 2, 8, 1)

        return network(body)

    for one, other, verdict, partly in ((2, 2, "agrees", False), (2, 1, "wrong", True)):
        books = {"resnet50": stem(one), "googlenet": stem(other)}
        monkeypatch.setattr(residual, "lookup", books.__getitem__)
        ruling = residual.JUDGES[STEM](STEM)
        assert (ruling.verdict, bool(ruling.partly)) == (verdict, partly)
        same = 2 if verdict == "agrees" else 1
        assert ruling.computed == f"{same} of 2 layers the same, 4x against {2 * other}x"


@pytest.mark.parametrize(
    ("before", "reduced", "after", "verdict"),
    [(8, 4, 8, "agrees"), (8, 8, 8, "wrong"), (4, 8, 4, "wrong")],
)
def test_a_reduction_has_fewer_channels_than_its_input(
    before: int, reduced: int, after: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def body(net: Net, x: FeatureMap) -> FeatureMap:
        x = net.conv(x, before, 3, stride=2)
        with net.stage("inception3"), net.block("3a"):
            x = net.conv(x, reduced, 1, name="3a_3x3_reduce")
            return net.conv(x, after, 3, name="3a_3x3")

    book = network(body)
    monkeypatch.setattr(remarks, "lookup", lambda _: book)
    ruling = remarks._reductions("")
    narrower = int(verdict == "agrees")
    assert ruling.verdict == verdict
    assert ruling.computed == f"{narrower} of 1 in the modules are narrower than their input"
