"""What if: the cases that are prepared, and what the page's script makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

import cnnref
from cnnref.counting.conventions import convention
from cnnref.counting.units import rounded
from cnnref.errors import UnknownNameError
from cnnref.net import Net
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from website.facts import lookup
from website.hands import what_if
from website.hands.strips import CHAPTERS
from website.hands.what_if import BATCHES, CONVENTIONS, DTYPES, case, grid
from website.places import DOCS
from website.theme import math

SCRIPT = DOCS / "assets" / "javascripts" / "what_if.js"
OPTIONS = {"network": ["vgg16", "vgg11"], "input": ["224", "320"], "batch": ["1", "8"]}


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    math.engine().eval(SCRIPT.read_text(encoding="utf-8"))
    for text in what_if.assets().values():
        math.engine().eval("globalThis.window ??= globalThis;" + text)
    yield
    math.close()


def called(function: str, *arguments: str) -> Any:
    call = f"cnnrefWhatIfParts.{function}({', '.join(arguments)})"
    return json.loads(math.engine().eval(f"JSON.stringify({call})"))


def counted(chapter: str, **state: object) -> Any:
    """What the script says of a case of a chapter."""
    asked = {"batch": 1, "dtype": "float32", "convention": "lecture", **state}
    return called("counted", f"cnnrefWhatIf.{chapter}", json.dumps(asked))


FITTING = [
    (chapter, name, size)
    for chapter in CHAPTERS
    for name, sizes in grid(chapter)["cases"].items()
    for size, lines in sizes.items()
    if not isinstance(lines, str)
]


def test_every_case_is_what_the_package_counts() -> None:
    assert len(FITTING) >= 200
    for chapter, name, size in FITTING:
        book = case(name, size)
        lines = grid(chapter)["cases"][name][size]
        stored, learned, *work = (sum(line[n] for line in lines) for n in range(2, 10))
        assert what_if.FULL * stored == book.stored_bytes("lecture")
        assert learned == book.parameters
        assert work == [book.operations(entry) for entry in CONVENTIONS]


def test_the_script_adds_up_what_the_package_does() -> None:
    for (chapter, name, size), batch, dtype in product(FITTING[::23], BATCHES[::3], DTYPES):
        book = case(name, size)
        view = View.of("lecture", dtype=dtype, batch_size=batch)
        kept = [row for row in book if convention("lecture").stored_bytes(row)]
        part = book.part(place for place, row in enumerate(book) if row in kept)
        for entry in CONVENTIONS[::2]:
            found = counted(
                chapter, network=name, input=size, batch=batch, dtype=dtype, convention=entry
            )["totals"]
            assert found["memory"] == QUANTITIES["bytes"].of(part, view)
            assert found["parameters"] == book.parameters
            assert found["held"] == QUANTITIES["parameter_bytes"].of(book, view)
            assert found["operations"] == batch * book.operations(entry)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_first_state_is_the_chapters_own_network(chapter: str) -> None:
    network, size = CHAPTERS[chapter].networks[0], CHAPTERS[chapter].size
    entry = CHAPTERS[chapter].convention
    found = counted(chapter, network=network, input=size, convention=entry)
    book = cnnref.table(network, input_size=size)
    if CHAPTERS[chapter].line == "layer":
        assert [line["name"] for line in found["lines"]] == [
            row.name for row in book.listed("lecture")
        ]
        assert [line["out"] for line in found["lines"]] == [
            " × ".join(map(str, row.out_shape)) for row in book.listed("lecture")
        ]
    assert found["totals"]["operations"] == book.operations(entry)


def test_a_line_is_what_the_chapter_compares() -> None:
    stages = counted("after", network="resnext50_32x4d", input=224)["lines"]
    book = cnnref.table("resnext50_32x4d")
    assert [line["name"] for line in stages] == [*dict.fromkeys(row.stage for row in book)]
    conv4 = book.part(place for place, row in enumerate(book) if row.stage == "conv4")
    assert (stages[3]["out"], stages[3]["parameters"]) == ("1024 × 14 × 14", conv4.parameters)
    blocks = counted("resnet", network="resnet50", input=224)["lines"]
    assert [line["name"] for line in blocks[:4]] == ["conv1", "pool1", "conv2_1", "conv2_2"]
    assert [grid(chapter)["line"] for chapter in ("vgg", "resnet", "after")] == [
        "layer", "part", "part",
    ]  # fmt: skip


def test_heads_at_other_sizes_have_the_weights_that_their_chapter_prints() -> None:
    """Of heads on VGG-16's convolutions: flattened maps, averaged ones, and the way in between."""
    for size in (224, 256, 320, 448):
        maps = cnnref.table("vgg16", input_size=size)["pool5"].out_shape
        first = case("vgg16_flattened", size)["fc6"]
        assert first.parameters == (maps.elements + 1) * 4096
        assert case("vgg16_averaged", size)["linear"].parameters == (maps.channels + 1) * 1000
        assert cnnref.table("vgg16", input_size=size)["fc6"].parameters == (512 * 49 + 1) * 4096
    flat, own = case("vgg16_flattened", 224), cnnref.table("vgg16")
    assert flat.parameters == own.parameters
    assert flat.operations("lecture") == own.operations("lecture")


