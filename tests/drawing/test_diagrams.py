"""Drawings: every row and every edge of a table is there once, and nothing lies on anything."""

import re
from collections import Counter
from functools import cache
from itertools import combinations, pairwise, product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnref
from cnnref import drawing as diagrams
from cnnref.drawing.block import block_scene
from cnnref.drawing.labels import text_width, wrap
from cnnref.drawing.scene import Arrow, Box, faint_size, faults
from cnnref.drawing.stack import stacks_scene
from cnnref.drawing.strip import LEAST, across_scene
from cnnref.drawing.svg import LIGHT, standalone, to_svg
from website.lessons import naive_inception

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
CHAINS = ["alexnet", "zfnet", "vgg11", "vgg19_bn", "nin", "plain34", "resnet34", "resnet18_a"]
CHAINS += ["resnet50", "preact_resnet18", "preact_resnet50"]


def shapes_of(part):
    """What a block looks like: one of each look is drawn."""
    return tuple((layer.op, layer.window and layer.window[:2], len(layer.inputs)) for layer in part)


@cache
def blocks():
    """(network, block) of every block of the catalogue that looks like no earlier one."""
    found = {}
    for name in cnnref.names():
        for block, part in cnnref.table(name).group("block").items():
            if block:
                found.setdefault(shapes_of(part), (name, block))
    return list(found.values())


@cache
def scenes(name, block, table=None):
    table = table or cnnref.table(name)
    rows = diagrams.block_rows(table, block)
    return [
        (block_scene(table, rows, width, fold=fold, size=size), table, rows, fold)
        for width, size in diagrams.SIZES.items()
        for fold in (True, False)
    ]


def lost_edges(scene, table, rows):
    """Edges into, inside and out of some rows that are not drawn exactly once."""
    wanted = Counter((source, row) for row in rows for source in table[row].inputs)
    readers = [source for layer in table for source in layer.inputs]
    for row in rows:
        outside = readers.count(row) - wanted_from(wanted, row)
        if outside or row not in readers:
            wanted[row, None] += 1
    drawn = Counter(edge for arrow in scene.arrows for edge in arrow.edges)
    for box in scene.boxes:
        drawn.update(edge for edge in pairwise(box.rows) if edge[0] in table[edge[1]].inputs)
    return (wanted - drawn) + (drawn - wanted)


def wanted_from(wanted, row):
    return sum(count for (source, _), count in wanted.items() if source == row)


def lost_rows(scene, rows):
    """Rows that are not in exactly one box, or on one arrow."""
    drawn = Counter(row for box in scene.boxes if box.kind != "end" for row in box.rows)
    drawn.update(row for arrow in scene.arrows for row in arrow.rows)
    wanted = Counter(rows)
    return (wanted - drawn) + (drawn - wanted)


def touches(box, point):
    """Whether a point lies on a side of a box."""
    x, y = point
    across = box.x - 0.01 <= x <= box.right + 0.01
    down = box.y - 0.01 <= y <= box.bottom + 0.01
    on = min(abs(x - box.x), abs(x - box.right), abs(y - box.y), abs(y - box.bottom)) < 0.01
    return across and down and on


def loose_ends(scene):
    """Arrows that do not begin and end at their boxes."""
    ends = [(arrow, scene.boxes[arrow.source], scene.boxes[arrow.target]) for arrow in scene.arrows]
    return [a for a, s, t in ends if not (touches(s, a.points[0]) and touches(t, a.points[-1]))]


def areas(scene):
    """What each text takes, as a box; not of those that interrupt what they lie on."""
    for text in scene.texts:
        size = faint_size(scene.size) if text.faint else scene.size
        width = text_width(text.text, size * (1.08 if text.strong else 1))
        x = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        if not text.halo:
            yield Box("other", (), (), text.text, x, text.y - 0.75 * size, width, size)


def collisions(scene):
    """Texts that lie on each other, on boxes or on arrows, and arrows on those of other boxes."""
    texts = list(areas(scene))
    boxes = [box for box in scene.boxes if box.words]
    yield from faults(scene._replace(boxes=(*boxes, *texts), arrows=()))
    ends = Arrow(-1, -1, (), ())
    arrows = [ends._replace(points=arrow.points) for arrow in scene.arrows]
    yield from faults(scene._replace(boxes=tuple(texts), arrows=tuple(arrows)))
    for one, two in combinations(scene.arrows, 2):
        if one.source != two.source and one.target != two.target:
            yield from (f"{one} runs along {two}" for _ in along(one.points, two.points))


