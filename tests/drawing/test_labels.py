"""What a box says of its rows, and how wide that is."""

import string
from collections import Counter
from pathlib import Path

import pytest

import cnnref
from cnnref.drawing.labels import KINDS, kind, label, text_width, wrap
from cnnref.drawing.stages import block_kind

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "docs/assets/fonts/plex-sans"
# what names of layers and words about them are made of
LETTERS = string.ascii_letters + string.digits + "._-/()[],:×+"


@pytest.mark.parametrize(("weight", "wider"), [(400, 1), (600, 1.08)])
def test_text_is_taken_to_be_as_wide_as_the_sites_font_or_somewhat_wider(weight, wider):
    library = pytest.importorskip("fontTools.ttLib")
    font = library.TTFont(FONTS / f"ibm-plex-sans-latin-{weight}-normal.woff2")
    names, widths, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    for letter in LETTERS:
        real = widths[names[ord(letter)]][0] / em
        assert 0.97 * real <= wider * text_width(letter, 1) < 1.8 * real
    words = "3×3 depthwise conv, 64, stride 2"
    real = sum(widths[names[ord(letter)]][0] / em for letter in words)
    assert real < wider * text_width(words, 1) < 1.3 * real


def test_letters_of_other_alphabets_are_as_wide_as_a_letter_or_as_two():
    assert text_width("é", 10) == text_width("a", 10)
    assert text_width("層", 10) == 10
    assert text_width("e\u0301", 10) == text_width("e", 10)


@pytest.mark.parametrize("stride", [(2, 2), (2, 1), (1, 3)])
@pytest.mark.parametrize("size", [(9, 9), (8, 6)])
def test_a_subsampling_says_which_pixels_it_keeps(stride, size):
    net = cnnref.Net((4, *size))
    net.subsample(net.input, stride)
    (row,) = net.table()
    steps = str(stride[0]) if stride[0] == stride[1] else f"{stride[0]}×{stride[1]}"
    assert label(row) == f"every pixel in {steps}"


def test_a_slice_of_channels_is_no_choice_of_pixels():
    net = cnnref.Net((8, 4, 4))
    net.subsample(net.input, 2)
    (row,) = net.table()
    assert label(row._replace(out_shape=row.out_shape.__class__((4, 4, 4)))) == "slice"


CALLED = {
    "conv": ("conv", "3×3 conv, 8, stride 2"),
    "wide": ("conv", "3×1 conv, 8"),
    "groups": ("conv", "3×3 conv, 8, 2 groups"),
    "depth": ("conv", "3×3 depthwise, 8"),
    "dilated": ("conv", "3×3 conv, 8, dilation 2"),
    "steps": ("conv", "3×3 conv, 8, stride 1×2"),
    "max": ("pool", "2×2 max pool, stride 2"),
    "mean": ("pool", "2×2 average pool, stride 2"),
    "whole": ("pool", "average pool to 1×1"),
    "parts": ("pool", "average pool to 2×1"),
    "norm": ("other", "batch norm"),
    "sum": ("join", "+"),
    "all": ("join", "concat, 16 channels"),
    "flat": ("other", "flatten"),
    "end": ("linear", "fc 10"),
}


def test_a_row_is_called_by_what_tells_it_from_others_of_its_kind():
    net = cnnref.Net((8, 16, 16))
    x = net.input
    net.conv(x, 8, 3, stride=2, name="conv")
    net.conv(x, 8, (3, 1), name="wide")
    net.conv(x, 8, 3, groups=2, name="groups")
    net.conv(x, 8, 3, groups=8, name="depth")
    net.conv(x, 8, 3, dilation=2, name="dilated")
    net.conv(x, 8, 3, stride=(1, 2), name="steps")
    net.max_pool(x, 2, name="max")
    net.avg_pool(x, 2, name="mean")
    net.adaptive_avg_pool(x, 1, name="whole")
    net.adaptive_avg_pool(x, (2, 1), name="parts")
    net.batch_norm(x, name="norm")
    net.add(x, x, name="sum")
    net.concat(x, x, name="all")
    net.linear(net.flatten(x, name="flat"), 10, name="end")
    rows = net.table()
    assert {row.name: (kind(row), label(row)) for row in rows} == CALLED
    assert {kind(row) for row in rows} == {*KINDS.values(), "other"}


