"""Whole scenes of small networks, each place in them worked out by hand.

A line of text is 1.3 times its size high; what is small has 11 of 12.
"""

from __future__ import annotations

import cnnref
from cnnref.drawing import stacks
from cnnref.drawing.block import block_scene
from cnnref.drawing.column import in_column
from cnnref.drawing.fields import fields_scene
from cnnref.drawing.graph import graph
from cnnref.drawing.labels import text_width
from cnnref.drawing.lanes import Size
from cnnref.drawing.scene import Scene
from cnnref.drawing.stack import stacks_scene
from cnnref.drawing.strip import across_scene, down_scene
from cnnref.tables.table import Table


def placed(scene: Scene) -> list[tuple[float, ...]]:
    """Where each box stands, and how wide and how high it is."""
    return [
        tuple(round(side, 2) for side in (box.x, box.y, box.width, box.height))
        for box in scene.boxes
    ]


def led(scene: Scene) -> list[tuple[int, int, tuple[tuple[float, float], ...]]]:
    """From which box to which each arrow leads, and by which points."""
    return [
        (arrow.source, arrow.target, tuple((round(x, 2), round(y, 2)) for x, y in arrow.points))
        for arrow in scene.arrows
    ]


def written(scene: Scene) -> list[tuple[str, float, float]]:
    return [(text.text, round(text.x, 2), round(text.y, 2)) for text in scene.texts]


def passed() -> Table:
    """Three stages, the last of which reads the first, too."""
    net = cnnref.Net((2, 32, 16), name="tiny")
    with net.stage("one"):
        a = net.conv(net.input, 4, 3, padding=1, name="a")
    with net.stage("two"):
        b = net.conv(a, 8, 3, stride=2, padding=1, name="b")
    with net.stage("three"):
        net.linear(net.concat(net.flatten(b), net.flatten(a)), 16, name="c")
    return net.table()


# channels of 2, 4, 8 and 16 take 9 and 4.5 for each doubling; the map of 32 takes 104
WIDE = [(43.25, 14, 13.5, 104), (141, 14, 18, 104), (238.75, 40, 22.5, 52), (336.5, 64, 27, 4)]


def test_a_strip_on_one_line() -> None:
    scene = across_scene(passed(), 400, 12)
    assert placed(scene) == WIDE
    assert led(scene) == [
        (0, 1, ((56.75, 66), (141, 66))),
        (1, 2, ((159, 66), (238.75, 66))),
        # above the highest of the line
        (1, 3, ((150, 14), (150, 7), (350, 7), (350, 64))),
        (2, 3, ((261.25, 66), (336.5, 66))),
    ]
    assert written(scene) == [
        ("input", 50, 139.6), ("2×32×16", 50, 155.2),
        ("one", 150, 139.6), ("4×32×16", 150, 155.2), ("3×3 conv, 4", 150, 169.5),
        ("two", 250, 139.6), ("8×16×8", 250, 155.2),
        ("3×3 conv, 8,", 250, 169.5), ("stride 2", 250, 183.8),
        ("three", 350, 139.6), ("16", 350, 155.2), ("fc 16", 350, 169.5),
    ]  # fmt: skip
    assert (scene.width, round(scene.height, 2), scene.head) == (400, 190.8, 3.6)


def test_a_strip_on_two_lines() -> None:
    scene = across_scene(passed(), 250, 12)
    assert placed(scene) == [
        (55.75, 14, 13.5, 104), (178.5, 14, 18, 104), (51.25, 197.5, 22.5, 52),
        (174, 221.5, 27, 4),
    ]  # fmt: skip
    assert led(scene) == [
        (0, 1, ((69.25, 66), (178.5, 66))),
        (1, 2, ((196.5, 66), (250, 66), (250, 190.5), (62.5, 190.5), (62.5, 197.5))),
        # what is not for the next leaves lower and arrives higher
        (1, 3, ((196.5, 71), (250, 71), (250, 185.5), (187.5, 185.5), (187.5, 221.5))),
        (2, 3, ((73.75, 223.5), (174, 223.5))),
    ]
    assert [y for _, x, y in written(scene) if x == 62.5] == [
        139.6, 155.2, 271.1, 286.7, 301, 315.3
    ]  # fmt: skip
    assert (scene.width, round(scene.height, 2)) == (250, 322.3)


