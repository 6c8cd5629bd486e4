"""Where boxes stand: blocks in rows and lanes, stacks in columns, fields in panels."""

from itertools import groupby, pairwise

import pytest
from test_diagrams import blocks, collisions, scenes, sound, spilled

import cnnref
from cnnref.drawing import stacks
from cnnref.drawing.block import _Air, _scene, block_scene
from cnnref.drawing.chain import chain
from cnnref.drawing.column import in_column
from cnnref.drawing.fields import fields_scene
from cnnref.drawing.graph import Edge, graph
from cnnref.drawing.labels import text_width
from cnnref.drawing.lanes import Size
from cnnref.drawing.scene import Arrow, Box, Scene, faint_size, faults
from cnnref.drawing.stack import PADS, _lines, _Stack, stacks_scene
from cnnref.drawing.stages import block_rows


def even(places):
    """Whether numbers are equally far from one to the next."""
    steps = [b - a for a, b in pairwise(places)]
    return not steps or steps == pytest.approx([steps[0]] * len(steps), abs=0.01)


def drawn():
    """Every look of a block at every width: with its branches side by side."""
    for place in blocks():
        for scene, *_ in scenes(*place):
            if max(len(arrow.points) for arrow in scene.arrows) < 4:
                yield scene


def rows_of(scene):
    boxes = sorted(scene.boxes, key=lambda box: (box.middle[1], box.x))
    return [list(run) for _, run in groupby(boxes, key=lambda box: box.middle[1])]


def test_boxes_of_a_block_stand_in_rows_that_are_equally_far_from_each_other():
    for scene in drawn():
        rows = rows_of(scene)
        gaps = [
            min(box.y for box in below) - max(box.bottom for box in above)
            for above, below in pairwise(rows)
        ]
        assert even([sum(gaps[:n]) for n in range(len(gaps) + 1)])
        assert 4 * scene.head < gaps[0] < 8 * scene.head
        for row in rows:
            level = [box for box in row if box.words != "+"]
            assert len({(box.y, box.height) for box in level}) < 2
            assert all(b.x - a.right >= 8 for a, b in pairwise(row))


def test_a_block_has_the_same_margin_on_all_sides():
    for scene in drawn():
        xs = [x for arrow in scene.arrows for x, _ in arrow.points]
        left, right = min(box.x for box in scene.boxes), max(box.right for box in scene.boxes)
        top, bottom = min(box.y for box in scene.boxes), max(box.bottom for box in scene.boxes)
        margins = (
            min(left, *xs), scene.width - max(right, *xs), top, scene.height - bottom,
        )  # fmt: skip
        assert margins == pytest.approx([margins[0]] * 4)


def test_arrows_of_a_block_are_straight_but_for_one_bend_into_the_side_of_a_sum():
    bent = 0
    for scene in drawn():
        for arrow in scene.arrows:
            source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
            leaving = [one for one in scene.arrows if one.source == arrow.source]
            entering = [one for one in scene.arrows if one.target == arrow.target]
            (x, start), (end_x, end) = arrow.points[0], arrow.points[-1]
            assert source.x < x < source.right
            assert start == source.bottom
            if len(leaving) == 1:
                assert x == pytest.approx(source.middle[0])
            if len(arrow.points) == 2:
                assert (end_x, end) == (pytest.approx(x), target.y)
                assert target.x < end_x < target.right
                if len(entering) == 1 or target.words == "+":
                    assert end_x == pytest.approx(target.middle[0])
            else:
                bent += 1
                assert target.words == "+"
                assert arrow.points[1] == (x, end)
                assert end == target.middle[1]
                assert end_x == (target.right if x > target.x else target.x)
    assert bent > 10


