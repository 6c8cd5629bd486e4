"""The matrix of the conventions page: its columns are equations, and tools say what it says."""

import json
import re
from html import unescape

import pytest

import cnnref
from cnnref.counting.conventions import CONVENTIONS
from cnnref.errors import CnnrefError
from cnnref.networks.published import figures
from studies.peers.tools import BYTES
from studies.peers.tools import TOOLS as RUN
from website.facts import lookup
from website.networks import answers as page

KEYS = ("alexnet@227", *cnnref.names())
RECORD = page.said()
TOOLS = {tool.name: tool for tool in page.TOOLS}
NAMES = {tool.title or tool.name: tool.name for tool in page.TOOLS}
# what no price list explains: functions that a model or a class of its own calls, or that a module
# calls in turn
CALLED = {"inception_v3", "inception_v3_aux", "convnext_tiny"}
INSIDE = {"alexnet_2012", "alexnet_2012_nogroups", "zfnet", "zfnet_b", "googlenet", "googlenet_aux"}


def cells(line):
    return [
        unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<t[dh]\b.*?</t[dh]>", line)
    ]


def number(text):
    return int(re.sub(r"[^\d]", "", text))


def table(text):
    head, *body = re.findall(r"<tr>.*?</tr>", text.replace("<br>", " "))
    return cells(head), [cells(line) for line in body]


def test_a_tool_that_has_not_counted_a_network_says_nothing_of_it():
    for tool in page.TOOLS:
        said = page._told(tool, "vgg16", lookup("vgg16"), {})
        assert (said.text, said.same, said.note) == ("", False, "")
        assert page._verdict(said) == "–"


@pytest.mark.parametrize("key", KEYS)
def test_each_column_of_the_matrix_adds_up_to_what_its_prices_make(key):
    head, body = table(page.said_table(key, page.lines(key, RECORD)))
    (first, many, *lists), prices = table(page.matrix(key, page.lines(key, RECORD)))
    assert head == ["source", "it says", "its prices make", "unit", "the same"]
    assert (first, many) == ("what there is: MACs, adds, taps", "how many")
    made = {
        name: sum(number(count) * int(line[column]) for _, count, *line in prices)
        for column, name in enumerate(lists)
    }
    for (_, _, total, unit, _), source in zip(body, page.lines(key, RECORD), strict=True):
        if source.prices is None:
            assert total == unit == "–"
            continue
        name = re.sub("_", " ", source.prices.name)
        assert made[name] == number(total) == lookup(key).operations(source.prices)
        assert unit == f"{source.prices.unit}s, {source.prices.name}"


@pytest.mark.parametrize("name", cnnref.names())
def test_every_tool_is_shown_as_it_ran_and_is_explained_to_the_last_digit(name):
    size = "x".join(map(str, lookup(name).input_shape.size))
    _, body = table(page.said_table(name, page.lines(name, RECORD)))
    told = [line for line in body if line[0].rpartition(" ")[0] in NAMES]
    shown = {NAMES[line[0].rpartition(" ")[0]]: (*line[1:3], line[4]) for line in told}
    assert shown.keys() == TOOLS.keys()
    for tool, (says, made, verdict) in shown.items():
        assert number(says) == RECORD[name, size, tool].total
        assert (verdict == "equal") == (made != "–" and number(says) == number(made))
    otherwise = {tool for tool, (_, _, verdict) in shown.items() if verdict != "equal"}
    expected = {"torchscan"}
    expected |= {"ptflops pytorch"} if name in CALLED | INSIDE else set()
    assert otherwise == expected | ({"thop"} if name in CALLED else set())


def test_the_tools_are_those_that_ran_under_the_same_price_lists():
    assert [tool.name for tool in page.TOOLS] == [tool.name for tool in RUN if tool != BYTES]
    for tool in RUN:
        own = TOOLS[tool.name].prices
        assert (own.name if own in CONVENTIONS.values() else "") == tool.convention, tool.name


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "vgg16", "vgg11_bn", "alexnet"])
def test_torchscan_counts_a_pooling_by_the_width_of_its_window(name):
    said = RECORD[name, "224x224", "torchscan"].total
    own = 0
    for layer in lookup(name):
        counts = layer.counts
        if layer.op == "batch_norm":
            own += 2 * counts.elements_out
        elif layer.op == "max_pool":
            own += (layer.window.kernel[0] - 1) * counts.elements_out
        elif layer.op == "adaptive_avg_pool":
            own += counts.elements_in + counts.elements_out
    assert said == lookup(name).macs + own