def along(one, two):
    """Stretches of two lines that lie on each other."""
    for (a, b), (c, d) in product(pairwise(one), pairwise(two)):
        for level, way in ((0, 1), (1, 0)):
            if a[level] == b[level] == pytest.approx(c[level]) == d[level]:
                low, high = (
                    max(min(a[way], b[way]), min(c[way], d[way])),
                    min(max(a[way], b[way]), max(c[way], d[way])),
                )
                if low + 0.01 < high:
                    yield low, high


def spilled(scene):
    """Texts that may be wider than their box, or leave the drawing."""
    wide = [
        line.text
        for box in scene.boxes
        for line in box.lines
        if text_width(line.text, faint_size(scene.size) if line.faint else scene.size) > box.width
    ]
    for text in scene.texts:
        width = text_width(text.text, faint_size(scene.size) if text.faint else scene.size)
        start = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        if start < -1 or start + width > scene.width + 1:
            wide.append(text.text)
    return wide


def sound(scene):
    assert list(faults(scene)) == list(collisions(scene)) == []
    assert loose_ends(scene) == []
    assert spilled(scene) == []
    # a dashed arrow goes through rows that have no box
    assert all(bool(arrow.rows) == arrow.dashed for arrow in scene.arrows)
    for box in scene.boxes:
        assert 0 <= box.x <= box.right <= scene.width
        assert 0 <= box.y <= box.bottom <= scene.height
    for arrow in scene.arrows:
        for (a, b), (c, d) in pairwise(arrow.points):
            assert a == pytest.approx(c) or b == pytest.approx(d)  # along an axis
        # the head has room on the last stretch
        assert abs(c - a) + abs(d - b) >= 1.6 * scene.head


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnref.names())
def test_a_block_is_drawn_row_by_row_and_edge_by_edge(name):
    for place in blocks():
        if place[0] != name:
            continue
        for scene, table, rows, fold in scenes(*place):
            assert lost_edges(scene, table, rows) == Counter()
            assert lost_rows(scene, rows) == Counter()
            sound(scene)
            if not fold:
                assert all(len(box.rows) == 1 for box in scene.boxes)


@pytest.mark.slow
def test_a_block_fits_a_page_and_a_phone():
    assert len(blocks()) > 30
    for name, block in blocks():
        widest = [scene.width for scene, *_ in scenes(name, block)]
        assert max(widest) <= diagrams.WIDE
        assert max(widest[2:]) <= diagrams.NARROW


def test_boxes_stand_in_order_of_execution():
    for place in blocks():
        for scene, *_ in scenes(*place):
            rows = [box.rows for box in scene.boxes if box.kind != "end"]
            assert rows == sorted(rows)
            assert all(
                scene.boxes[arrow.source].bottom <= scene.boxes[arrow.target].bottom
                for arrow in scene.arrows
            )


def test_a_dropped_edge_is_seen():
    table = cnnref.table("googlenet")
    for scene, _, rows, _ in scenes("googlenet", "3a"):
        for number, arrow in enumerate(scene.arrows):
            short = scene._replace(arrows=scene.arrows[:number] + scene.arrows[number + 1 :])
            assert lost_edges(short, table, rows) == Counter(arrow.edges)


def test_an_edge_of_the_table_that_changes_is_seen():
    table = cnnref.table("resnet34")
    rows = diagrams.block_rows(table, "conv3_2")
    scene = block_scene(table, rows, 700)
    moved = table[rows[-2]]._replace(inputs=(table[rows[-2]].inputs[0], rows[0]))
    other = cnnref.Table(
        [*table[: rows[-2]], moved, *table[rows[-1] :]], name="x", input_shape=table.input_shape
    )
    assert sum(lost_edges(scene, other, rows).values()) >= 2


