"""What a scene holds stands in the SVG where the scene has it, and looks as it says."""

import re
from xml.etree import ElementTree as ET

import pytest

import cnnref
from cnnref import drawing as diagrams
from cnnref.drawing.scene import Arrow, Box, Line, Outline, Scene, Text, alternative, faint_size
from cnnref.drawing.svg import STROKES, to_svg

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 0.051  # what a number is rounded by


def pictures():
    table = cnnref.table
    yield diagrams.block(table("resnet50"), "conv2_2")
    yield diagrams.block(table("googlenet"), "3a")
    yield diagrams.strip(table("googlenet_aux"))
    yield diagrams.fields(table("vgg16"))
    yield diagrams.stacks([(name, table(name)) for name in ("plain34", "resnet34")])


PICTURES = list(pictures())


def near(*numbers):
    return pytest.approx(numbers, abs=NEAR)


def place(node, *names):
    return tuple(float(node.get(name)) for name in names)


@pytest.mark.parametrize("drawing", PICTURES, ids=lambda drawing: drawing.title)
def test_boxes_words_and_lines_are_where_the_scene_has_them(drawing):
    scene = drawing.wide
    root = ET.fromstring(drawing.to_svg())
    assert place(root, "width", "height") == near(scene.width, scene.height)
    assert root.get("text-anchor") == "middle"
    texts = list(root.iter(f"{SVG}text"))
    labels = [arrow for arrow in scene.arrows if arrow.label]
    for arrow, node in zip(labels, texts, strict=False):
        # in the middle of the first stretch, on paper as high as a line of text
        assert node.text == arrow.label
        (x, y), (_, end) = arrow.points[:2]
        assert place(node, "x") == near(x)
        size = faint_size(scene.size)
        assert place(node, "font-size") == near(size)
        assert place(node, "y")[0] - 0.35 * size == pytest.approx((y + end) / 2, abs=0.2)
        (paper,) = [one for one in root.iter(f"{SVG}rect") if one.get("fill") == "var(--paper)"]
        left, top, width, height = place(paper, "x", "y", "width", "height")
        assert (left + width / 2, top + height / 2) == near(x, (y + end) / 2)
        assert size < height < 2 * size
        assert 1.2 < width < 12
        assert node.get("fill") == "var(--ink-2)"
    rects = [one for one in root.iter(f"{SVG}rect") if one.get("stroke")]
    for box, node in zip(scene.boxes, rects, strict=True):
        assert place(node, "x", "y", "width", "height") == near(box.x, box.y, box.width, box.height)
        assert node.get("stroke") == f"var({STROKES[box.kind]})"
        bare = box.kind in ("join", "end")
        assert node.get("fill") == ("none" if bare else node.get("stroke"))
        assert (node.get("fill-opacity") is None) == bare
        assert (node.get("stroke-dasharray") is None) == (box.kind != "end")
        corner = 13 if box.words == "+" else {"end": 12}.get(box.kind, 4)
        assert place(node, "rx") == near(corner)
    paths = [one for one in root.iter(f"{SVG}path") if not one.get("fill")]
    for arrow, node in zip(scene.arrows, paths, strict=True):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", node.get("d"))]
        assert numbers == near(*(part for point in arrow.points for part in point))
        assert (node.get("stroke-dasharray") is None) == (not arrow.dashed)
    heads = [one.get("d") for one in root.iter(f"{SVG}path") if one.get("fill") == "var(--ink-2)"]
    assert [head.count("Z") for head in heads] == [len(scene.arrows)][: len(scene.arrows)]
    words = texts[len(labels) + sum(len(box.lines) for box in scene.boxes) :]
    for text, node in zip(scene.texts, words, strict=True):
        assert node.text == text.text
        assert place(node, "x", "y") == near(text.x, text.y)
        assert node.get("text-anchor", "middle") == text.anchor
        looks_as(node, scene, faint=text.faint)
        assert (node.get("font-weight") == "600") == text.strong
        assert (node.get("stroke") == "var(--paper)") == text.halo
    inside = iter(texts[len(labels) :])
    for box in scene.boxes:
        for line in box.lines:
            node = next(inside)
            assert node.text == line.text
            assert place(node, "x") == near(box.middle[0])
            looks_as(node, scene, faint=line.faint)


