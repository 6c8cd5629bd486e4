"""Drawings of single chapters: what they show is what is counted, and nothing lies on another."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from cnnref.drawing.scene import Box, Outline, Scene, faults
from cnnref.drawing.svg import to_svg
from website.chapters import after, alexnet, vgg, zfnet
from website.chapters.windows import one_by_one
from website.facts import lookup

DRAWN = {
    "seen_twice": vgg.seen_twice,
    "endings": one_by_one.endings,
    "zone_plate": zfnet.zone_plate,
    "connections": after.connections,
    "towers": lambda: alexnet.towers("alexnet_2012"),
    "volumes": lambda: alexnet.volumes("alexnet@227", "AlexNet."),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_fits_a_phone_and_is_said_in_words(name: str) -> None:
    shown = str(DRAWN[name]())
    widths = [float(width) for width in re.findall(r'<svg [^>]*? width="([\d.]+)"', shown)]
    assert min(widths) <= 328
    assert max(widths) <= 700
    assert all(len(said) > 60 for said in re.findall("<desc>(.*?)</desc>", shown))


@pytest.mark.parametrize(
    "scene",
    [vgg._seen(5, 3), one_by_one._endings()],
)
def test_no_cell_lies_on_another(scene: Scene) -> None:
    assert list(faults(scene)) == []


def test_a_stride_keeps_every_so_many_pixels() -> None:
    whole = zfnet.sampled(1)
    assert len(whole) == zfnet.PIXELS
    for stride in (2, 4):
        assert zfnet.sampled(stride) == [row[::stride] for row in whole[::stride]]


def test_the_strides_are_those_of_the_networks() -> None:
    shown = str(zfnet.zone_plate())
    assert "stride 2, ZFNet" in shown
    assert "stride 4, AlexNet" in shown


def changes(line: list[bool]) -> int:
    return sum(a != b for a, b in pairwise(line))


def test_a_false_middle_is_where_the_true_rings_are_as_fine_as_the_stride() -> None:
    # half-way to the edge a period of the rings takes four pixels
    place = zfnet.PIXELS * 3 // 4
    true = zfnet.sampled(1)[zfnet.PIXELS // 2]
    kept = zfnet.sampled(4)[zfnet.PIXELS // 8]
    assert changes(true[place - 4 : place + 5]) >= 4
    # seen every fourth pixel the rings have a second middle there: they are alike on its sides
    middle = place // 4
    assert kept[middle - 1] == kept[middle + 1]


@pytest.mark.parametrize(("groups", "read"), [(1, 64), (2, 32), (8, 8)])
def test_groups_connect_a_share_of_the_windows(groups: int, read: int) -> None:
    scene = after._connections({"some": groups}, 1)
    cells = {kind: len(rings) for kind, rings in scene.outlines}
    assert sum(count for kind, count in cells.items() if kind != "other") == read
    assert sum(cells.values()) == 64
    assert f"{read} of 64 windows" in {text.text for text in scene.texts}


TOWERS = [row for row in lookup("alexnet_2012") if row.op in ("conv", "linear")]


@pytest.mark.parametrize("plan", [alexnet.ACROSS, alexnet.DOWN])
def test_a_layer_in_groups_reads_its_own_card_alone(plan: alexnet.Plan) -> None:
    scene = alexnet._towers(TOWERS, plan)
    assert list(faults(scene)) == []
    read: dict[str, set[str]] = {}
    for arrow in scene.arrows:
        source, target = (scene.boxes[one].words for one in (arrow.source, arrow.target))
        read.setdefault(target.partition(",")[0], set()).add(source.partition(",")[0])
    for row, before in zip(TOWERS[1:-1], TOWERS, strict=False):
        cards = {f"{before.name} on card {card}" for card in (1, 2)}
        for card in (1, 2):
            own = {f"{before.name} on card {card}"}
            grouped = row.window is not None and row.window.groups == 2
            assert read[f"{row.name} on card {card}"] == (own if grouped else cards)
    assert read["conv1 on card 2"] == {"the image"}
    assert len(read["fc8"]) == 2


def test_towers_hold_what_the_layers_have() -> None:
    scene = alexnet._towers(TOWERS, alexnet.ACROSS)
    held = [int(box.lines[0].text) for box in scene.boxes]
    assert held[0] == 3
    assert held[-1] == 1000
    assert [a + b for a, b in zip(held[1:-1:2], held[2:-1:2], strict=True)] == [
        row.out_shape.channels for row in TOWERS[:-1]
    ]
    shown = {text.text for text in scene.texts}
    assert {"5×5×48", "of 96", "3×3×256", "of 256", "9216"} <= shown


def test_volumes_are_to_scale() -> None:
    rows = [layer for layer in lookup("alexnet@227") if layer.op in alexnet.KINDS]
    scene = alexnet._volumes(rows, 700)
    front = {}
    for text, outline in zip(
        (text for text in scene.texts if text.strong), scene.outlines, strict=True
    ):
        (left, top), (right, _), (_, bottom), _ = outline.rings[0]
        front[text.text] = (right - left, bottom - top)
    for layer in rows:
        shape = layer.out_shape
        if len(shape) == 3:
            wide, high = front[layer.name]
            assert wide == pytest.approx(alexnet.CHANNEL * shape[0])
            assert high == pytest.approx(alexnet.PIXEL * shape[1])
    assert front["fc6"][1] / front["fc8"][1] == pytest.approx(4096 / 1000)


def test_two_small_windows_lead_to_as_many_pixels_as_a_large_one() -> None:
    scene = vgg._seen(5, 3)
    assert {text.text for text in scene.texts} == {"two 3x3: 18 weights", "one 5x5: 25 weights"}
    assert sum(box.kind == "pool" for box in scene.boxes) == 25 + 1


def test_averages_are_fewer_numbers() -> None:
    said = [box.words for box in one_by_one._endings().boxes if box.words]
    assert said == ["flatten: 27 numbers", "global average: 3 numbers"]


def test_an_outline_is_filled_below_the_boxes() -> None:
    ring = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))
    box = Box("conv", (), (), "", 0, 0, 9, 9)
    both = (Outline("ink", (ring,)), Outline("conv", (ring, ring)))
    shown = to_svg(Scene((box,), (), (), 10, 10, outlines=both), "t", "d")
    assert '<path d="M0 0H4V4Z" fill="var(--ink)"/>' in shown
    assert shown.count("M0 0H4V4Z") == 3
    assert shown.index("<path") < shown.index("<rect")
