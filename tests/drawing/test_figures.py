"""The macros of drawings: what stands in a page."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnref
from cnnref import drawing as diagrams
from website.chapters import vgg
from website.chapters.resnet.page import block_drawing
from website.charts import drawings as figures
from website.facts import fact, lookup
from website.lessons import naive_inception

CSS = Path(__file__).resolve().parents[2] / "docs/assets/stylesheets/extra.css"
SVG = "{http://www.w3.org/2000/svg}"


def svgs(html):
    """The drawings of a figure, which is XML but for an attribute without a value."""
    root = ET.fromstring(html.replace(" data-search-exclude", ""))
    assert root.tag == "figure"
    return root, list(root.iter(f"{SVG}svg"))


def test_a_wide_drawing_has_a_variant_for_a_phone():
    root, found = svgs(block_drawing("googlenet", "3a"))
    assert [float(svg.get("width")) <= diagrams.NARROW for svg in found] == [False, True]
    classes = [div.get("class") for div in root.iter("div") if div.get("class")]
    assert classes == ["drawings", "drawing-wide", "drawing-narrow"]
    assert root.find("figcaption").text == "Inception module 3a of GoogLeNet."
    assert {svg[0].text for svg in found} == {"Inception module 3a of GoogLeNet"}


def test_a_small_drawing_has_one_size():
    _, found = svgs(block_drawing("resnet50", "conv3_2", "A bottleneck."))
    assert len(found) == 1
    assert float(found[0].get("width")) <= diagrams.NARROW


def test_the_naive_module_says_what_it_is_and_its_numbers_have_paths():
    html = block_drawing("googlenet", "3a-naive")
    assert "Inception module 3a of GoogLeNet without its reductions." in html
    assert "concat, 416 channels" in html
    naive = naive_inception(lookup("googlenet"), "3a")
    assert fact("googlenet:3a-naive/total/macs") == naive.macs
    assert fact("googlenet:3a/total/macs") == fact("googlenet/block:inception_3a/macs") < naive.macs
    with pytest.raises(cnnref.UnknownNameError, match="Unknown block of googlenet '9z'"):
        fact("googlenet:9z/total/macs")


def test_two_blocks_stand_beside_each_other_on_a_phone():
    pair = [("Original", "resnet50", "conv3_2"), ("Pre-activation", "preact_resnet50", "conv3_2")]
    root, found = svgs(figures.block_drawings(pair, "Two orders.", fold=False))
    assert [p.text for p in root.iter("p")] == ["Original", "Pre-activation"]
    narrow = [svg for svg in found if float(svg.get("width")) <= diagrams.HALF]
    assert len(narrow) == 2
    boxes = ["".join(text.itertext()) for text in narrow[0].iter(f"{SVG}text")]
    assert boxes.count("batch norm") == 3


def test_a_block_that_would_be_cut_up_takes_the_whole_width():
    html = figures.block_drawings([("With projection", "resnet34", "conv3_1")])
    widths = [float(width) for width in re.findall(r'role="img" width="([\d.]+)"', html)]
    assert diagrams.HALF < widths[-1] <= diagrams.NARROW


def test_a_strip_and_stacks_name_the_networks():
    strip = figures.network_strip("alexnet@227")
    title = cnnref.architecture("alexnet").title
    assert f"The stages of {title}. {figures.SCALES}" in strip
    assert ">3×227×227<" in strip
    stacks = vgg.stacks(["alexnet@227", "vgg16"], "Two stacks.")
    assert stacks.count(">VGG-16</text>") == 2
    assert "<figcaption>Two stacks.</figcaption>" in stacks
    assert "<figcaption>" not in vgg.stacks(["vgg16"])


def test_words_are_escaped():
    html = block_drawing("resnet18", "conv3_1", "a < b & c", title="<x>")
    assert "<figcaption>a &lt; b &amp; c</figcaption>" in html
    assert "<title>&lt;x&gt;</title>" in html


def test_the_stylesheet_knows_the_classes():
    css = CSS.read_text(encoding="utf-8")
    for name in (
        "figure.drawing",
        ".drawings",
        ".drawing-wide",
        ".drawing-narrow",
        ".drawing-name",
    ):
        assert f"{name} {{" in css


def test_drawings_are_not_loaded_at_the_start(run_fresh):
    assert "cnnref.drawing" not in run_fresh("import cnnref; cnnref.table('vgg16')")


@pytest.fixture
def run_fresh():
    import subprocess
    import sys

    def run(code):
        command = [sys.executable, "-c", code + "; import sys; print(*sys.modules)"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    return run


def test_blocks_of_lessons_are_drawn_and_a_depthwise_layer_is_called_so():
    pair = [("Full", "block:plain", "plain"), ("Separable", "block:separable", "separable")]
    _, found = svgs(figures.block_drawings(pair, "Two ways."))
    said = ["".join(svg.itertext()) for svg in found]
    assert "3×3 conv, 256" in said[0]
    assert "3×3 depthwise, 256" in said[-1]
    assert "groups" not in said[-1]
    _, found = svgs(figures.block_drawings([("Groups", "block:resnext", "resnext")]))
    assert "3×3 conv, 128, 32 groups" in "".join(found[0].itertext())