def test_a_convolution_of_one_channel_is_no_depthwise_one():
    net = cnnref.Net((1, 8, 8))
    net.conv(net.input, 1, 3, name="one")
    net.conv(net.input, 4, 3, name="more")
    assert [label(row) for row in net.table()] == ["3×3 conv, 1", "3×3 conv, 4"]


def test_what_stands_several_times_is_broken_before_how_often_where_it_is_too_long():
    whole = text_width("bottleneck × 111", 12)
    assert wrap("bottleneck × 111", 12, whole) == ["bottleneck × 111"]
    assert wrap("bottleneck × 111", 12, whole - 1) == ["bottleneck", "× 111"]
    assert wrap("input 64 × 28 × 28", 12, 60) == ["input", "64 × 28 × 28"]


# as the papers call them, by how a network's name begins
BLOCKS = {
    "googlenet": {"inception module": 9},
    "bn_inception": {"inception module": 8, "reduction module": 2},
    "inception_v3": {"inception module": 9, "reduction module": 2},
    "inception_v4": {"inception module": 14, "reduction module": 4, "two branches": 1},
    "inception_resnet_v1": {"Inception-ResNet block": 20, "reduction module": 2},
    "inception_resnet_v2": {
        "Inception-ResNet block": 40, "reduction module": 2, "inception module": 1,
    },
    "resnet18": {"basic block": 8},
    "resnet34": {"basic block": 16},
    "resnet50": {"bottleneck": 16},
    "plain34": {"plain block": 16},
    "preact_resnet18": {"pre-activation basic block": 8},
    "preact_resnet50": {"pre-activation bottleneck": 16},
    "squeezenet": {"fire module": 8},
    "resnext50": {"bottleneck": 16},
    "seresnet50": {"bottleneck": 16},
    "densenet121": {"dense layer": 58},
    "mobilenet_v1": {"plain block": 13},
    "mobilenet_v2": {"plain block": 7, "residual block": 10},
    "shufflenet": {"two branches": 16},
    "efficientnet": {"plain block": 7, "residual block": 9},
    "regnet_x": {"bottleneck": 22},
    "convnext": {"residual block": 18},
    "vgg16": {},
}  # fmt: skip


@pytest.mark.parametrize("start", BLOCKS)
def test_blocks_are_called_as_their_papers_call_them(start):
    for name in cnnref.names():
        if name.startswith(start):
            blocks = cnnref.table(name).group("block").items()
            found = Counter(block_kind(rows) for block, rows in blocks if block)
            assert found == BLOCKS[start], name


def test_a_block_of_no_convolution_is_a_block():
    net = cnnref.Net((4, 8, 8))
    with net.block("b"):
        net.relu(net.batch_norm(net.input))
    assert block_kind(net.table()) == "block"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(("window", "found"), [(3, "basic block"), (1, "bottleneck")])
def test_a_projection_of_the_input_makes_no_bottleneck_wherever_it_stands(place, window, found):
    net = cnnref.Net((4, 8, 8))
    x = net.max_pool(net.input, 2)
    for block in ("first", "second"):
        way = short = x
        with net.block(block):
            for number in range(3):
                if number == place:
                    short = net.batch_norm(net.conv(x, 8, 1))
                if number < 2:
                    way = net.conv(net.relu(way), 8, window, padding=window // 2)
            x = net.relu(net.add(way, short))
        assert block_kind(net.table().group("block")[block]) == found


def test_of_a_block_of_one_convolution_that_one_tells():
    net = cnnref.Net((4, 8, 8))
    with net.block("b"):
        net.relu(net.add(net.conv(net.input, 4, 3, padding=1), net.input))
    assert block_kind(net.table()) == "basic block"


def test_two_branches_are_no_fire_module_whichever_comes_first():
    net = cnnref.Net((4, 8, 8))
    with net.block("small first"):
        x = net.input
        net.concat(net.conv(x, 4, 1), net.conv(x, 4, 3, padding=1))
    with net.block("large first"):
        net.concat(net.conv(x, 4, 3, padding=1), net.conv(x, 4, 1))
    with net.block("squeezed"):
        y = net.conv(x, 2, 1)
        net.concat(net.conv(y, 4, 1), net.conv(y, 4, 3, padding=1))
    assert {name: block_kind(rows) for name, rows in net.table().group("block").items()} == {
        "small first": "two branches", "large first": "two branches", "squeezed": "fire module",
    }  # fmt: skip