def test_boxes_of_a_block_have_room_for_their_words():
    for scene in drawn():
        read = {scene.boxes[arrow.source].words for arrow in scene.arrows}
        for box in scene.boxes:
            sizes = [faint_size(scene.size) if line.faint else scene.size for line in box.lines]
            widths = [text_width(line.text, s) for line, s in zip(box.lines, sizes, strict=True)]
            if box.words == "+":
                assert box.width == box.height > 1.3 * scene.size
                continue
            assert box.width - max(widths) >= 9.4
            assert box.height - 1.3 * sum(sizes) >= 13
            # what is handed on to nobody in the drawing is as wide as its words
            assert box.words in read or box.width - max(widths) < 26
            # the corners of what a drawing begins and ends with are rounder
            assert box.kind != "end" or box.width - max(widths) >= 15.4


def test_boxes_that_follow_each_other_in_a_lane_are_equally_wide():
    scene = cnnref.table("resnet50").draw("conv3_2").wide
    assert len({box.width for box in scene.boxes if box.kind == "conv"}) == 1
    narrow = block_scene(cnnref.table("googlenet"), range(10, 24), 326, size=11.5)
    for arrow in narrow.arrows:
        source, target = narrow.boxes[arrow.source], narrow.boxes[arrow.target]
        if {source.kind, target.kind} <= {"conv", "pool"}:
            assert source.width == target.width


def test_where_boxes_stand_in_a_column_each_arrow_that_passes_some_has_a_lane():
    net = cnnref.Net((8, 8, 8))
    maps = [net.input]
    for _ in range(4):
        x = net.concat(*maps) if len(maps) > 1 else maps[0]
        maps.append(net.conv(x, 4, 1))
    net.concat(*maps)
    table = net.table()
    scene = block_scene(table, range(len(table)), 700)
    sound(scene)
    assert len({box.middle[0] for box in scene.boxes}) == 1
    assert len({b.y - a.bottom for a, b in pairwise(scene.boxes)}) == 1
    passing = [arrow for arrow in scene.arrows if len(arrow.points) == 4]
    assert len(passing) == len(scene.arrows) - len(scene.boxes) + 1
    widest = max(box.right for box in scene.boxes)
    lanes = sorted({arrow.points[1][0] for arrow in passing})
    assert even(lanes)
    assert lanes[0] - widest >= lanes[1] - lanes[0] > scene.head
    for number, box in enumerate(scene.boxes):
        at = [arrow.points[-1][1] for arrow in passing if arrow.target == number]
        out = [arrow.points[0][1] for arrow in passing if arrow.source == number]
        # in above out, each as far from the next as from the corners
        assert even([box.y, *sorted(at), *sorted(out), box.bottom])
        lane = {
            arrow.points[0][1]: arrow.points[1][0] for arrow in passing if arrow.source == number
        }
        assert [lane[y] for y in sorted(lane)] == sorted(lane.values())
    for arrow in passing:
        crossing = [
            one for one in passing
            if one.points[1][0] == arrow.points[1][0] and one is not arrow
        ]  # fmt: skip
        low, high = arrow.points[1][1], arrow.points[2][1]
        assert all(one.points[2][1] < low or one.points[1][1] > high for one in crossing)
        # shorter ones are nearer to the boxes
        inside = [
            one for one in passing
            if arrow.source < one.source and one.target < arrow.target
        ]  # fmt: skip
        assert all(one.points[1][0] < arrow.points[1][0] for one in inside)


STACKS = [("alexnet", "vgg16"), ("plain34", "resnet34"), ("vgg11", "vgg13_bn", "vgg19")]


