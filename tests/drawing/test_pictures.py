"""Pictures of any traced module: stages, blocks, fields, graphs in words, and bars."""

import json
import re
from collections import Counter
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from test_diagrams import lost_edges, lost_rows, sound
from torch import nn
from torchvision_models import models
from traced_modules import CASES

import cnnref
from cnnref import drawing
from cnnref.drawing.block import block_scene
from cnnref.drawing.graph import graph
from cnnref.drawing.modules import staged
from cnnref.drawing.stages import stages
from cnnref.drawing.svg import DARK, LIGHT
from cnnref.tables.quantities import QUANTITIES

SVG = "{http://www.w3.org/2000/svg}"
# a network, a module of it, and the stages that its paper names
NETWORKS = {
    "resnet18": ("layer2.0", ["conv1", "maxpool-layer1", "layer2", "layer3", "layer4"]),
    "vgg16": (
        "classifier",
        ["features.0-2", "features.4-7", "features.9-14", "features.16-21", "features.23-28"],
    ),
    "densenet121": (
        "features.denseblock1",
        [
            "features.conv0", "features.pool0-denseblock1", "features.transition1-denseblock2",
            "features.transition2-denseblock3", "features.transition3-denseblock4",
        ],
    ),
    "mobilenet_v3_small": ("features.4", []),
    "efficientnet_b0": (
        "features.2.1",
        ["features.0-1", "features.2", "features.3", "features.4-5", "features.6-8"],
    ),
    "convnext_tiny": ("features.1.0", ["features.0-1", "features.2-3", "features.4-5"]),
    "vit_b_16": ("encoder.layers.encoder_layer_0", []),
}  # fmt: skip


@cache
def traced(name):
    return cnnref.trace(getattr(models, name)(weights=None).eval())


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_from_a_file_is_drawn_as_the_module_that_it_was(name):
    bare = [row._replace(call=None) for row in traced(name)]
    file = cnnref.Table(bare, name=name, input_shape=traced(name).input_shape)
    assert stages(staged(file)) == stages(staged(traced(name)))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_traced_network_has_stages_by_the_sizes_of_its_maps(name):
    table, (_, expected) = staged(traced(name)), NETWORKS[name]
    found = stages(table)[1:]
    assert [stage.name for stage in found][: len(expected)] == expected
    assert [row for stage in found for row in stage.rows] == list(range(len(table)))
    assert table.macs == traced(name).macs
    picture = traced(name).draw()
    for scene in (picture.wide, picture.narrow):
        sound(scene)
    ET.fromstring(picture.standalone())


def test_what_stands_in_a_stage_is_its_blocks():
    contents = {stage.name: stage.contents for stage in stages(staged(traced("resnet18")))}
    assert contents["maxpool-layer1"] == ("3×3 max pool, stride 2", "basic block × 2")
    assert contents["layer3"] == ("basic block × 2",)
    mobile = stages(staged(traced("efficientnet_b0")))
    assert "residual block × 2" in mobile[4].contents


def test_a_spec_keeps_its_stages_and_one_without_any_gets_them():
    table = cnnref.table("vgg16")
    assert staged(table) is table
    net = cnnref.Net((3, 8, 8))
    net.linear(net.flatten(net.conv(net.input, 2, 3, name="a")), 2, name="b")
    assert [row.stage for row in staged(net.table())] == ["a", "a", "b"]
    # what calls a function itself stays whole, however many sizes its maps have
    for own, found in (("a", ["a"] * 4), ("a.pool3", ["a.pool1", "a.pool2", "a.pool3", "a.pool3"])):
        net = cnnref.Net((3, 32, 32))
        x = net.max_pool(net.max_pool(net.input, 2, name="a.pool1"), 2, name="a.pool2")
        net.relu(net.max_pool(x, 2, name=own), name="a.relu")
        assert [row.stage for row in staged(net.table())] == found