def test_a_strip_for_a_phone() -> None:
    scene = down_scene(passed(), 326, 12)
    assert placed(scene) == [
        (9, 13.35, 104, 13.5), (9, 68.45, 104, 18), (35, 130.7, 52, 22.5), (59, 192.95, 4, 27),
    ]  # fmt: skip
    assert led(scene) == [
        (0, 1, ((61, 26.85), (61, 68.45))),
        (1, 2, ((61, 86.45), (61, 130.7))),
        (1, 3, ((9, 81.45), (1, 81.45), (1, 206.45), (59, 206.45))),
        (2, 3, ((61, 153.2), (61, 192.95))),
    ]
    assert written(scene) == [
        ("input", 125, 17.6), ("2 × 32 × 16", 125, 33.2),
        ("one", 125, 67.8), ("4 × 32 × 16", 125, 83.4), ("3×3 conv, 4", 125, 97.7),
        ("two", 125, 132.3), ("8 × 16 × 8", 125, 147.9), ("3×3 conv, 8, stride 2", 125, 162.2),
        ("three", 125, 196.8), ("16", 125, 212.4), ("fc 16", 125, 226.7),
    ]  # fmt: skip
    assert (scene.width, round(scene.height, 2)) == (326, 233.7)
    # words that end a pixel before the edge stand on one line
    whole = 125 + text_width("3×3 conv, 8, stride 2", 11) + 1.01
    for width, lines in (
        (whole, ["3×3 conv, 8, stride 2"]),
        (whole - 0.1, ["3×3 conv, 8,", "stride 2"]),
    ):
        narrow = down_scene(passed(), width, 12)
        assert [text.text for text in narrow.texts if text.faint][1:-1] == lines
        assert narrow.width == width


def test_words_beside_a_higher_box_stand_at_its_middle() -> None:
    net = cnnref.Net((2, 8, 8), name="tiny")
    with net.stage("one"):
        net.conv(net.input, 2**16, 1)
    scene = down_scene(net.table(), 326, 12)
    # sixteen doublings of channels take 72 and 9, three lines of words 45.5 and 5
    assert placed(scene)[1][1::2] == (52.2, 81)
    assert [y for _, _, y in written(scene)[2:]] == [83.05, 98.65, 112.95]


def test_what_leaves_a_small_box_does_so_within_its_side() -> None:
    net = cnnref.Net((2, 8, 8), name="tiny")
    with net.stage("one"):
        a = net.conv(net.input, 4, 3, padding=1)
    with net.stage("two"):
        b = net.flatten(net.conv(a, 4, 8))
    with net.stage("three"):
        c = net.linear(b, 16)
    with net.stage("four"):
        net.linear(net.concat(b, c, net.flatten(net.input)), 4)
    table = net.table()
    # a map of one pixel takes 13, a third of which is less than five
    points = {(source, target): way for source, target, way in led(across_scene(table, 300, 12))}
    assert points[2, 3] == ((259, 66), (300, 66), (300, 190.5), (50, 190.5), (50, 197.5))
    assert points[2, 4] == (
        (259, 70.33), (300, 70.33), (300, 185.5), (150, 185.5), (150, 197.5)
    )  # fmt: skip
    # on a phone each lane leaves four lower than the one before it, or at two thirds of its box
    scene = down_scene(table, 326, 12)
    ways = {(source, target): way for source, target, way in led(scene)}
    below = [way[0][1] - scene.boxes[number].middle[1] for (number, _), way in ways.items()
             if len(way) == 4]  # fmt: skip
    assert [round(one, 2) for one in below] == [4, 6]
    assert [way[1][0] for way in ways.values() if len(way) == 4] == [1, 9]


def shortcut() -> Table:
    """A stage with a shortcut round its second convolution, and one that begins with a pooling."""
    net = cnnref.Net((2, 32, 16), name="tiny")
    with net.stage("one"):
        a = net.conv(net.input, 4, 3, padding=1, name="a")
        b = net.relu(net.add(net.conv(a, 4, 3, padding=1), a))
    with net.stage("two"):
        net.conv(net.max_pool(b, 2, stride=2), 8, 1, name="b")
    return net.table()


COLUMN = [(19.6, 19.6), (69.2, 19.6), (98.8, 19.6), (148.4, 19.6), (178, 19.6)]