def test_faults_of_a_drawing_are_seen():
    scene = block_scene(cnnref.table("googlenet"), range(10, 24), 700)
    box, arrow = scene.boxes[2], scene.arrows[0]
    sideways = scene._replace(
        boxes=(*scene.boxes[:2], box._replace(x=box.x - 60), *scene.boxes[3:])
    )
    assert "lie on each other" in next(faults(sideways))
    through = arrow._replace(points=(arrow.points[0], (arrow.points[0][0], scene.height)))
    crossing = scene._replace(arrows=(through, *scene.arrows[1:]))
    assert "run through the box" in next(faults(crossing))
    assert loose_ends(crossing) == [through]
    assert lost_rows(scene._replace(boxes=scene.boxes[:-2]), range(10, 24)) == Counter([23])
    narrow = scene._replace(boxes=(box._replace(width=20), *scene.boxes[1:]))
    assert spilled(narrow) == [line.text for line in box.lines]


def test_a_map_may_be_added_to_itself():
    net = cnnref.Net((8, 8, 8))
    with net.block("twice"):
        x = net.conv(net.input, 8, 1)
        net.add(x, x)
    for scene, table, rows, _ in scenes("", "twice", net.table()):
        assert lost_edges(scene, table, rows) == Counter()
        sound(scene)


def test_a_block_is_found_by_the_end_of_its_name():
    table = cnnref.table("googlenet")
    assert diagrams.block_rows(table, "3a") == diagrams.block_rows(table, "inception_3a")
    with pytest.raises(cnnref.UnknownNameError, match="Unknown block of googlenet '3x'"):
        diagrams.block_rows(table, "3x")
    with pytest.raises(cnnref.UnknownNameError, match="Unknown block of vgg16 ''"):
        diagrams.block_rows(cnnref.table("vgg16"), "")


def test_the_naive_module_has_the_branches_of_the_papers_figure():
    table = cnnref.table("googlenet")
    book = naive_inception(table, "4a")
    convs = {layer.window.kernel: layer.out_shape[0] for layer in book if layer.op == "conv"}
    assert convs == {(1, 1): 192, (3, 3): 208, (5, 5): 48}
    assert book[-1].out_shape == (192 + 208 + 48 + 480, 14, 14)
    assert {layer.in_shape for layer in book if layer.op in ("conv", "max_pool")} == {(480, 14, 14)}
    normed = naive_inception(cnnref.table("googlenet_torchvision"), "4a")
    assert [layer.op for layer in normed][:3] == ["conv", "batch_norm", "relu"]
    assert sum(layer.counts.biases for layer in normed if layer.op == "conv") == 0
    with pytest.raises(cnnref.CnnrefError, match="conv3_1 is no inception module"):
        naive_inception(cnnref.table("resnet18"), "conv3_1")


def test_layers_that_append_their_maps_are_no_branches_of_a_module():
    strip = diagrams.strip(cnnref.table("densenet121")).wide
    words = " ".join(box.words for box in strip.boxes)
    for layers in (6, 12, 24, 16):
        assert f"dense layer × {layers}" in words
    assert "inception" not in words
    assert "two branches" not in words


@pytest.mark.parametrize("name", cnnref.names())
def test_a_strip_has_every_row_and_every_edge_between_stages(name):
    table = cnnref.table(name)
    drawing = diagrams.strip(table)
    for scene in (drawing.wide, drawing.narrow):
        home = {row: number for number, box in enumerate(scene.boxes) for row in box.rows}
        wanted = Counter(
            (source, row)
            for row, layer in enumerate(table)
            for source in layer.inputs
            if home[source] != home[row]
        )
        for box in scene.boxes[1:]:
            assert len({table[row].stage for row in box.rows}) == 1
        assert Counter(edge for arrow in scene.arrows for edge in arrow.edges) == wanted
        pairs = [(arrow.source, arrow.target) for arrow in scene.arrows]
        assert len(pairs) == len(set(pairs))
        rows = [row for box in scene.boxes for row in box.rows]
        assert sorted(rows) == list(range(-1, len(table)))
        for arrow in scene.arrows:
            for edge in arrow.edges:
                assert edge[0] in scene.boxes[arrow.source].rows
                assert edge[1] in scene.boxes[arrow.target].rows
        sound(scene)
    assert drawing.wide.width <= diagrams.WIDE
    assert drawing.narrow.width <= diagrams.NARROW


def test_a_strip_grows_with_the_map_and_the_channels():
    boxes = diagrams.strip(cnnref.table("vgg16")).wide.boxes
    heights, widths = [box.height for box in boxes], [box.width for box in boxes]
    # to scale: a map of half the side is half as high
    assert [round(heights[0] / height) for height in heights[:11]] == [
        1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 26,
    ]  # fmt: skip
    assert heights[10] == heights[-1] == LEAST
    assert widths[0] < widths[1] == widths[2] < widths[3] < widths[7] == widths[9]