def test_modules_that_run_twice_at_two_sizes_are_two_stages():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Conv2d(3, 3, 3)

        def forward(self, x):
            return self.head(self.head(x).relu())

    assert [stage.name for stage in stages(staged(cnnref.trace(Twice(), (3, 9, 9))))] == [
        "input", "head", "head#2",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("fold", [True, False])
def test_a_traced_module_is_drawn_with_every_row_and_edge(name, fold):
    table, (block, _) = traced(name), NETWORKS[name]
    rows = drawing.block_rows(table, block)
    assert {table[row].name for row in rows} == {
        row.name for row in table if row.name.startswith(f"{block}.")
    }
    for width in (700, 326):
        scene = block_scene(table, rows, width, fold=fold)
        assert lost_rows(scene, rows) == lost_edges(scene, table, rows) == Counter()
        sound(scene)


@pytest.mark.parametrize("name", CASES)
def test_any_module_can_be_drawn_whole(name):
    case = CASES[name]
    table = cnnref.trace(case.build(), inputs=case.inputs)
    if not len(table):
        return
    scene = block_scene(table, range(len(table)), 700)
    assert lost_edges(scene, table, range(len(table))) == Counter()
    sound(scene)
    for words in (table.to_dot(), table.to_mermaid()):
        assert "\n\n" not in words
    if all(len(row.out_shape) for row in table):
        ET.fromstring(table.draw().standalone())


def test_what_cannot_stand_side_by_side_stands_in_a_column():
    net = cnnref.Net((8, 8, 8))
    with net.block("dense"):
        maps = [net.input]
        for _ in range(3):
            x = net.concat(*maps) if len(maps) > 1 else maps[0]
            maps.append(net.conv(x, 4, 1))
        net.concat(*maps)
    table = net.table()
    scene = drawing.block(table, "dense").wide
    rows = range(len(table))
    assert lost_rows(scene, rows) == lost_edges(scene, table, rows) == Counter()
    sound(scene)
    middles = {box.middle[0] for box in scene.boxes}
    assert max(middles) - min(middles) < 1
    short = scene._replace(arrows=scene.arrows[1:])
    assert lost_edges(short, table, rows) == Counter(scene.arrows[0].edges)


def test_a_field_is_as_large_as_it_is_computed():
    table = cnnref.table("vgg16")
    scene = table.draw(fields=True).wide
    images, shown = scene.boxes[::2], scene.boxes[1::2]
    assert {box.kind for box in images} == {"end"}
    fields = table.receptive_fields()
    for image, box in zip(images, shown, strict=True):
        assert box.width / image.width == pytest.approx(fields[box.rows[-1]].field[1] / 224)
        assert box.height / image.height == pytest.approx(fields[box.rows[-1]].field[0] / 224)
        assert box.middle == pytest.approx(image.middle)
    assert all(0 <= box.x < box.right <= scene.width for box in scene.boxes)
    assert table.draw(fields=True).description.startswith("conv1: 6×6 pixels, outputs 2×2 apart. ")


def test_pictures_that_there_are_not_are_refused():
    table = cnnref.table("alexnet")
    for call, sentence in {
        lambda: table.draw("conv9"): "Unknown block of alexnet 'conv9': did you mean",
        lambda: table.draw("conv1", fields=True): "draw: a block has no picture of fields;",
        lambda: table[:3].draw(): "alexnet: draw the whole table, and name a block of it.",
        lambda: table[:3].to_dot(): "alexnet: a graph is made of the whole table, not of a part.",
        lambda: table.chart("colour"): "Unknown quantity 'colour'",
        lambda: table.chart(by="op"): "Unknown grouping of bars 'op': known are block, layer, ",
        lambda: cnnref.trace(nn.Linear(4, 4), (4,)).draw(fields=True): (
            ": receptive fields are drawn on an image, but the input is 4;"
        ),
    }.items():
        with pytest.raises(cnnref.CnnrefError, match=re.escape(sentence)):
            call()


def test_a_file_has_colours_of_its_own_for_both_themes_and_none_of_a_page(tmp_path):
    picture = cnnref.table("resnet18").draw("conv3_1")
    path = tmp_path / "block.svg"
    picture.save(path)
    text = path.read_text(encoding="utf-8")
    assert text == picture._repr_svg_()
    assert repr(picture) == f"<Drawing: {picture.title}, {len(picture.wide.boxes)} boxes>"
    assert "var(" not in text
    root = ET.fromstring(text)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert root.get("style") == "max-width:100%;height:auto"
    (style,) = root.iter(f"{SVG}style")
    rules = style.text
    assert rules.startswith("@media screen and (prefers-color-scheme:dark){")
    assert rules.count("{") == rules.count("}")
    used = {one.get(paint) for one in root.iter() for paint in ("fill", "stroke")} - {None, "none"}
    for name, light in LIGHT.items():
        if light in used:
            assert f'[fill="{light}"]{{fill:{DARK[name]}}}' in rules
            assert f'[stroke="{light}"]{{stroke:{DARK[name]}}}' in rules
    assert used <= set(LIGHT.values())


def contrast(one, two):
    """Of two colours, as WCAG 2.2 defines it."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_text_and_lines_can_be_told_from_the_paper(scheme):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name, colour in scheme.items():
        if name != "--paper":
            assert contrast(colour, scheme["--paper"]) >= (4.5 if "ink" in name else 3)


NASTY = 'a"b]<img src=x onerror=alert(1)>\\\n\x1b`#&amp;'


def nasty():
    net = cnnref.Net((3, 8, 8), name=NASTY)
    with net.stage(NASTY), net.block(NASTY):
        net.relu(net.conv(net.input, 2, 3, name=NASTY))
    return net.table()


def test_names_are_escaped_in_every_picture():
    table = nasty()
    for picture in (table.draw(), table.draw(NASTY), table.draw(fields=True)):
        text = picture.standalone()
        assert {one.tag.removeprefix(SVG) for one in ET.fromstring(text).iter()} <= {
            "svg", "title", "desc", "style", "rect", "g", "path", "text",
        }  # fmt: skip
        assert "\x1b" not in text
    (node,) = re.findall(r'n1 \[label="((?:[^"\\]|\\.)*)"\];', table.to_dot())
    first = node.split("\\n3×3")[0]
    assert first.replace('\\"', '"').replace("\\\\", "\\") == cnnref.counting.units.visible(NASTY)
    (node,) = re.findall(r'n1\["([^"]*)"\]', table.to_mermaid())
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), node.split("<br>")[0]) == (
        cnnref.counting.units.visible(NASTY)
    )
    assert not set('`&"') & set(node)


def test_a_graph_in_words_ends_in_ovals_and_says_each_box():
    table = cnnref.table("googlenet")
    node = r'^  n(\d+) \[label="(.*?)"(, shape=oval)?\];'
    nodes = re.findall(node, table.to_dot("3a"), re.MULTILINE)
    drawn = graph(table, drawing.block_rows(table, "3a"), fold=True)
    for node, (number, words, oval) in zip(drawn.nodes, nodes, strict=True):
        last = node.rows[-1]
        shape = " × ".join(map(str, table[last].out_shape))
        assert bool(oval) == (node.role != "rows")
        said = words.split("\\n")
        assert drawn.nodes[int(number)] is node
        assert said[-1] == shape
        assert said[0] == (node.role if oval else table[node.rows[0]].name)
    mermaid = re.findall(r"^  n\d+(\(?)\[", table.to_mermaid("3a"), re.MULTILINE)
    assert [bool(round_) for round_ in mermaid] == [bool(oval) for *_, oval in nodes]


def test_a_whole_network_in_words_begins_with_its_input():
    table = cnnref.table("alexnet")
    # views are folded in without a word
    assert "flatten" not in table.to_dot() + table.to_mermaid()
    assert "conv, 64, stride 4, ReLU" in table.to_dot()
    assert 'n0 [label="input\\n3 × 224 × 224", shape=oval];' in table.to_dot()
    assert table.to_dot().startswith('digraph "alexnet" {\n')
    assert 'n0(["input<br>3 × 224 × 224"])' in table.to_mermaid()


def test_a_module_of_several_blocks_is_called_by_its_own_name():
    assert traced("resnet18").draw("layer2").title == "Basic block layer2 of ResNet"
    assert cnnref.table("googlenet").draw("3a").title == "Inception module 3a of googlenet"


@pytest.mark.parametrize("notation", ["to_dot", "to_mermaid"])
def test_a_graph_in_words_has_every_node_and_edge(notation):
    table = cnnref.table("googlenet")
    text = getattr(table, notation)("3a")
    drawn = graph(table, drawing.block_rows(table, "3a"), fold=True)
    arrow = "->" if notation == "to_dot" else "-->"
    edges = re.findall(rf"n(\d+) {arrow} n(\d+)", text)
    assert Counter(edges) == Counter((str(e.source), str(e.target)) for e in drawn.edges)
    assert len(re.findall(r"^  n\d+(?: \[|\[|\(\[)", text, re.MULTILINE)) == len(drawn.nodes)
    assert len(getattr(table, notation)(fold=False)) > len(getattr(table, notation)())


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("by", ["layer", "stage", "block"])
def test_bars_have_what_the_rows_have(quantity, by):
    table = cnnref.table("googlenet")
    chart = table.chart(quantity, by, "lecture", dtype="float16", batch_size=2)
    values = chart.data.values
    frame = table.to_frame("macs", ["layer"])  # every row in order
    assert len(frame) == len(table)
    exact = table.to_frame("macs", f"layer,{quantity}", dtype="float16", batch_size=2)
    json.dumps(chart.to_dict())
    assert [value["name"] for value in values] == list(dict.fromkeys(v["name"] for v in values))
    if quantity in ("macs", "parameters", "bytes"):
        factor = 2 if quantity == "macs" else 1
        assert sum(value["exact"] for value in values) == factor * exact[exact.columns[1]].sum()


def test_a_chart_says_under_which_convention_and_what_it_lacks():
    table = cnnref.table("vgg16")
    heading = table.chart("operations", "stage", "lecture", batch_size=8).title
    assert (heading.text, heading.subtitle) == (
        "Flops of vgg16, by stage", "convention lecture, batch of 8",
    )  # fmt: skip
    assert sum(v["exact"] for v in table.chart("operations").data.values) == table.macs
    first, *rest = table
    rows = [first._replace(counted=False), *rest]
    unknown = cnnref.Table(rows, name="x", input_shape=table.input_shape)
    assert unknown.chart("macs").title.subtitle == "at least: 1 row is not counted"
    assert unknown.chart("parameters").title.subtitle == ""


def test_old_keys_of_quantities_say_their_new_name():
    with pytest.warns(cnnref.RenamedWarning, match="'flops' is now called 'operations'"):
        cnnref.table("alexnet").chart("flops")


@pytest.mark.parametrize(
    ("name", "block", "words"),
    [
        ("shufflenet_v2_x1_0", "stage2_2", ["split into 2", "channel shuffle"]),
        ("convnext_tiny", "stage1_1", ["linear, 384, GELU", "learned factors"]),
        ("mobilenet_v2", "stage3_2", ["1×1 conv, 192, batch norm, ReLU6"]),
    ],
)
def test_what_hardly_computes_is_said_in_words(name: str, block: str, words: list[str]) -> None:
    said = cnnref.table(name).draw(block).description
    assert [word for word in words if f": {word}, " not in said] == []
