"""What the chapters compute beside the tables, each held against counting by another way."""

import re

import pytest

import cnnref
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.net import Net
from cnnref.specs.googlenet import TABLE_1
from website import facts
from website import tables as page_tables
from website.chapters import zfnet
from website.chapters.googlenet import page as googlenet
from website.chapters.googlenet.page import MODULES, block_bars, break_even, reduction_bars
from website.chapters.resnet.page import block_count, cifar_family
from website.chapters.vgg import peak
from website.inline import cited, difference, field, more
from website.lessons import BLOCKS, block, part
from website.tables import blocks, cited_errors, costs, differing_rows, excerpt


def cells(table):
    """The texts of a table's cells, line by line."""
    lines = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.split("</t[hd]>", line)] for line in lines]


def value(text):
    return int(re.search(r'value="(\d+)"', text)[1])


@pytest.mark.parametrize(("channels", "size"), [(1, 1), (3, 2), (64, 56)])
def test_a_basic_block_costs_18_and_a_bottleneck_17(channels, size):
    for kind, factor in (("basic", 18), ("bottleneck", 17)):
        book = part(f"{kind}:{channels}:{size}")
        assert book.parameters == factor * channels**2
        assert book.macs == factor * size**2 * channels**2
        assert book[-1].out_shape == book.input_shape


def test_the_blocks_in_units_are_those_of_the_networks():
    for kind, network, name in (
        ("basic", "resnet34", "conv2_2"),
        ("bottleneck", "resnet50", "conv2_2"),
    ):
        inside = [row for row in cnnref.table(network).group("block")[name] if row.op == "conv"]
        alone = [row for row in part(f"{kind}:64:56") if row.op == "conv"]
        assert [row.counts for row in inside] == [row.counts for row in alone]


def test_single_layers_are_the_rows_of_alexnet():
    book = cnnref.table("alexnet", input_size=227)
    for name, row in (
        ("conv:3:227:64:11:4:2", "conv1"),
        ("pool:64:56:3:2", "pool1"),
        ("linear:9216:4096", "fc6"),
    ):
        (alone,) = part(name)
        assert (alone.out_shape, alone.counts) == (book[row].out_shape, book[row].counts)
    grouped = cnnref.table("alexnet_2012")["conv2"]
    assert part("conv:96:27:256:5:1:2:2")[0].counts == grouped.counts
    assert part("pool:96:110:3:2:0:1")[0].out_shape == (96, 55, 55)
    assert [row.macs for row in part("chain:2:4:3:5:7")] == [16 * 9 * 2 * 5, 16 * 9 * 5 * 7]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dense:1:1", "Unknown part 'dense': "),
        ("conv:3:x:64:11", "part 'conv:3:x:64:11': each size must be a whole number."),
        ("conv:3:227", "part 'conv:3:227': conv takes 4 to 8 sizes."),
    ],
)
def test_a_part_that_is_not_there_is_refused(name, message):
    with pytest.raises(CnnrefError, match=re.escape(message)):
        part(name)


