"""Where the parts of the chapters' drawings stand: on the paper, apart, and in line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest

from cnnref.drawing.labels import text_width
from cnnref.drawing.scene import Box, Point, Scene, faint_size, faults
from website.chapters import after, alexnet, batch_norm, built, vgg, zfnet
from website.chapters.windows import convolution, one_by_one
from website.facts import lookup

TOWERS = [row for row in lookup("alexnet_2012") if row.op in ("conv", "linear")]
VOLUMES = [row for row in lookup("alexnet@227") if row.op in alexnet.KINDS]
GROUPS = {"no groups": 1, "two groups": 2, "a group for each channel": 8}
STRIDES = {1: "every pixel", 2: "stride 2, ZFNet", 4: "stride 4, AlexNet"}
SCENES = {
    "towers": alexnet._towers(TOWERS, alexnet.ACROSS),
    "towers, narrow": alexnet._towers(TOWERS, alexnet.DOWN),
    "volumes": alexnet._volumes(VOLUMES, 700),
    "volumes, narrow": alexnet._volumes(VOLUMES, 326),
    "connections": after._connections(GROUPS, 3),
    "connections, narrow": after._connections(GROUPS, 1),
    "reach": one_by_one._scene(700, 4),
    "reach, narrow": one_by_one._scene(326, 2),
    "endings": one_by_one._endings(),
    "edges": convolution._edges(700),
    "edges, narrow": convolution._edges(326),
    "seen": vgg._seen(5, 3),
    "plates": zfnet._panels(STRIDES, 700),
    "plates, narrow": zfnet._panels(STRIDES, 326),
    "axes": batch_norm._scene(700, 4),
    "axes, narrow": batch_norm._scene(326, 2),
    "floors": built._scene(700),
    "floors, narrow": built._scene(326),
}


def words_of(scene: Scene) -> list[Box]:
    """What each text takes, as a box."""
    found = []
    for text in scene.texts:
        size = faint_size(scene.size) if text.faint else scene.size
        width = text_width(text.text, size * (1.08 if text.strong else 1))
        x = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        found.append(Box("other", (), (), text.text, x, text.y - 0.75 * size, width, size))
    return found


def around(ring: Sequence[Point]) -> Box:
    """The upright box around a polygon."""
    xs, ys = zip(*ring, strict=True)
    return Box("other", (), (), "", min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def even(places: Sequence[float]) -> bool:
    steps = [b - a for a, b in pairwise(places)]
    return not steps or steps == pytest.approx([steps[0]] * len(steps))


@pytest.mark.parametrize("name", SCENES)
def test_all_is_on_the_paper_which_ends_soon_after_it(name: str) -> None:
    scene = SCENES[name]
    numbers = range(len(scene.boxes))
    assert all({arrow.source, arrow.target} <= {*numbers} for arrow in scene.arrows)
    parts = [*scene.boxes, *words_of(scene)]
    parts += [around(ring) for outline in scene.outlines for ring in outline.rings]
    parts += [around(arrow.points) for arrow in scene.arrows]
    left, right = min(part.x for part in parts), max(part.right for part in parts)
    top, bottom = min(part.y for part in parts), max(part.bottom for part in parts)
    assert left >= -0.01
    assert right <= scene.width + 0.01
    assert top >= -0.01
    assert bottom <= scene.height + 0.01
    assert top < 20
    assert scene.height - bottom < 22
    assert max(left, scene.width - right) < 40 or name.startswith("floors")


@pytest.mark.parametrize("name", SCENES)
def test_no_word_lies_on_another_word_or_on_a_part_of_the_drawing(name: str) -> None:
    scene = SCENES[name]
    words = words_of(scene)
    rings = [around(ring) for outline in scene.outlines for ring in outline.rings]
    for number, word in enumerate(words):
        others = [*words[number + 1 :], *scene.boxes, *rings]
        assert not [box for box in others if any(faults(Scene((word, box), (), (), 0, 0)))]
        away = [arrow._replace(source=-1, target=-1) for arrow in scene.arrows]
        assert not any(faults(Scene((word,), tuple(away), (), 0, 0)))


@pytest.mark.parametrize("plan", [alexnet.ACROSS, alexnet.DOWN])
def test_towers_have_a_lane_for_each_card_and_a_place_for_each_layer(plan: alexnet.Plan) -> None:
    scene = alexnet._towers(TOWERS, plan)
    along, aside = (0, 1) if plan.across else (1, 0)
    first, *_ = lanes = sorted({box.middle[aside] for box in scene.boxes})
    assert len(lanes) == 3
    assert even(lanes)
    for box in scene.boxes:
        card = {"conv": 0, "pool": 2}.get(box.kind, 1)
        assert box.middle[aside] == lanes[card]
    places = sorted({box.middle[along] for box in scene.boxes})
    assert len(places) == len(TOWERS) + 1
    assert even(places)
    assert len({(box.width, box.height) for box in scene.boxes}) == 1
    named = [text for text in scene.texts if text.strong]
    assert [text.text for text in named] == ["image", *(row.name for row in TOWERS)]
    for text, place in zip(named, places, strict=True):
        assert (text.x, text.y)[along] == place
        assert (text.x, text.y)[aside] < first
    read = [text for text in scene.texts if text.faint and not text.text.startswith("card")]
    for texts, place in zip(zip(read[::2], read[1::2], strict=True), places[1:], strict=True):
        assert texts[0].text.startswith("of") < texts[1].text.startswith("of")
        assert (texts[0].x, texts[0].y)[along] == place
        assert texts[0].x == texts[1].x
        assert 12 <= texts[1].y - texts[0].y < 18
        assert (texts[0].x, texts[0].y)[aside] > lanes[-1]
    cards = [text for text in scene.texts if text.text.startswith("card")]
    assert [text.text for text in cards] == ["card 1", "card 2"]
    for card, lane in zip(cards, (lanes[0], lanes[-1]), strict=True):
        assert (card.x, card.y)[aside] == pytest.approx(lane, abs=20)
        assert (card.x, card.y)[along] < places[1]
    if plan.across:
        # beside the image, one above it and one below
        assert cards[0].y < scene.boxes[0].y < scene.boxes[0].bottom < cards[1].y
    for arrow in scene.arrows:
        source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
        begin, end = arrow.points
        sides = (source.right, target.x) if plan.across else (source.bottom, target.y)
        assert (begin[along], end[along]) == sides
        assert (begin[aside], end[aside]) == (source.middle[aside], target.middle[aside])
        assert sides[1] - sides[0] > 2 * scene.head


@pytest.mark.parametrize("width", [700, 326])
def test_a_volume_stands_in_the_middle_of_its_column_above_its_words(width: float) -> None:
    scene = alexnet._volumes(VOLUMES, width)
    column = scene.width / int(width // alexnet.COLUMN)
    shown = [None, *VOLUMES]
    names = [text for text in scene.texts if text.strong]
    bases = []
    for number, (row, outline, name) in enumerate(zip(shown, scene.outlines, names, strict=True)):
        front, *others = map(around, outline.rings)
        whole = [around(ring) for ring in outline.rings]
        left, right = min(box.x for box in whole), max(box.right for box in whole)
        middle = number % int(width // alexnet.COLUMN) * column + column / 2
        assert (left + right) / 2 == pytest.approx(middle)
        assert name.x == pytest.approx(middle)
        assert name.text == (row.name if row else "image")
        assert 12 < name.y - front.bottom < 20
        bases.append(front.bottom)
        shape = row.out_shape if row else VOLUMES[0].in_shape
        assert len(others) == (2 if len(shape) == 3 else 0)
        below = [text for text in scene.texts if text.x == name.x and 0 < text.y - name.y < 40]
        sizes = ["×".join(map(str, shape[1:])), f"× {shape[0]}"][-len(shape) :]
        assert [text.text for text in below[: len(sizes)]] == (
            sizes if len(shape) == 3 else [str(shape[0])]
        )
        assert all(text.faint and text.anchor == "middle" for text in below)
        for upper, side in zip(outline.rings[1:2], outline.rings[2:], strict=True):
            # the edges that go away are parallel, to the right and up
            depth = alexnet.SLANT * front.height
            for (x, y), (far_x, far_y) in (upper[:2], (upper[3], upper[2]), side[:2], side[:1:-1]):
                assert (far_x - x, y - far_y) == pytest.approx((depth, depth))
            assert (upper[0], upper[3]) == (outline.rings[0][0], outline.rings[0][1])
            assert (side[0], side[3]) == (outline.rings[0][1], outline.rings[0][2])
    assert bases == sorted(bases)
    assert len(set(bases)) == -(-len(shown) // int(width // alexnet.COLUMN))


@pytest.mark.parametrize(("scene", "columns"), [
    (one_by_one._scene(700, 4), 4), (one_by_one._scene(326, 2), 2),
    (batch_norm._scene(700, 4), 4), (batch_norm._scene(326, 2), 2),
    (after._connections(GROUPS, 3), 3), (after._connections(GROUPS, 1), 1),
])  # fmt: skip
def test_panels_stand_in_even_columns_below_their_titles(scene: Scene, columns: int) -> None:
    titles = [text for text in scene.texts if text.strong]
    width = scene.width / columns
    for number, title in enumerate(titles):
        assert title.x == pytest.approx((number % columns + 0.5) * width)
        assert title.anchor == "middle"
    rows = sorted({title.y for title in titles})
    assert even(rows)
    assert len(rows) == -(-len(titles) // columns)
    rings = [around(ring) for outline in scene.outlines for ring in outline.rings]
    for title in titles:
        here = [
            box for box in (*scene.boxes, *rings)
            if abs(box.middle[0] - title.x) < width / 2
            and 0 < box.y - title.y < (rows[1] - rows[0] if len(rows) > 1 else 1e9)
        ]  # fmt: skip
        left, right = min(box.x for box in here), max(box.right for box in here)
        assert (left + right) / 2 == pytest.approx(title.x, abs=4)
        assert 6 < min(box.y for box in here) - title.y < 30


def test_a_window_is_in_the_middle_of_its_channel() -> None:
    scene = one_by_one._scene(700, 4)
    channels = [box for box in scene.boxes if box.kind == "other"]
    per = list(zip(*[iter(channels)] * one_by_one.CHANNELS, strict=True))
    assert len(per) == len(one_by_one.READS)
    for panel in per:
        assert even([box.x for box in panel])
        assert panel[1].x > panel[0].right + 4
        assert len({(box.y, box.width, box.height) for box in panel}) == 1
        assert panel[0].width == panel[0].height == one_by_one.SIDE * one_by_one.CELL
    for box in scene.boxes:
        if box.kind == "conv":
            assert any(box.middle == pytest.approx(one.middle) for one in channels)
            assert box.width == box.height
    assert [box.words for box in channels[:3]] == [
        f"3x3 convolution, channel {number}" for number in (1, 2, 3)
    ]


def test_maps_are_laid_out_as_a_row_of_as_many_numbers_and_averages_as_one_for_each() -> None:
    scene = one_by_one._endings()
    cells = [box for box in scene.boxes if not box.words]
    said = [box for box in scene.boxes if box.words]
    parts = [[box for box in cells if -30 < box.y - one.y < 60] for one in said]
    for part, arrow, each in zip(parts, scene.arrows, (9, 1), strict=True):
        levels = sorted({box.y for box in part})
        *maps, flat = ([box for box in part if box.y == level] for level in levels)
        assert [len(row) for row in maps] == [9, 9, 9]
        assert len(flat) == 3 * each
        # one after the other without a gap, map by map
        flat = sorted(flat, key=lambda box: box.x)
        assert all(b.x == pytest.approx(a.right) for a, b in pairwise(flat))
        kinds = ("conv", "pool", "linear")
        assert [box.kind for box in flat] == [kind for kind in kinds for _ in range(each)]
        for row in maps:
            assert [box.kind for box in sorted(row, key=lambda b: b.x)] == (
                ["conv"] * 3 + ["pool"] * 3 + ["linear"] * 3
            )
        (x, start), (same, end) = arrow.points
        assert x == same == pytest.approx((maps[0][0].x + max(box.right for box in maps[0])) / 2)
        assert maps[-1][0].bottom < start < end < flat[0].y
    assert list(faults(scene._replace(arrows=()))) == []


@pytest.mark.parametrize("width", [700, 326])
def test_a_kernel_stands_left_of_its_map_in_the_middle_of_its_height(width: float) -> None:
    scene = convolution._edges(width)
    titles = {text.text: text for text in scene.texts}
    for name in convolution.KERNELS:
        kernel = [box for box in scene.boxes if box.words.startswith(f"kernel for {name},")]
        made = [box for box in scene.boxes if box.words.startswith(f"map of {name},")]
        assert (len(kernel), len(made)) == (9, 36)
        middle = [(min(b.y for b in part) + max(b.bottom for b in part)) / 2
                  for part in (kernel, made)]  # fmt: skip
        assert middle[0] == pytest.approx(middle[1])
        left, right = min(box.x for box in made), max(box.right for box in kernel)
        assert left - right == pytest.approx(convolution.GAP)
        assert titles[name].x == min(b.x for b in kernel)
        assert 4 < min(b.y for b in made) - titles[name].y < 14
        assert all(box.lines for box in kernel)
        kinds = {"conv": 1, "pool": -1, "other": 0}
        for box in (*kernel, *made):
            value = int(box.words.rpartition(": ")[2])
            assert (value > 0) - (value < 0) == kinds[box.kind]
            assert [line.text for line in box.lines] in ([str(value).replace("-", "−")], [])
            assert box.lines or not value
    image = [box for box in scene.boxes if box.words.startswith("image,")]
    assert len(image) == 64
    rows = [box.words.partition("row ")[2].partition(":")[0] for box in image]
    assert rows == [str(row) for row in range(1, 9) for _ in range(8)]


def test_a_cone_goes_from_the_side_of_a_window_to_the_side_of_the_cell_that_it_makes() -> None:
    scene = vgg._seen(5, 3)
    read = {"conv": 3, "linear": 3, "pool": 5}
    cells = {(round(box.x, 3), round(box.y, 3)) for box in scene.boxes}
    for outline in scene.outlines:
        ((right, top), (x, y), (same, low), (edge, bottom)) = outline.rings[0]
        side = scene.boxes[0].width
        assert (edge, same) == (right, x)
        assert (bottom - top) / side == pytest.approx(read[outline.kind])
        assert low - y == pytest.approx(side)
        assert (round(x, 3), round(y, 3)) in cells
        assert (round(right - side, 3), round(top, 3)) in cells
        assert right < x


@pytest.mark.parametrize("width", [700, 326])
def test_rectangles_of_a_plate_are_its_dark_pixels(width: float) -> None:
    for stride in STRIDES:
        pixels = zfnet.sampled(stride)
        rings = [around(ring) for ring in zfnet._runs(pixels, 5, 7, 3)]
        dark = {
            (row, column)
            for box in rings
            for row in [round((box.y - 7) / 3)]
            for column in range(round((box.x - 5) / 3), round((box.right - 5) / 3))
        }
        assert dark == {(r, c) for r, line in enumerate(pixels) for c, on in enumerate(line) if on}
        assert {box.height for box in rings} == {3}
    scene = zfnet._panels(STRIDES, width)
    (outline,) = scene.outlines
    boxes = [around(ring) for ring in outline.rings]
    for title in scene.texts:
        here = [box for box in boxes if -0.1 < box.x - title.x < zfnet.PANEL
                and 0 < box.y - title.y < zfnet.PANEL + 20]  # fmt: skip
        assert max(box.right for box in here) <= title.x + zfnet.PANEL + 0.01
        assert max(box.bottom for box in here) - title.y == pytest.approx(zfnet.PANEL + 9, abs=5)
    assert even(sorted({text.x for text in scene.texts}))
    assert even(sorted({text.y for text in scene.texts}))


@pytest.mark.parametrize("width", [700, 326])
def test_rooms_of_a_floor_stand_in_the_middle_and_floors_below_one_another(width: float) -> None:
    scene = built._scene(width)
    assert list(faults(scene)) == []
    lines = [list(run) for _, run in groupby(scene.boxes, key=lambda box: box.y)]
    for line in lines:
        assert line[0].x == pytest.approx(width - line[-1].right)
        assert line[0].x >= 0
        assert all(b.x - a.right == pytest.approx(built.GAP) for a, b in pairwise(line))
    for box in scene.boxes:
        assert box.width - text_width(box.lines[0].text, scene.size) > 1
    floors = [sorted(rooms) for rooms in (*built.SITE, *built.HOUSE)]
    assert [box.words for box in scene.boxes] == [room for rooms in floors for room in rooms]
    ends = {rooms[-1] for rooms in floors}
    for above, below in pairwise(lines):
        gap = below[0].y - above[0].bottom
        assert (gap > built.GAP / 2) == (above[-1].words in ends)
        if above[-1].words not in ends:
            used = below[0].width + built.GAP + above[-1].right - above[0].x
            assert used > width - 0.01
