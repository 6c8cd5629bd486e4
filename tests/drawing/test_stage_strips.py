"""A strip of stages: to scale, in even columns or in one, and words where they belong."""

from itertools import groupby, pairwise
from math import log2

import pytest
from test_diagrams import sound

import cnnref
from cnnref.drawing.stages import stages
from cnnref.drawing.strip import LEAST, across_scene, down_scene

NAMES = ["alexnet", "googlenet_aux", "resnet101", "densenet121"]


def linked(stages=6, aside=2, shape=(3, 48, 32)):
    """A net of stages in a row, the first of which the last reads too, and one that none reads."""
    net = cnnref.Net(shape)
    maps = [net.input]
    for number in range(stages):
        with net.stage(f"stage{number}"):
            maps.append(net.conv(maps[-1], 8 << number, 3, padding=1, stride=1 + number % 2))
            if number == 2:
                with net.stage("unread"):
                    net.conv(maps[-1], 4, 1)
    with net.stage("end"):
        net.linear(net.concat(*(net.flatten(one) for one in [*maps[1 : 1 + aside], maps[-1]])), 2)
    return net.table()


def even(places):
    """Whether numbers are equally far from one to the next."""
    steps = [b - a for a, b in pairwise(places)]
    return not steps or steps == pytest.approx([steps[0]] * len(steps), abs=0.01)


def lines_of(scene):
    """The boxes of a strip line by line."""
    return [list(run) for _, run in groupby(scene.boxes, key=lambda box: round(box.middle[1], 3))]


TABLES = [*map(cnnref.table, NAMES), linked()]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("scene", [across_scene, down_scene])
def test_sides_of_boxes_are_to_one_scale_and_to_one_scale_of_doublings(table, scene):
    boxes = scene(table, 700, 12).boxes
    found = stages(table, pools=True)
    sides = [(box.height, box.width)[:: 1 if scene is across_scene else -1] for box in boxes]
    longest = [max(stage.out_shape.size, default=1) for stage in found]
    scale = max(side for side, _ in sides) / max(longest)
    for (side, _), pixels in zip(sides, longest, strict=True):
        assert side == pytest.approx(max(LEAST, scale * pixels))
    doublings = [log2(stage.out_shape[0]) for stage in found]
    by_channels = sorted(zip(doublings, (other for _, other in sides), strict=True))
    steps = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(by_channels) if b[0] > a[0]]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert steps[0] > 0


def words_of(scene):
    """The texts of a strip box by box: each begins with a name, which alone is strong."""
    groups = []
    for before, text in pairwise([None, *scene.texts]):
        if text.strong and not (before and before.strong):
            groups.append([])
        groups[-1].append(text)
    return groups


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("scene", [across_scene, down_scene])
def test_a_box_has_its_name_in_bold_its_shape_and_what_is_in_it_in_small(table, scene):
    drawn = scene(table, 420, 12)
    assert not any(text.halo for text in drawn.texts)
    signs = "×" if scene is across_scene else " × "
    for stage, texts in zip(stages(table, pools=True), words_of(drawn), strict=False):
        said = {
            look: "".join(text.text for text in texts if (text.strong, text.faint) == look)
            for look in ((True, False), (False, False), (False, True))
        }
        wanted = stage.name, signs.join(map(str, stage.out_shape)), "".join(stage.contents)
        assert [text.replace(" ", "") for text in said.values()] == [
            text.replace(" ", "") for text in wanted
        ]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("width", [700, 420])