# what the parts of each block hold, layer by layer
HELD = {
    "lenet": (6 * 26, 16 * 151, 120 * 401, 84 * 121, 10 * 85),
    "plain": (9 * 256 * 256,),
    "grouped": (9 * 8 * 256,),
    "separable": (9 * 256, 256 * 256),
    "bottleneck": (256 * 64, 9 * 64 * 64, 64 * 256),
    "resnext": (256 * 128, 9 * 4 * 128, 128 * 256),
    "wide_bottleneck": (256 * 128, 9 * 128 * 128, 128 * 256),
    "squeeze_excite": (16 * 257, 256 * 17),
    "dense": tuple(count for maps in range(256, 448, 32) for count in (maps * 128, 9 * 128 * 32)),
    "dense_pair": (256 * 128, 9 * 128 * 32, 288 * 128, 9 * 128 * 32),
    "inverted": (24 * 144, 9 * 144, 144 * 24),
    "expanded": (24 * 144, 9 * 144 * 144, 144 * 24),
    "shuffle": (256 * 16, 9 * 64, 16 * 256),
    "shuffle_ungrouped": (256 * 64, 9 * 64, 64 * 256),
    "convnext": (96 * 50, 384 * 97, 96 * 385),
    "convnext_plain": (9 * 96 * 96,),
    "stack": (9 * 64 * 64,) * 4,
    "deeper": (9 * 64 * 64,) * 8,
    "wider": (9 * 128 * 128,) * 4,
    "sharper": (9 * 64 * 64,) * 4,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_has_the_layers_of_its_paper(name):
    book = block(name)
    assert tuple(row.parameters for row in book if row.parameters) == HELD[name]
    if name not in ("lenet", "squeeze_excite", "dense", "dense_pair"):
        # nothing is cut off at the edges
        assert book[-1].out_shape == book.input_shape


def test_a_part_has_facts_like_a_network():
    assert facts.fact("part:conv:3:227:64:11:4:2/conv/macs") == 72855552


def test_fragments():
    assert value(difference("vgg19/total/macs", "vgg16/total/macs")) == 19632062464 - 15470264320
    assert ">27%<" in more("vgg19/total/macs", "vgg16/total/macs")
    assert value(field("alexnet@227/conv2")) == 19 + 4 * 8
    assert value(peak("vgg16")) == 2 * 64 * 224 * 224 * 4
    assert [value(block_count("resnet50", f"conv{n}")) for n in (2, 3, 4, 5)] == [3, 4, 6, 3]
    with pytest.raises(UnknownNameError, match=r"^Unknown stage of resnet50 'conv9': "):
        block_count("resnet50", "conv9")
    with pytest.raises(UnknownNameError, match=r"^Unknown unit 'MiB': "):
        difference("vgg19/total/macs", "vgg16/total/macs", "MiB")


@pytest.mark.parametrize("module", MODULES)
def test_the_widest_reduction_that_saves(module):
    _, _, filters, _, _, _ = dict(TABLE_1)[module]
    channels = cnnref.table("googlenet")[f"inception_{module}.1x1"].in_shape[0]
    saving = [r for r in range(1, 999) if channels * r + 9 * r * filters < 9 * channels * filters]
    assert value(break_even(module)) == max(saving)


def test_a_tilde_stands_for_a_space_in_what_is_cited():
    text = cited("zfnet", "top5_err", "zf2013", "val,~1~convnet")
    assert text == cited("zfnet", "top5_err", "zf2013", "val, 1 convnet")
    assert ">16.5<" in text
    assert ">29.7<" in cited("VGG-11~+~LRN", "top1_err", "vgg2014")
    with pytest.raises(CnnrefError, match=r"2 figures fit; name exactly one\."):
        cited("zfnet_b", "top5_err", "zf2013")


def test_tables_of_errors_hold_every_protocol_of_the_source():
    (_, *lines) = cells(cited_errors("zf2013", ["zfnet", "ZFNet~(5~nets)", "zfnet_b"], "val"))
    assert [line[2:4] for line in lines] == [["38.4", "16.5"], ["36.7", "15.3"], ["37.5", "16.0"]]
    (_, first, *_) = cells(cited_errors("krizhevsky2012+zf2013", ["alexnet_2012", "zfnet"], "val"))
    assert first[1:4] == ["Table 2: ILSVRC-2012 validation images, 1 CNN", "40.7", "18.2"]
    with pytest.raises(CnnrefError) as refused:
        cited_errors("zf2013", ["vgg16"])
    assert str(refused.value) == "zf2013 prints no error of vgg16 with '' in the note."


def test_costs_stand_beside_the_one_error_of_a_protocol():
    (head, first, second) = cells(costs(["plain18", "resnet50_v1"], "resnet2015", "10-crop"))
    assert head[-3:-1] == ["top-1 error (%)", "top-5 error (%)"]
    assert first[:-1] == ["plain-18", "18", "11.52", "1.79", "2.3", "27.94", "–"]
    assert second[-3:-1] == ["22.85", "6.71"]
    with pytest.raises(CnnrefError, match="resnet18: no figure of zf2013 has '' in the note"):
        costs(["resnet18"], "zf2013")
    with pytest.raises(CnnrefError, match="resnet152_v1: 2 figures of preact2016 have '' in"):
        costs(["resnet152_v1"], "preact2016")


def test_an_excerpt_has_its_rows_their_total_and_no_ids():
    text = excerpt("googlenet", "stage:conv1+stage:conv2")
    assert "id=" not in text
    lines = cells(text)
    assert [line[0] for line in lines[1:]] == [
        "conv1", "pool1", "conv2_reduce", "conv2", "pool2", "Total",
    ]  # fmt: skip
    assert lines[-1][-4:-1] == ["7,644", "124", "481"]


@pytest.mark.parametrize("name", ["googlenet", "resnet50"])
def test_blocks_add_up_to_the_network(name):
    (_, *lines, total) = cells(blocks(name))
    numbers = re.findall(r'value="(\d+)"', blocks(name))
    pairs = list(zip(*[map(int, numbers)] * 2, strict=True))
    book = cnnref.table(name)
    assert pairs[-1] == (book.parameters, book.macs)
    assert tuple(map(sum, zip(*pairs[:-1], strict=True))) == pairs[-1]
    assert len(lines) == len(pairs) - 1
    assert total[0] == "total"


def test_the_cifar_family_is_the_papers():
    (_, *lines) = cells(cifar_family())
    assert [line[1] for line in lines] == ["3", "5", "7", "9", "18", "200"]
    assert [line[2][:3] for line in lines[:4]] == [line[3][:3] for line in lines[:4]]


def test_normalisations_are_shown_where_asked():
    networks = [("one", "alexnet_2012"), ("two", "zfnet")]
    names = [line[0] for line in cells(differing_rows(networks, ["lrn"]))]
    assert names.index("norm1") - names.index("conv1") in (1, 2)
    assert "norm1" not in [line[0] for line in cells(differing_rows(networks))]
    assert "rounded up" in differing_rows(networks)


def test_charts_hold_the_counts_of_the_tables():
    book = cnnref.table("googlenet")
    values = block_bars(book, "parameters").to_dict()["data"]["values"]
    assert sum(value["exact"] for value in values) == book.parameters
    pairs = reduction_bars("operations").to_dict()["data"]["values"]
    assert [pair["kind"] for pair in pairs[:2]] == ["reduced", "plain"]
    assert pairs[1]["exact"] == facts.lookup("googlenet:3a-naive").operations("lecture")
    assert len(pairs) == 2 * len(MODULES)
    assert len({key for page in (googlenet, zfnet) for key, _ in page.charts()}) == 12


def test_variants_show_windows_with_their_height_first(monkeypatch):
    books = {}
    for name, kernel, ceil in (("one", (3, 5), False), ("other", (5, 3), True)):
        net = Net((4, 20, 30), name=name)
        x = net.conv(
            net.input, 8, kernel, stride=(2, 1), padding=(1, 0), groups=2 if ceil else 1, name="c"
        )
        if ceil:
            net.max_pool(x, 3, stride=2, padding=1, ceil_mode=True, name="p")
        books[name] = net.table()
    monkeypatch.setattr(page_tables, "lookup", books.__getitem__)
    shown = cells(differing_rows([("One", "one"), ("Other", "other")]))
    rows = {row[0]: row[1:3] for row in shown if len(row) > 2}
    assert rows["c"] == [
        "3×5/2, pad 1→ 8×10×26",
        "5×3/2, pad 1, 2 groups→ 8×9×28",
    ]
    # of nine rows and a margin on both sides a pooling makes five; a network without it has a dash
    assert rows["p"] == ["–", "3×3/2, pad 1, rounded up→ 8×5×15"]