@pytest.mark.parametrize("names", STACKS)
@pytest.mark.parametrize("width", [700, 326])
def test_a_stack_is_a_column_below_its_title_with_a_lane_for_its_shortcuts(names, width):
    networks = [(name, cnnref.table(name)) for name in names]
    scene = stacks_scene(networks, width, 12)
    sound(scene)
    assert scene.width <= width
    starts = [n for n, box in enumerate(scene.boxes) if box.kind == "end"]
    columns = [scene.boxes[a:b] for a, b in pairwise([*starts, len(scene.boxes)])]
    assert len(columns) == len(names)
    assert len({box.width for box in scene.boxes}) == 1
    assert even([column[0].x for column in columns])
    assert 0.6 <= scene.boxes[0].x < 4
    for name, column in zip(names, columns, strict=True):
        assert len({box.x for box in column}) == 1
        (title,) = [text for text in scene.texts if text.text == name]
        assert (title.strong, title.faint, title.halo) == (True, False, False)
        assert (title.anchor, title.x) == ("middle", column[0].middle[0])
        assert title.y + 0.25 * scene.size < column[0].y
    titles = {text.y for text in scene.texts if text.strong}
    assert len(titles) == 1
    nexts = [column[0].x for column in columns[1:]] + [scene.width]
    for column, beside in zip(columns, nexts, strict=True):
        shortcuts = [
            arrow for arrow in scene.arrows
            if scene.boxes[arrow.source] in column and len(arrow.points) == 4
        ]  # fmt: skip
        for arrow in shortcuts:
            source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
            (x, start), (outer, a), (same, b), (end_x, end) = arrow.points
            assert (x, end_x, outer, start, end) == (source.right, target.right, same, a, b)
            assert column[0].right + 2 * scene.head < outer < beside
            assert source.middle[1] < start < source.bottom
            assert target.y < end < target.middle[1]
        if shortcuts:
            assert beside - column[0].right > 15
        for arrow in scene.arrows:
            if len(arrow.points) == 2 and scene.boxes[arrow.source] in column:
                source, target = scene.boxes[arrow.source], scene.boxes[arrow.target]
                middle = source.middle[0]
                assert arrow.points == ((middle, source.bottom), (middle, target.y))
                assert target.y - source.bottom > 2 * scene.head
    for box in scene.boxes:
        assert box.height >= 1.3 * scene.size * len(box.lines) + 2
    levels = sorted({(box.y, box.bottom) for box in scene.boxes})
    assert all(a[1] < b[0] for a, b in pairwise(levels))


def test_the_name_of_a_stage_stands_at_the_left_above_its_first_boxes():
    table = cnnref.table("vgg16")
    scene = stacks([("VGG-16", table)]).wide
    marks = [text for text in scene.texts if text.halo]
    assert [text.text for text in marks] == list(table.group("stage"))
    for mark in marks:
        assert (mark.faint, mark.strong) == (True, False)
        assert (mark.anchor, mark.x) == ("start", scene.boxes[0].x)
        below = next(box for box in scene.boxes if box.y > mark.y)
        assert table[below.rows[0]].stage == mark.text
        above = [box.bottom for box in scene.boxes if box.y < mark.y]
        assert max(above) < mark.y - 0.75 * scene.size
        assert mark.y + 2 < below.y < mark.y + 12


@pytest.mark.parametrize("number", [4, 6, 9])
def test_words_of_a_stack_are_short_only_where_the_long_ones_do_not_fit(number):
    table = cnnref.table("alexnet")
    wide, tight = (stacks_scene([("a", table)] * n, 700, 12) for n in (1, number))
    full = [line.text for box in wide.boxes for line in box.lines]
    assert full[:2] == ["3 × 224 × 224", "11×11 conv, 64, stride 4"]
    assert full[-1] == "fc 1000"
    brief = {
        full[0]: "224×224",
        full[1]: "11×11, 64, /4",
        "3×3 max pool, stride 2": "3×3 max pool, /2",
    }
    brief["average pool to 6×6"] = "avg pool to 6×6"
    for long, box in zip(full, tight.boxes, strict=False):
        room = box.width - 4
        short = brief.get(long, long.replace(" conv", ""))
        told = [line.text for line in box.lines]
        if text_width(long, 12) <= room:
            assert told == [long]
        elif text_width(short, 12) <= room:
            assert told == [short]
        else:
            assert "".join(told) == short.replace(" ", "") or " ".join(told) == short


def test_a_vector_has_no_shorter_name_than_its_length():
    net = cnnref.Net((1234567,))
    net.linear(net.input, 2)
    scene = stacks_scene([("a", net.table())] * 14, 700, 12)
    assert [line.text for line in scene.boxes[0].lines] == ["1234567"]