def test_a_pooling_stands_by_itself_so_that_a_box_has_its_own_map():
    boxes = diagrams.strip(cnnref.table("alexnet", input_size=227)).wide.boxes
    assert [box.words.partition(", made")[0] for box in boxes[1:5]] == [
        "conv1, 64 × 56 × 56",
        "pool1, 64 × 27 × 27",
        "conv2, 192 × 27 × 27",
        "pool2, 192 × 13 × 13",
    ]
    kinds = [box.kind for box in diagrams.strip(cnnref.table("resnet50")).wide.boxes]
    assert kinds == ["end", "conv", "pool", *["conv"] * 4, "pool", "linear"]


def test_a_strip_of_a_net_with_long_connections():
    net = cnnref.Net((3, 32, 32))
    maps = {}
    x = net.input
    for number in range(4):
        with net.stage(f"encoder.stage_{number}"):
            x = maps[number] = net.conv(x, 8, 3, padding=1)
    with net.stage("decoder"):
        net.concat(x, maps[0], maps[1])
    drawing = diagrams.strip(net.table())
    for scene in (drawing.wide, drawing.narrow):
        assert {(a.source, a.target) for a in scene.arrows} >= {(1, 5), (2, 5), (4, 5)}
        sound(scene)


@pytest.mark.parametrize("name", CHAINS)
def test_a_stack_has_every_row_and_every_edge(name):
    table = cnnref.table(name)
    for width in (diagrams.WIDE, diagrams.NARROW):
        scene = stacks_scene([(name, table), ("again", table)], width, 11)
        half = len(scene.boxes) // 2
        for boxes, shift in ((scene.boxes[:half], 0), (scene.boxes[half:], half)):
            arrows = [a for a in scene.arrows if shift <= a.source < shift + half]
            inside = [edge for box in boxes for edge in pairwise(box.rows)]
            hidden = [e for e in inside if e[0] >= 0 and e[0] in table[e[1]].inputs]
            drawn = Counter([*hidden, *(edge for arrow in arrows for edge in arrow.edges)])
            wanted = Counter((s, row) for row, layer in enumerate(table) for s in layer.inputs)
            assert drawn == wanted
            rows = [row for box in boxes for row in box.rows]
            rows += [row for arrow in arrows for row in arrow.rows]
            assert sorted(rows) == list(range(-1, len(table)))
        sound(scene)


def test_stages_of_stacks_stand_on_one_level():
    names = ["alexnet", "vgg11", "vgg16", "vgg19"]
    scene = diagrams.stacks([(name, cnnref.table(name)) for name in names]).wide
    tops = {}
    for box in scene.boxes[1:]:
        tops.setdefault(box.words, set()).add(box.y)
    assert len(tops["fc 4096, ReLU, dropout"]) <= 2
    assert len({box.y for box in scene.boxes if box.words.startswith("fc 1000")}) == 1
    assert scene.width <= diagrams.WIDE


def test_shortcuts_go_round_their_blocks():
    scene = diagrams.stacks([("ResNet-34", cnnref.table("resnet34"))]).wide
    arcs = [arrow for arrow in scene.arrows if len(arrow.points) == 4]
    assert len(arcs) == 16
    assert {arrow.target - arrow.source for arrow in arcs} == {2}
    assert [arrow.words for arrow in arcs if arrow.dashed] == [
        f"shortcut through 1×1 conv, {width}, stride 2, batch norm" for width in (128, 256, 512)
    ]
    plain = diagrams.stacks([("plain-34", cnnref.table("plain34"))]).wide
    assert all(len(arrow.points) == 2 for arrow in plain.arrows)


def words(scene):
    return [line.text for box in scene.boxes for line in box.lines]


def test_stacks_name_a_normalisation_where_only_some_have_it():
    pair = [(name, cnnref.table(name)) for name in ("vgg13", "vgg13_bn")]
    both = words(diagrams.stacks(pair).wide)
    convs = sum(layer.op == "conv" for layer in pair[1][1])
    assert sum(text.endswith(", BN") for text in both) == convs == 10
    assert not any("BN" in text for text in words(diagrams.stacks(pair[1:]).wide))


