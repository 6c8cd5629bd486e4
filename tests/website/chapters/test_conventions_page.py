"""The conventions page on padding and memory; its matrix has tests of its own."""

import re

import pytest

import cnnref
from cnnref.counting.conventions import CONVENTIONS
from cnnref.counting.shapes import COUNTS, FURTHER
from studies.peers.records import read
from website.chapters.conventions import page


def cells(line):
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[dh]\b.*?</t[dh]>", line)]


def number(text):
    return int(re.sub(r"[^\d]", "", text))


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
    assert head == ["meaning", "VGG-16 (MB)", "ResNet-50 (MB)", "who means it"]
    meanings = {line[0]: line[1:-1] for line in lines}
    assert meanings["parameters"] == ["527.8", "97.5"]
    assert meanings["the most that is alive at once"] == ["24.5", "9.2"]
    assert meanings["the file of weights"] == ["527.8", "97.8"]
    assert len({tuple(values) for values in meanings.values()}) == len(meanings)
    assert "–" in page.memories([("plain-18", "plain18")])


def test_torchinfos_memory_is_what_is_on_record_for_every_network():
    said = [row for row in read() if row.tool == "torchinfo bytes"]
    assert {row.network for row in said} == set(cnnref.names())
    for row in said:
        table = cnnref.table(row.network, input_size=tuple(map(int, row.input.split("x"))))
        assert page.torchinfo_bytes(table) == row.total, row


def test_padding_is_stated_by_network_and_by_stage():
    text = page.padding_stages("vgg16")
    lines = [cells(line) for line in re.findall(r"<tr>.*?</tr>", text)[1:]]
    assert [line[0] for line in lines] == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    assert sum(number(line[3]) for line in lines) == cnnref.table("vgg16").padding_macs
    assert lines[-1][1] == "14 × 14"
    assert cells(page.padding([("A", "alexnet@227")]))[-1] == "7.9%"


def test_numbers_in_sentences_carry_their_unit():
    assert ">8.18 GFLOPs<" in page.said("resnet50", "torch")
    assert ">1,000<" in page.counted("resnet50", "total", "bias_adds")
    with pytest.raises(ValueError, match="Unknown convention"):
        page.said("resnet50", "mine")


def test_every_raw_count_that_can_have_a_price_has_words() -> None:
    assert set(page.SINGULAR) == {*COUNTS, *FURTHER}
    own, others = (page.conventions_table(tools=tools) for tools in (False, True))
    assert own.count('<th scope="row">') == 3
    assert own.count('<th scope="row">') + others.count('<th scope="row">') == len(CONVENTIONS)
    assert "-1 per sum" in others
