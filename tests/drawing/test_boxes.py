"""The boxes, words and arrows of a drawn block, as a reader sees them."""

import re
from itertools import pairwise

import pytest

import cnnref
from cnnref.drawing import svg
from cnnref.drawing.block import block_scene
from cnnref.drawing.labels import text_width, wrap
from cnnref.drawing.scene import Arrow
from cnnref.drawing.stack import stacks_scene
from cnnref.drawing.stages import block_rows

# what a reader sees of a block, box by box: its kind, its words, and the words that are faint
SEEN = {
    ("resnet50", "conv3_1"): [
        ("end", [], ["input 256 × 56 × 56"]),
        ("conv", ["1×1 conv, 128"], ["batch norm, ReLU"]),
        ("conv", ["3×3 conv, 128, stride 2"], ["batch norm, ReLU"]),
        ("conv", ["1×1 conv, 512"], ["batch norm"]),
        ("conv", ["1×1 conv, 512, stride 2"], ["batch norm"]),
        ("join", ["+"], []),
        ("other", ["ReLU"], []),
        ("end", [], ["output 512 × 28 × 28"]),
    ],
    ("googlenet", "inception_3a"): [
        ("end", [], ["input 192 × 28 × 28"]),
        ("conv", ["1×1 conv, 64"], ["ReLU"]),
        ("conv", ["1×1 conv, 96"], ["ReLU"]),
        ("conv", ["3×3 conv, 128"], ["ReLU"]),
        ("conv", ["1×1 conv, 16"], ["ReLU"]),
        ("conv", ["5×5 conv, 32"], ["ReLU"]),
        ("pool", ["3×3 max pool"], []),
        ("conv", ["1×1 conv, 32"], ["ReLU"]),
        ("join", ["concat, 256 channels"], []),
        ("end", [], ["output 256 × 28 × 28"]),
    ],
}


@pytest.mark.parametrize(("name", "block"), SEEN)
def test_a_block_is_drawn_with_these_words_in_these_boxes(name, block):
    boxes = cnnref.table(name).draw(block).wide.boxes
    assert [
        (
            box.kind,
            [line.text for line in box.lines if not line.faint],
            [line.text for line in box.lines if line.faint],
        )
        for box in boxes
    ] == SEEN[name, block]


def test_a_block_is_told_box_by_box_to_those_who_do_not_see_it():
    drawing = cnnref.table("resnet50").draw("conv3_1")
    assert drawing.title == "Bottleneck conv3_1 of resnet50"
    assert drawing.description == (
        "1: input 256 × 56 × 56. 2: 1×1 conv, 128, batch norm, ReLU, from 1. 3: 3×3 conv, 128, "
        "stride 2, batch norm, ReLU, from 2. 4: 1×1 conv, 512, batch norm, from 3. 5: 1×1 conv, "
        "512, stride 2, batch norm, from 1. 6: +, from 4 and 5. 7: ReLU, from 6. 8: output "
        "512 × 28 × 28, from 7."
    )


@pytest.mark.parametrize("direction", [(0, 1), (0, -1), (1, 0), (-1, 0)])
def test_a_head_ends_where_its_arrow_ends_and_is_as_wide_to_either_side(direction):
    (dx, dy), half, tip = direction, 3.0, (40.0, 70.0)
    start = (tip[0] - 25 * dx, tip[1] - 25 * dy)
    path = svg._head(Arrow(0, 1, ((0, 1),), (start, tip)), half)
    numbers = list(map(float, re.findall(r"-?[\d.]+", path)))
    first, *back = zip(numbers[::2], numbers[1::2], strict=True)
    assert first == tip
    # behind the tip along the arrow, and to the left and to the right of it
    along = [(tip[0] - x) * dx + (tip[1] - y) * dy for x, y in back]
    aside = [(x - tip[0]) * dy - (y - tip[1]) * dx for x, y in back]
    assert along == pytest.approx([1.6 * half, 1.6 * half])
    assert sorted(aside) == pytest.approx([-half, half])


def test_an_arrow_of_no_length_has_a_head_of_no_size():
    path = svg._head(Arrow(0, 1, ((0, 1),), ((4.0, 7.0), (4.0, 7.0))), 3.0)
    assert set(re.findall(r"[\d.]+ [\d.]+", path)) == {"4 7"}


def _text(box):
    return svg._lines(box, 12)


def test_the_lines_of_a_box_stand_below_one_another_in_its_middle():
    scene = cnnref.table("resnet50").draw("conv3_1").wide
    for box in scene.boxes:
        lines = re.findall(r'y="([\d.]+)"(?: fill="[^"]*" font-size="([\d.]+)")?', _text(box))
        sizes = [float(size or 12) for _, size in lines]
        tops = [float(y) - 0.98 * size for (y, _), size in zip(lines, sizes, strict=True)]
        ends = [top + 1.3 * size for top, size in zip(tops, sizes, strict=True)]
        assert len(lines) == len(box.lines)
        assert tops[1:] == pytest.approx(ends[:-1], abs=0.2)
        assert (tops[0] + ends[-1]) / 2 == pytest.approx(box.y + box.height / 2, abs=0.2)
        # above them is half a line free, or more, and no whole one
        assert box.kind == "join" or 6 < tops[0] - box.y < 12


@pytest.mark.parametrize(("name", "block"), SEEN)
def test_a_sum_is_a_circle_and_a_row_a_box(name, block):
    for box in cnnref.table(name).draw(block).wide.boxes:
        width, height, radius = map(
            float, re.findall(r'(?:width|height|rx)="([\d.]+)"', svg._box(box, 12))[:3]
        )
        assert (width == height == 2 * radius) == (box.words == "+")
        assert radius > 0
        assert (2 * radius == height) == (box.words == "+")
    square = box._replace(kind="conv", width=30.0, height=30.0)
    assert 'rx="15"' not in svg._box(square, 12)


def test_a_line_may_be_exactly_as_wide_as_its_box():
    whole = text_width("batch norm", 12)
    assert wrap("batch norm", 12, whole) == ["batch norm"]
    assert wrap("batch norm", 12, whole - 0.01) == ["batch", "norm"]
    word = text_width("denseblock", 12)
    assert wrap("dense.block", 12, text_width("dense.block", 12)) == ["dense.block"]
    assert wrap("denseblock 1", 12, word) == ["denseblock", "1"]
    piece = text_width("dense.block.", 12)
    assert wrap("dense.block.layer", 12, piece) == ["dense.block.", "layer"]
    assert wrap("dense.block.layer", 12, piece - 0.01) == ["dense.", "block.layer"]


def test_a_drawing_changes_only_where_it_does_not_fit_any_more():
    table = cnnref.table("resnet50")
    rows = block_rows(table, "conv3_1")
    drawn = {width: block_scene(table, rows, width) for width in range(500, 200, -1)}
    for wider, narrower in pairwise(drawn):
        assert drawn[wider].width > narrower or drawn[narrower] == drawn[wider]
    assert len({scene.width for scene in drawn.values()}) > 3
    # and it fits where it has just its own width
    fitting = {scene.width: scene for width, scene in drawn.items() if scene.width <= width}
    assert all(block_scene(table, rows, width) == scene for width, scene in fitting.items())


def test_stacks_end_as_far_from_the_edge_as_blocks_do():
    networks = [(name, cnnref.table(name)) for name in ("alexnet", "vgg16")]
    scene = stacks_scene(networks, 700, 12)
    assert scene.height - max(box.bottom for box in scene.boxes) == pytest.approx(2)
    assert min(text.y for text in scene.texts) >= scene.size