def test_a_strip_has_even_columns_as_few_lines_as_fit_and_words_below_its_boxes(table, width):
    scene = across_scene(table, width, 12)
    sound(scene)
    lines = lines_of(scene)
    assert scene.width == pytest.approx(width)
    column = width / max(map(len, lines))
    assert column >= 96
    read = {arrow.source for arrow in scene.arrows}
    last = len(table) - 1
    aside = [box for n, box in enumerate(scene.boxes) if n not in read and last not in box.rows]
    main = [line for line in lines if line[0] not in aside]
    assert sum(map(len, main)) + len(aside) == len(scene.boxes)
    assert len(main) == -(-sum(map(len, main)) // int(width // 96))
    assert max(map(len, main[:-1]), default=0) - len(main[-1]) < len(main)
    bands = {id(box): max(one.bottom for one in line) for line in lines for box in line}
    for line in lines:
        assert [box.middle[0] for box in line] == pytest.approx(
            [(place + 0.5) * column for place in range(len(line))]
        )
    for box, texts in zip(scene.boxes, words_of(scene), strict=True):
        assert {text.anchor for text in texts} == {"middle"}
        assert [text.x for text in texts] == pytest.approx([box.middle[0]] * len(texts))
        assert 12 < texts[0].y - bands[id(box)] < 26
    # above the first line and between lines is room for arrows
    tops = [min(box.y for box in line) for line in lines]
    ends = [0, *(max(t.y for t in scene.texts if t.y < top) for top in tops[1:])]
    assert all(12 <= top - end < 40 for top, end in zip(tops, ends, strict=True))
    assert 4 <= scene.height - max(text.y for text in scene.texts) <= 14


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("size", [11, 13])
def test_a_strip_for_a_phone_is_one_column_with_words_beside_its_boxes(table, size):
    scene = down_scene(table, 326, size)
    sound(scene)
    assert scene.width >= 326
    assert len({round(box.middle[0], 6) for box in scene.boxes}) == 1
    widest = max(scene.boxes, key=lambda box: box.width)
    ((anchor, x),) = {(text.anchor, text.x) for text in scene.texts}
    assert anchor == "start"
    assert 8 < x - widest.right < 16
    ends = [(0, 0)]
    for box, texts in zip(scene.boxes, words_of(scene), strict=True):
        first, last = texts[0].y - 0.75 * size, texts[-1].y + 0.25 * size
        assert box.middle[1] == pytest.approx((first + last) / 2, abs=3)
        ends.append((min(box.y, first), max(box.bottom, last)))
    gaps = [b[0] - a[1] for a, b in pairwise([*ends, (scene.height, 0)])]
    assert all(0 < gap < 12 for gap in (gaps[0], gaps[-1]))
    assert all(10 < gap < 24 for gap in gaps[1:-1])


def test_what_passes_boxes_on_a_phone_has_a_lane_of_its_own_left_of_all():
    table = linked(aside=4)
    scene = down_scene(table, 326, 12)
    round_ = [arrow for arrow in scene.arrows if arrow.target != arrow.source + 1]
    assert len(round_) == 5
    lanes = [arrow.points[1][0] for arrow in round_]
    # as far from one to the next as from the last to the widest box, and wholly on the paper
    assert even([*lanes, min(box.x for box in scene.boxes)])
    assert 0.6 <= lanes[0] < 4
    assert lanes[1] - lanes[0] > 2 * scene.head
    for arrow in round_:
        source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
        assert source.middle[1] < arrow.points[0][1] < source.bottom
        assert arrow.points[-1] == (target.x, target.middle[1])
    for arrow in set(scene.arrows) - {*round_}:
        assert arrow.points[0] == (scene.boxes[arrow.source].middle[0], arrow.points[1][1]) or (
            arrow.points[0][0] == arrow.points[1][0] == scene.boxes[arrow.source].middle[0]
        )


def test_an_arrow_of_a_strip_goes_straight_above_a_line_or_between_two():
    for width in (420, 700):
        scene = across_scene(linked(aside=4), width, 12)
        lines = lines_of(scene)
        seen = set()
        for arrow in scene.arrows:
            source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
            (start,) = [line for line in lines if source in line]
            (end,) = [line for line in lines if target in line]
            top = min(box.y for box in end)
            levels = {y for _, y in arrow.points[1:-1]}
            if start is end and arrow.target == arrow.source + 1:
                level = source.middle[1]
                assert arrow.points == ((source.right, level), (target.x, level))
            elif start is end:
                assert (arrow.points[0], arrow.points[-1]) == (
                    (source.middle[0], source.y), (target.middle[0], target.y),
                )  # fmt: skip
                assert all(0 < top - level < 10 for level in levels)
            else:
                assert arrow.points[0][0] == source.right
                assert arrow.points[-1] == (target.middle[0], target.y)
                assert 0 < top - arrow.points[-2][1] < 14
            seen.add((start is end, len(arrow.points)))
        assert len(seen) == 3