def test_a_tool_was_not_asked_at_the_lectures_input():
    (_, *rest) = page.lines("alexnet@227", RECORD)
    assert [source.text for source in rest] == [""] * len(page.TOOLS)
    _, body = table(page.said_table("alexnet@227", page.lines("alexnet@227", RECORD)))
    assert {line[1] for line in body} == {"–"}


def test_a_price_without_a_line_is_refused():
    book, prices = lookup("vgg16"), page.lines("vgg16", RECORD)[0].prices
    counts = page.priced(book, [prices])
    page.refuse_unpriced(book, [prices], counts)
    del counts["linear", "macs"]
    with pytest.raises(AssertionError, match=r"^lecture of vgg16: a price has no line\.$"):
        page.refuse_unpriced(book, [prices], counts)


def test_a_total_that_nothing_explains_is_refused():
    key = ("vgg16", "224x224", "fvcore")
    changed = RECORD | {key: RECORD[key]._replace(total=RECORD[key].total + 1)}
    with pytest.raises(CnnrefError, match=r"^fvcore of vgg16: no reason is known for 15,?470"):
        page.said_table("vgg16", page.lines("vgg16", changed))


def test_a_difference_says_how_large_it_is_and_why():
    lines = {source.who: source for source in page.lines("inception_v3", RECORD)}
    (thop,) = (source for who, source in lines.items() if who.startswith("thop "))
    assert thop.note == (
        "2,002,400 less than its prices make. It hangs hooks on modules of PyTorch's own classes; "
        "this model calls some layers as functions, or has a class of its own for them."
    )
    assert "1,923,112 more than its prices make." in page.answer("alexnet_2012", RECORD)


def test_one_network_is_shown_and_each_is_a_link_and_a_script():
    text = page.answers("resnet50", RECORD)
    assert text.count("<table") == page.answer("resnet50", RECORD).count("<table") == 2
    links = re.findall(r'<a href="networks/(\w+)\.html#([\w-]+)" data-key="([\w-]+)">', text)
    assert [key for *_, key in links] == [page.anchor(key) for key in KEYS]
    assert {name for name, *_ in links} == {*cnnref.names()}
    assert {place for _, place, _ in links} == {page.SECTION}
    scripts = page.assets(RECORD)
    assert [*scripts] == [f"assets/answers/{page.anchor(key)}.js" for key in KEYS]
    script = scripts["assets/answers/counts-vgg16.js"]
    assert json.loads(script.partition(" = ")[2].rstrip(";\n")) == page.answer("vgg16", RECORD)
    assert text.count("data-search-exclude") == text.count("<section") == 1
    assert 'href="../errata.html#' in page.answer("vgg16", RECORD, "../")


def test_cited_counts_stand_beside_the_computed_ones():
    for figure in figures():
        if figure.name in cnnref.names() and figure.quantity in ("macs", "flops"):
            text = unescape(page._figure(figure, figure.name))
            assert str(figure.value) in text
            assert figure.source.citation in text
            assert ("rounded." in text) != ("It is not what the rows add up to: " in text)
    lines = {source.who: source for source in page.lines("vgg16", RECORD)}
    assert (lines["torchvision's metadata"].text, lines["the ResNet paper"].text) == (
        "15.47 G",
        "15.3 G",
    )
    assert [lines[who].same for who in ("torchvision's metadata", "the ResNet paper")] == [
        True,
        False,
    ]
    assert "15.35" in page.answer("vgg16", RECORD)
    assert 'href="errata.html#claim-vgg-full' in lines["the lecture"].note
    assert "<code>resnet50_v1</code>" in page.answer("resnet50", RECORD)


def test_a_cited_count_that_is_neither_rounded_nor_known_says_what_is_counted():
    figure = next(f for f in figures() if f.name == "vgg16" and f.source.key == "torchvision")
    odd = figure._replace(quantity="macs", value=figure.value._replace(text="15.50"), unit="G")
    assert "counted by macs it is 15.470" in page._figure(odd, "vgg16")