def test_two_stacks() -> None:
    scene = stacks_scene([("First", shortcut()), ("Second", shortcut())], 326, 12)
    # each takes half of 318, without the lane of its shortcuts
    assert placed(scene) == [(x, y, 144, high) for x in (1, 166) for y, high in COLUMN]
    assert led(scene)[:5] == [
        (0, 1, ((73, 39.2), (73, 69.2))),
        (1, 2, ((73, 88.8), (73, 98.8))),
        (1, 2, ((145, 83), (157, 83), (157, 104.6), (145, 104.6))),
        (2, 3, ((73, 118.4), (73, 148.4))),
        (3, 4, ((73, 168), (73, 178))),
    ]
    assert led(scene)[7][2] == ((310, 83), (322, 83), (322, 104.6), (310, 104.6))
    assert written(scene) == [
        ("one", 1, 62.2), ("two", 1, 141.4), ("First", 73, 12), ("Second", 238, 12)
    ]  # fmt: skip
    assert (scene.width, round(scene.height, 2), scene.head) == (326, 199.6, 3.2)


def test_stacks_without_shortcuts_have_no_lane_for_them() -> None:
    net = cnnref.Net((2, 32, 16), name="plain")
    with net.stage("one"):
        net.conv(net.conv(net.input, 4, 3, name="a"), 4, 3, name="b")
    # each takes half of 318
    for width, each in ((326, 159), (400, 168)):
        scene = stacks_scene([("First", net.table()), ("Second", net.table())], width, 12)
        assert [(box.x, box.width) for box in scene.boxes] == [
            *[(1, each)] * 3, *[(each + 7, each)] * 3
        ]  # fmt: skip
        assert scene.width == 2 * each + 8


def test_a_title_on_two_lines_moves_all_boxes_down() -> None:
    long = "A title that is longer than its column is wide"
    scene = stacks_scene([(long, shortcut()), ("Second", shortcut())], 326, 12)
    heads = [(text.text, text.y) for text in scene.texts if text.strong]
    many = len(heads) - 1
    assert many > 1
    assert [round(y, 2) for _, y in heads[:many]] == [
        round(12 + 15.6 * line, 2) for line in range(many)
    ]
    assert " ".join(text for text, _ in heads[:many]) == long
    assert [round(box.y - 15.6 * (many - 1), 2) for box in scene.boxes[:5]] == [
        top for top, _ in COLUMN
    ]


def test_fields_of_two_stages() -> None:
    scene = fields_scene(shortcut(), 326, 12)
    # the image of 32 takes 96, so that a pixel takes three
    assert placed(scene) == [
        (31, 2, 48, 96), (47.5, 42.5, 15, 15), (141, 2, 48, 96), (156, 41, 18, 18),
    ]  # fmt: skip
    assert written(scene) == [
        ("one", 55, 117.6), ("5×5", 55, 133.2), ("jump 1×1", 55, 147.5),
        ("two", 165, 117.6), ("6×6", 165, 133.2), ("jump 2×2", 165, 147.5),
    ]  # fmt: skip
    assert [box.words for box in scene.boxes] == [
        "", "one: 5×5 pixels, outputs 1×1 apart", "", "two: 6×6 pixels, outputs 2×2 apart",
    ]  # fmt: skip
    assert (scene.width, round(scene.height, 2)) == (220, 161.5)


def test_maps_of_two_pixels_have_a_field_and_those_of_one_have_none() -> None:
    net = cnnref.Net((2, 8, 8), name="tiny")
    with net.stage("one"):
        x = net.conv(net.input, 4, 3, stride=4, padding=1)
    with net.stage("two"):
        x = net.max_pool(x, 2)
    with net.stage("three"):
        net.linear(net.flatten(x), 3)
    scene = fields_scene(net.table(), 326, 12)
    assert [box.words for box in scene.boxes[1::2]] == ["one: 3×3 pixels, outputs 4×4 apart"]


