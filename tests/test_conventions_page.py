"""The conventions page: its lines are equations, for every network, and tools say what it says."""

import re
from html import unescape

import pytest

import cnnref
from cnnref.cited import figures
from cnnref.conventions import CONVENTIONS
from cnnref.facts import lookup
from cnnref.pages import conventions_page as page

KEYS = ("alexnet@227", *cnnref.names())


def cells(line):
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[dh]\b.*?</t[dh]>", line)]


def number(text):
    return int(re.sub(r"[^\d]", "", text))


@pytest.mark.parametrize("key", KEYS)
def test_each_line_of_the_matrix_adds_up_to_what_the_convention_says(key):
    head, *lines = re.findall(r"<tr>.*?</tr>", page.matrix(key).replace("<br>", " = "))
    counts = [number(cell.rpartition(" = ")[2]) for cell in cells(head)[2:]]
    assert len(lines) == len(cnnref.conventions())
    for line in lines:
        name, says, *prices = cells(line)
        added = sum(int(price) * count for price, count in zip(prices, counts, strict=True))
        assert added == number(says) == lookup(key).flops(name)
        assert says.endswith(f"{CONVENTIONS[name].unit}s")


def test_a_price_without_a_column_is_refused():
    book, entry = lookup("vgg16"), CONVENTIONS["macs"]
    counts = page.priced(book)
    del counts["linear", "macs"]
    with pytest.raises(AssertionError, match=r"^macs of vgg16: a price has no column\.$"):
        page._line(entry, book, counts)


def test_every_network_is_prepared_and_one_is_open():
    text = page.answers("resnet50")
    anchors = re.findall(r'<details id="(counts-[^"]*)"', text)
    assert len(anchors) == len(set(anchors)) == len(KEYS)
    assert re.search(r'data-order="([^"]*)"', text)[1].split() == [page._anchor(k) for k in KEYS]
    assert re.findall(r'<details id="([^"]*)" open>', text) == ["counts-resnet50"]
    assert text.count("data-search-exclude") == text.count("<section") == 1


def test_cited_counts_stand_beside_the_computed_ones():
    for figure in figures():
        if figure.name in cnnref.names() and figure.quantity in ("macs", "flops"):
            text = unescape(page._figure(figure, figure.name))
            assert str(figure.value) in text
            assert figure.source.citation in text
            assert ("rounded." in text) != ("It is not what the rows add up to: " in text)
    assert "15.35" in page._printed("vgg16")
    assert 'That is wrong: <a href="errata.html#claim-vgg-full' in page._printed("vgg16")
    assert "<code>resnet50_v1</code>" in page._printed("resnet50")
    assert page._printed("zfnet") == (
        "<p>No source of the figures on this site prints its operations.</p>"
    )


def test_a_cited_count_that_is_neither_rounded_nor_known_says_what_is_counted():
    figure = next(f for f in figures() if f.name == "vgg16" and f.source.key == "torchvision")
    odd = figure._replace(quantity="macs", value=figure.value._replace(text="15.50"), unit="G")
    assert "counted by macs it is 15.470" in page._figure(odd, "vgg16")


def test_torchinfos_memory_is_what_torchinfo_says():
    torchinfo = pytest.importorskip("torchinfo")
    for name in ("resnet18", "squeezenet1_0"):
        network = cnnref.model(name).eval()
        said = torchinfo.summary(network, (1, 3, 64, 64), verbose=0)
        table = cnnref.table(name, input_size=64)
        assert page.torchinfo_bytes(table) == said.total_output_bytes, name


def test_memories_name_their_network_and_differ_by_meaning():
    text = page.memories([("VGG-16", "vgg16"), ("ResNet-50", "resnet50")])
    head, *lines = (cells(line) for line in re.findall(r"<tr>.*?</tr>", text))
    assert head == ["meaning", "VGG-16 (MB)", "ResNet-50 (MB)"]
    meanings = {line[0]: line[1:] for line in lines}
    assert meanings["parameters"] == ["527.8", "97.5"]
    assert meanings["the most that is alive at once"] == ["24.5", "9.2"]
    assert len({tuple(values) for values in meanings.values()}) == len(meanings)


def test_padding_is_stated_by_network_and_by_stage():
    text = page.padding_stages("vgg16")
    lines = [cells(line) for line in re.findall(r"<tr>.*?</tr>", text)[1:]]
    assert [line[0] for line in lines] == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    assert sum(number(line[3]) for line in lines) == cnnref.padding_macs(cnnref.table("vgg16"))
    assert lines[-1][1] == "14 × 14"
    assert cells(page.padding([("A", "alexnet@227")]))[-1] == "7.9%"


def test_numbers_in_sentences_carry_their_unit():
    assert ">8.18 GFLOPs<" in page.said("resnet50", "torch")
    assert ">1,000<" in page.counted("resnet50", "total", "bias_adds")
    with pytest.raises(ValueError, match="Unknown convention"):
        page.said("resnet50", "mine")