def test_what_joins_otherwise_than_by_a_sum_or_is_read_by_nothing_is_no_stack():
    appended, unread = cnnref.Net((4, 8, 8), name="appended"), cnnref.Net((4, 8, 8), name="unread")
    x = appended.conv(appended.input, 4, 3, padding=1, name="first")
    appended.concat(x, appended.conv(x, 4, 3, padding=1, name="second"), name="both")
    x = unread.conv(unread.input, 4, 1, name="first")
    unread.conv(x, 4, 1, name="aside")
    unread.conv(x, 4, 1, name="last")
    for net, left in ((appended, "both"), (unread, "aside")):
        with pytest.raises(cnnref.CnnrefError, match=f"{net.name}: {left} is neither on the long"):
            stacks([("A", net.table())])


@pytest.mark.parametrize("width", [700, 326])
def test_fields_stand_in_even_panels_with_their_words_below(width):
    table = cnnref.table("resnet50", input_size=(224, 160))
    scene = fields_scene(table, width, 13)
    assert not any(text.halo for text in scene.texts)
    assert list(collisions(scene)) == spilled(scene) == []
    images, fields = scene.boxes[::2], scene.boxes[1::2]
    assert len({(box.width, box.height) for box in images}) == 1
    # what sees the whole image and has no place in it is not drawn
    maps = {row.stage for row in table if max(row.out_shape.size, default=1) > 1}
    last = {row.stage: row.out_shape.size for row in table}
    shown = [name for name in last if name in maps and last[name] and max(last[name]) > 1]
    assert [box.words.partition(":")[0] for box in fields] == shown
    assert images[0].width / images[0].height == pytest.approx(160 / 224)
    xs = sorted({box.middle[0] for box in images})
    assert even(xs)
    assert xs[0] == pytest.approx(scene.width - xs[-1])
    assert len(xs) == min(len(images), width // 110)
    levels = {round(box.middle[1], 3) for box in images}
    assert len(levels) == -(-len(images) // len(xs))
    panel = max(max(box.width, box.height) for box in scene.boxes)
    assert xs[1] - xs[0] > panel + 8
    known = table.receptive_fields()
    texts = [list(run) for _, run in groupby(scene.texts, key=lambda text: (text.x, text.y > 0))]
    for box, words in zip(fields, texts, strict=True):
        row = known[box.rows[-1]]
        name, size, jump = words
        assert (name.strong, name.faint, size.faint, jump.faint) == (True, False, False, True)
        assert not size.strong
        assert not jump.strong
        assert name.text == box.words.split(":")[0]
        assert size.text == "×".join(map(str, row.field))
        assert jump.text == "jump " + "×".join(map(str, row.jump))
        assert [text.x for text in words] == pytest.approx([box.middle[0]] * 3)
        assert 12 < name.y - box.middle[1] - panel / 2 < 26
    assert scene.height - max(text.y for text in scene.texts) > 4
    assert min(box.y for box in scene.boxes) > 0


@pytest.mark.parametrize(("side", "kernel"), [(40, 5), (6, 5)])
def test_fields_are_as_large_as_the_room_of_their_panel_allows(side, kernel):
    net = cnnref.Net((3, side, side))
    with net.stage("a"):
        x = net.conv(net.input, 4, kernel, padding=2)
    with net.stage("b"):
        net.conv(x, 4, kernel, padding=2)
    scene = fields_scene(net.table(), 326, 12)
    image, first, _, last = scene.boxes
    room = scene.width / 2 - 8
    # whichever is the largest, the image or the last field, nearly fills it
    assert room - 14 < max(image.width, last.width) < room
    assert [box.width / image.width for box in (first, last)] == pytest.approx([5 / side, 9 / side])


@pytest.mark.parametrize(("dx", "dy"), [(20, 0), (-20, 0), (0, 30), (0, -30)])
def test_boxes_may_touch_but_not_lie_on_each_other_nor_on_an_arrow(dx, dy):
    box = Box("conv", (0,), (), "one", 100, 100, 20, 30)
    other = box._replace(words="two", x=box.x + dx, y=box.y + dy)
    scene = Scene((box, other), (), (), 200, 200)
    assert list(faults(scene)) == []
    near = other._replace(x=other.x - dx / 100, y=other.y - dy / 100)
    assert len(list(faults(scene._replace(boxes=(box, near))))) == 1
    side = ((box.x, box.y), (box.x, box.bottom)) if dx else ((box.x, box.y), (box.right, box.y))
    passing = Arrow(1, 1, (), side)
    assert list(faults(scene._replace(arrows=(passing,)))) == []
    inner = tuple((x + (dx != 0), y + (dy != 0)) for x, y in side)
    (fault,) = faults(scene._replace(arrows=(passing._replace(points=inner),)))
    assert fault == "an arrow would run through the box 'one'"


def test_shortcuts_that_follow_each_other_share_a_lane_and_those_that_meet_do_not():
    table = cnnref.table("resnet34")
    rows = [number for number, row in enumerate(table) if row.stage == "conv2"]
    nodes = graph(table, rows, fold=True)
    _, routes = in_column(nodes, [Size(100, 30)] * len(nodes.nodes), 10)
    lanes = [route[1][0] for route in routes if len(route) == 4]
    assert len(lanes) == 3
    assert len(set(lanes)) == 1
    ends = [edge for edge, route in zip(nodes.edges, routes, strict=True) if len(route) == 4]
    inner = Edge(ends[0].target, ends[1].source + 1, (0, 1))
    _, routes = in_column(nodes._replace(edges=(*nodes.edges, inner)), [Size(9, 9)] * 99, 10)
    assert len({route[1][0] for route in routes if len(route) == 4}) == 2


def test_words_of_a_stack_may_be_as_wide_as_their_box_between_its_margins():
    table = cnnref.table("alexnet")
    stack = _Stack("a", table, chain(table), (), norms=False)
    for number, full, short in (
        (0, "3 × 224 × 224", "224×224"),
        (1, "11×11 conv, 64, stride 4", "11×11, 64, /4"),
    ):
        whole = text_width(full, 12) + PADS
        assert _lines(stack, number, whole, 12) == [full]
        assert _lines(stack, number, whole - 0.01, 12) == [short]
        assert _lines(stack, number, text_width(short, 12) + PADS, 12) == [short]


def test_layers_of_a_stage_begin_at_its_top_and_its_last_pooling_ends_it():
    pair = [(name, cnnref.table(name)) for name in ("vgg11", "vgg19")]
    scene = stacks(pair).wide
    starts = [n for n, box in enumerate(scene.boxes) if box.kind == "end"]
    columns = [scene.boxes[: starts[1]], scene.boxes[starts[1] :]]
    for stage in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        short, long = (
            [box for box in column[1:] if table[box.rows[0]].stage == stage]
            for column, (_, table) in zip(columns, pair, strict=True)
        )
        assert [box.y for box in short[:-1]] == [box.y for box in long[: len(short) - 1]]
        assert short[-1].kind == long[-1].kind == "pool"
        assert short[-1].y == long[-1].y


def test_a_shortcut_says_that_it_changes_nothing_where_it_goes_round_something():
    net = cnnref.Net((4, 8, 8))
    with net.block("plain"):
        x = net.conv(net.input, 4, 1)
        net.add(net.conv(x, 4, 1), x)
    with net.block("apart"):
        net.add(net.conv(net.input, 4, 1), net.conv(net.input, 4, 1))
    with net.block("twice"):
        net.add(net.input, net.input)
    with net.block("joined"):
        x = net.conv(net.input, 4, 1)
        net.concat(net.conv(x, 4, 1), x)
    table = net.table()
    labels = {
        name: [arrow.label for arrow in table.draw(name).wide.arrows if arrow.label]
        for name in ("plain", "apart", "twice", "joined")
    }
    assert labels == {"plain": ["identity"], "apart": [], "twice": [], "joined": []}
    # where all boxes stand in a column nothing is written on an arrow
    rows = block_rows(table, "plain")
    column = _scene(graph(table, rows, fold=True), table, 200, _Air(9, 14), 13, column=True)
    assert not any(arrow.label for arrow in column.arrows)