def looks_as(node, scene, *, faint):
    assert (node.get("fill") == "var(--ink-2)") == faint
    size = float(node.get("font-size", scene.size))
    assert size == pytest.approx(faint_size(scene.size) if faint else scene.size)


@pytest.mark.parametrize("size", [11, 11.5, 12, 13, 16])
def test_what_is_faint_is_smaller_and_never_too_small_to_read(size):
    assert 11 <= faint_size(size) <= size
    assert size - faint_size(size) == pytest.approx(min(1, size - 11))


def read(path):
    """The points of a closed path of straight lines, along an axis or not."""
    points = []
    assert path.endswith("Z")
    for letter, numbers in re.findall(r"([MLHV])([-\d. ]+)", path):
        found = list(map(float, numbers.split()))
        if letter in "ML":
            points.append(tuple(found))
        else:
            (x, y), (one,) = points[-1], found
            points.append((one, y) if letter == "H" else (x, one))
    return points


RINGS = (
    ((1.0, 2.0), (9.0, 2.0), (9.0, 7.0), (1.0, 7.0)),
    ((0.5, 0.5), (4.0, 3.0), (4.0, 8.0), (2.0, 8.0), (0.0, 4.0)),
)


@pytest.mark.parametrize("kind", ["conv", "join", "ink"])
def test_a_polygon_is_filled_as_its_kind_and_comes_back_from_its_path(kind):
    scene = Scene((), (), (), 20, 20, outlines=(Outline(kind, RINGS),))
    root = ET.fromstring(to_svg(scene, "Polygons", ""))
    (node,) = [one for one in root.iter(f"{SVG}path") if one.get("d") != ""]
    rings = [f"{part}Z" for part in node.get("d").split("Z")[:-1]]
    assert [tuple(read(ring)) for ring in rings] == list(RINGS)
    tints = {"conv": "var(--chart-1)", "join": "none", "ink": "var(--ink)"}
    assert node.get("fill") == tints[kind]
    assert node.get("stroke") == (None if kind == "ink" else f"var({STROKES[kind]})")
    assert (node.get("fill-opacity") is not None) == (kind == "conv")
    # what runs along an axis is told by one number
    assert re.findall("[A-Z]", node.get("d")) == list("MHVHZMLVHLZ")


def test_the_words_for_those_who_do_not_see_it_tell_what_is_written_on_an_arrow():
    boxes = tuple(
        Box("conv", (n,), (Line("a"),), word, 0, 40.0 * n, 20, 20) for n, word in enumerate("abc")
    )
    arrows = (
        Arrow(0, 1, ((0, 1),), ((10, 20), (10, 40))),
        Arrow(1, 2, ((1, 2),), ((10, 60), (10, 80))),
        Arrow(0, 2, ((0, 2),), ((20, 10), (20, 90)), label="identity"),
        Arrow(0, 2, ((0, 2),), ((20, 10), (20, 90)), words="shortcut"),
    )
    scene = Scene(boxes, arrows, (), 20, 100)
    assert alternative(scene) == (
        "1: a. 2: b, from 1. 3: c, from 2 and 1 (identity) and 1 (shortcut)."
    )


@pytest.mark.parametrize(("x", "told"), [(1.04, "1"), (1.06, "1.1"), (123456.7, "123457")])
def test_a_number_has_one_decimal_at_most(x, told):
    scene = Scene((), (), (Text("a", x, 0),), 20, 20)
    (node,) = ET.fromstring(to_svg(scene, "", "")).iter(f"{SVG}text")
    assert node.get("x") == told