def test_a_page_beside_the_lecture_is_compared_with_itself() -> None:
    assert grid("vgg")["base"] == "the lecture's"
    assert grid("after")["base"] == "ResNet-50's at 224"
    html = what_if.what_if("after")
    assert 'data-own="the page"' in html
    assert "Back to the page" in html
    assert '<option value="macs" selected' in html
    assert "Back to the lecture" in what_if.what_if("vgg")


def test_a_size_that_does_not_fit_says_why() -> None:
    said = counted("alexnet", network="alexnet_2012", input=320)["fault"]
    assert said.startswith("alexnet_2012 at 320 x 320: fc6: its weights take 9,216 features")
    with pytest.raises(cnnref.CnnrefError, match=re.escape(said)):
        case("alexnet_2012", 320)


def test_networks_of_the_strip_alone_are_those_that_they_vary() -> None:
    net = Net((3, 224, 224), name="vgg16")
    what_if.of_width(net, 1, 1)
    same = [(row.name, row.counts) for row in net.table().listed("lecture")]
    assert same == [(row.name, row.counts) for row in cnnref.table("vgg16").listed("lecture")]
    half, full = case("vgg16_half", 224), cnnref.table("vgg16")
    assert half["conv5_3"].counts.weights * 4 == full["conv5_3"].counts.weights
    first = case("googlenet_naive", 224)
    module = [row for row in first if row.block == "inception_3a" and row.macs]
    assert sum(row.macs for row in module) == lookup("googlenet:3a-naive").macs
    assert first["inception_3a.concat"].out_shape == lookup("googlenet:3a-naive")[-1].out_shape


WHOLE = {"network": "vgg11", "input": "320", "batch": "8"}
KNOWN = "the link asks for {}, and known are {}"
LINKS = {
    "": ({}, ""),
    "input=320": ({"input": "320"}, ""),
    "input=320&batch=8&network=vgg11": (WHOLE, ""),
    "batch=8&input=321": ({}, KNOWN.format("the input “321”", "224, 320")),
    "batch=8&size=4": ({}, KNOWN.format("“size”", "network, input, batch")),
    "network=<b>%": ({}, KNOWN.format("the network “<b>%”", "vgg16, vgg11")),
    "input=320=5": ({}, KNOWN.format("the input “320=5”", "224, 320")),
    "input=320&batch=8&input=320": ({}, "the link asks for “input” twice"),
    "x" * 9999: ({}, KNOWN.format(f"“{'x' * 60}…”", "network, input, batch")),
    "network": ({}, KNOWN.format("the network “”", "vgg16, vgg11")),
    "constructor=1": ({}, KNOWN.format("“constructor”", "network, input, batch")),
}


@pytest.mark.parametrize(("link", "state", "fault"), [(one, *two) for one, two in LINKS.items()])
def test_a_link_carries_a_state_and_a_broken_one_says_so(
    link: str, state: dict[str, str], fault: str
) -> None:
    found = called("parse", json.dumps(f"#what-if:{link}"), json.dumps(OPTIONS))
    whole = {name: values[0] for name, values in OPTIONS.items()} | state
    assert found == {"state": whole, "fault": fault}
    again = called("link", json.dumps(whole), json.dumps(OPTIONS))
    assert called("parse", json.dumps(again or "#what-if:"), json.dumps(OPTIONS))["state"] == whole


def test_numbers_are_rounded_as_the_package_rounds_them() -> None:
    values, units = (0, 1, 507, 12_345_678, 999_999_999), (1, 2, 1000, 1024)
    for value, unit, digits in product(values, units, range(3)):
        assert called("rounded", str(value), str(unit), str(digits)) == rounded(value, unit, digits)


def test_a_strip_offers_what_is_prepared() -> None:
    for chapter in CHAPTERS:
        html, stated = what_if.what_if(chapter), grid(chapter)
        names = re.findall(r'<select name="(\w+)"', html)
        assert names == ["network", "input", "batch", "dtype", "convention"]
        for name in (*stated["networks"], *stated["cases"][CHAPTERS[chapter].networks[0]]):
            assert f'<option value="{name}"' in html
        assert html.count(" selected") == 5
    with pytest.raises(UnknownNameError, match=r"^Unknown chapter 'lenet': did you mean alexnet"):
        what_if.what_if("lenet")