def test_a_block_of_two_branches() -> None:
    net = cnnref.Net((4, 8, 8))
    x = net.conv(net.input, 4, 1)
    y = net.relu(net.conv(x, 8, 3, padding=1))
    net.concat(y, net.max_pool(x, 3, stride=1, padding=1))
    table = net.table()
    scene = block_scene(table, range(len(table)), 326, size=12)
    assert placed(scene) == [
        (53, 2, 116, 28), (2, 54, 218, 30), (2, 108, 97, 44), (113, 108, 107, 44),
        (2, 176, 218, 30), (45.5, 230, 131, 28),
    ]  # fmt: skip
    assert led(scene) == [
        (0, 1, ((111, 30), (111, 54))),
        (1, 2, ((50.5, 84), (50.5, 108))),
        (1, 3, ((166.5, 84), (166.5, 108))),
        (2, 4, ((50.5, 152), (50.5, 176))),
        (3, 4, ((166.5, 152), (166.5, 176))),
        (4, 5, ((111, 206), (111, 230))),
    ]
    assert (scene.width, scene.height) == (222, 260)
    assert [[line.text for line in box.lines] for box in scene.boxes] == [
        ["input 4 × 8 × 8"], ["1×1 conv, 4"], ["3×3 conv, 8", "ReLU"], ["3×3 max pool"],
        ["concat, 12 channels"], ["output 12 × 8 × 8"],
    ]  # fmt: skip


def test_a_part_of_a_network_names_the_maps_that_it_is_given_and_hands_on() -> None:
    net = cnnref.Net((4, 8, 8))
    x = net.conv(net.input, 6, 1)
    y = net.conv(x, 7, 1)
    net.concat(net.conv(y, 2, 1), x, net.input)
    table = net.table()
    for rows, ends in (
        ((0,), ["input 4 × 8 × 8", "output 6 × 8 × 8"]),
        ((1,), ["input 6 × 8 × 8", "output 7 × 8 × 8"]),
        ((2,), ["input 7 × 8 × 8", "output 2 × 8 × 8"]),
        ((3,), ["input 4 × 8 × 8", "input 6 × 8 × 8", "input 2 × 8 × 8", "output 12 × 8 × 8"]),
    ):
        boxes = block_scene(table, rows, 700).boxes
        assert [box.words for box in boxes if box.kind == "end"] == ends


def test_a_block_with_a_shortcut() -> None:
    net = cnnref.Net((4, 8, 8))
    x = net.conv(net.input, 4, 1)
    net.add(net.conv(x, 4, 3, padding=1), x)
    table = net.table()
    scene = block_scene(table, range(len(table)), 326, size=12)
    assert placed(scene) == [
        (39, 2, 116, 28), (2, 54, 190, 30), (15.5, 108, 97, 30), (51, 162, 26, 26),
        (2, 212, 124, 28),
    ]  # fmt: skip
    assert led(scene) == [
        (0, 1, ((97, 30), (97, 54))),
        (1, 2, ((64, 84), (64, 108))),
        (2, 3, ((64, 138), (64, 162))),
        (1, 3, ((166, 84), (166, 175), (77, 175))),
        (3, 4, ((64, 188), (64, 212))),
    ]
    assert [arrow.label for arrow in scene.arrows] == ["", "", "", "identity", ""]
    assert (scene.width, scene.height) == (194, 242)


def test_what_comes_into_a_box_of_a_column_and_what_leaves_it_have_two_lanes() -> None:
    net = cnnref.Net((4, 8, 8))
    x = net.conv(net.input, 4, 1)
    y = net.add(net.conv(x, 4, 1), x)
    net.add(net.conv(y, 4, 1), y)
    drawn = graph(net.table(), range(5), fold=True)
    places, routes = in_column(drawn, [Size(100, 30)] * len(drawn.nodes), 10)
    assert [place.y for place in places] == [54 * number for number in range(len(places))]
    ways = [route for route in routes if len(route) == 4]
    # ten and then eight and a half further to the right; at thirds of a side where two are
    assert ways == [
        ((100, 69), (110, 69), (110, 172), (100, 172)),
        ((100, 182), (118.5, 182), (118.5, 285), (100, 285)),
    ]


def test_text_is_smaller_on_a_phone() -> None:
    table = cnnref.table("googlenet")
    assert [scene.size for scene in table.draw("3a")[2:]] == [13, 11.5]
    assert [scene.size for scene in table.draw()[2:]] == [13, 12]
    pair = stacks([(name, cnnref.table(name)) for name in ("alexnet", "vgg16")])
    assert [scene.size for scene in pair[2:]] == [12.5, 11]
    assert [scene.width <= width for scene, width in zip(pair[2:], (700, 326), strict=True)] == [
        True, True
    ]  # fmt: skip