def test_a_network_with_branches_is_no_stack():
    with pytest.raises(cnnref.CnnrefError) as caught:
        diagrams.stacks([("GoogLeNet", cnnref.table("googlenet"))])
    assert str(caught.value) == (
        "googlenet: inception_3a.1x1 is neither on the longest path nor on a shortcut, so the "
        "network is no chain; draw its blocks."
    )


DRAWINGS = {
    "inception": lambda: diagrams.block(cnnref.table("googlenet"), "3a"),
    "unfolded": lambda: diagrams.block(cnnref.table("preact_resnet50"), "conv3_1", fold=False),
    "strip": lambda: diagrams.strip(cnnref.table("googlenet_aux")),
    "stacks": lambda: diagrams.stacks([(n, cnnref.table(n)) for n in ("plain34", "resnet34")]),
}


@pytest.mark.parametrize("key", DRAWINGS)
def test_the_svg_is_xml_with_a_text_alternative_that_lists_its_boxes(key):
    drawing = DRAWINGS[key]()
    for narrow, scene in ((False, drawing.wide), (True, drawing.narrow)):
        text = drawing.to_svg(narrow=narrow)
        assert text == to_svg(scene, drawing.title, drawing.description)
        root = ET.fromstring(text)
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
        assert root[0].text == drawing.title
        told = [f"{number}: {box.words}" for number, box in enumerate(scene.boxes, 1)]
        places = [root[1].text.index(words) for words in told]
        assert places == sorted(places)
        assert len(re.findall(r"\d+: ", root[1].text)) == len(told)
        sizes = {float(node.get("font-size", scene.size)) for node in root.iter(f"{SVG}text")}
        assert min(sizes) >= 11
        assert len([r for r in root.iter(f"{SVG}rect") if r.get("stroke")]) == len(scene.boxes)
        lines = [path for path in root.iter(f"{SVG}path") if not path.get("fill")]
        assert len(lines) == len(scene.arrows)
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        assert " id=" not in text


def test_a_file_of_its_own_has_its_colours():
    text = standalone(diagrams.strip(cnnref.table("vgg16")).to_svg())
    ET.fromstring(text)
    assert "var(" not in text


def test_the_colours_are_the_sites():
    css = (ROOT / "docs/assets/stylesheets/extra.css").read_text(encoding="utf-8")
    light = css[css.index('[data-md-color-scheme="default"]') :]
    light = light[: light.index("}")]
    for name, colour in LIGHT.items():
        assert f"{name}: {colour};" in light


def test_words_of_one_thing_stay_on_one_line():
    assert wrap("3×3 conv, 64, stride 2", 12, 50) == ["3×3", "conv,", "64,", "stride 2"]
    assert wrap("[3×3 conv, 64] × 2", 12, 60) == ["[3×3", "conv,", "64] × 2"]
    assert wrap("input 64 × 28 × 28", 12, 60) == ["input", "64 × 28 × 28"]


@pytest.mark.parametrize("name", ["resnet101", "googlenet", "a net of stages with long names"])
def test_lines_of_a_strip_do_not_run_into_each_other(name):
    if name in cnnref.names():
        table = cnnref.table(name)
    else:
        net = cnnref.Net((3, 64, 64))
        x = net.input
        for number in range(12):
            with net.stage(f"stage_{number}_of_a.very_long.name_that.is_broken"):
                x = net.relu(net.conv(x, 8, 3, padding=1))
        table = net.table()
    scene = across_scene(table, 420, 12)
    assert len({box.middle[1] for box in scene.boxes}) > 1
    for text in scene.texts:
        below = [box.y for box in scene.boxes if box.middle[1] > text.y]
        assert all(text.y <= top for top in below)
        assert text.y <= scene.height


@pytest.mark.parametrize("block", ["conv2_1", "conv2_2", "conv3_1"])
def test_what_is_written_on_an_arrow_lies_beside_every_box(block):
    scene = diagrams.block(cnnref.table("resnet50"), block).wide
    labelled = [arrow for arrow in scene.arrows if arrow.label]
    assert len(labelled) == (block == "conv2_2")
    for arrow in labelled:
        (x, y), (_, end) = arrow.points[:2]
        half, middle = text_width(arrow.label, faint_size(scene.size)) / 2, (y + end) / 2
        assert 0 < x - half < x + half < scene.width
        for box in scene.boxes:
            if box.y < middle < box.bottom:
                assert x + half < box.x or box.right < x - half
