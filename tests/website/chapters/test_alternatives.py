"""What the text alternatives of the chapters' charts say, put to the numbers that are drawn."""

import re
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import pytest

import cnnref
from website.chapters.complexity.charts import memory_alive
from website.chapters.googlenet.page import block_bars, reduction_bars
from website.chapters.resnet.degradation import record, runs
from website.charts.comparison import points
from website.data import ilsvrc

DOCS = Path(__file__).resolve().parents[3] / "docs"
CHART = re.compile(r'chart\("([\w-]+)", "[^"]*", "([^"]*)"\)')
TOLD = {
    key: text
    for page in sorted(DOCS.glob("*.md"))
    for key, text in CHART.findall(page.read_text(encoding="utf-8"))
}
COSTS = {
    "stored_bytes": lambda part: part.stored_bytes("lecture"),
    "parameters": lambda part: part.parameters,
    "operations": lambda part: part.operations("lecture"),
}


def says(key, *words):
    for text in words:
        assert text in TOLD[key], f"{key} does not say '{text}'"


def layers(name, cost, size=None):
    table = cnnref.table(name, input_size=size)
    listed = [layer for layer in table.listed("lecture") if layer.op != "flatten"]
    one = [cnnref.Table([layer], name=name, input_shape=table.input_shape) for layer in listed]
    return {part[0].name: COSTS[cost](part) for part in one}


def stages(name, cost, size=None):
    groups = cnnref.table(name, input_size=size).group("stage")
    return {stage: COSTS[cost](part) for stage, part in groups.items()}


def ranked(costs):
    return sorted(costs, key=costs.get, reverse=True)


def small(cost, costs, share=0.06):
    return cost < share * max(costs.values())


def test_every_chart_has_words_that_a_test_looks_at():
    source = Path(__file__).read_text(encoding="utf-8")
    assert len(TOLD) >= 28
    for key in TOLD:
        assert f'"{key}"' in source, key


def test_alexnet():
    memory, parameters, flops = (layers("alexnet", cost, 227) for cost in COSTS)
    says("alexnet-memory", "first convolution has by far the longest bar, the second", "vanish")
    assert ranked(memory)[:2] == ["conv1", "conv2"]
    after = list(memory)[list(memory).index("pool5") :]
    assert all(small(memory[name], memory) for name in after)
    says("alexnet-parameters", "fc6 is longer than all others together", "barely visible")
    assert 2 * parameters["fc6"] > sum(parameters.values())
    convs = [value for name, value in parameters.items() if name.startswith("conv")]
    assert all(small(value, parameters) for value in convs)
    says("alexnet-flops", "conv2 the longest", "poolings are invisible")
    assert ranked(flops)[:5] == ["conv2", "conv4", "conv3", "conv5", "conv1"]
    assert all(small(v, flops, 0.01) for name, v in flops.items() if name.startswith("pool"))


def test_zfnet():
    names = ("alexnet_2012", "zfnet", "zfnet_b")
    memory, parameters, flops = ([stages(name, cost) for name in names] for cost in COSTS)
    says(
        "zfnet-memory", "first stage is the longest for all", "several times as long as in AlexNet"
    )
    assert {ranked(costs)[0] for costs in memory} == {"conv1"}
    assert memory[1]["conv1"] == memory[2]["conv1"] > 3 * memory[0]["conv1"]
    says("zfnet-parameters", "fc6 is the longest bar for all", "twice as long as in the others")
    assert {ranked(costs)[0] for costs in parameters} == {"fc6"}
    assert round(parameters[2]["fc6"] / parameters[1]["fc6"], 2) == 2
    says("zfnet-flops", "second stage is longest; in ZFNet the second stage is longer still")
    assert [ranked(costs)[0] for costs in flops[:2]] == ["conv2", "conv2"]
    assert flops[1]["conv2"] > flops[0]["conv2"]
    assert set(ranked(flops[2])[:2]) == {"conv4", "conv5"}
    assert abs(flops[2]["conv4"] / flops[2]["conv5"] - 1) < 0.001
    assert min(flops[2]["conv4"], flops[2]["conv5"]) > 1.9 * flops[2]["conv2"]


def test_vgg_by_layer():
    memory, parameters, flops = (layers("vgg16", cost) for cost in COSTS)
    says("vgg16-memory", "halve from stage to stage", "a quarter of the ones before")
    wide = [memory[f"conv{stage}_1"] for stage in (1, 2, 3, 4, 5)]
    assert memory["conv1_1"] == memory["conv1_2"] == max(memory.values())
    assert [a / b for a, b in pairwise(wide)] == [2, 2, 2, 4]
    says("vgg16-parameters", "fc6 dwarfs all the others", "last two stages are just visible")
    assert parameters["fc6"] > 6 * parameters[ranked(parameters)[1]]
    shares = {name: value / parameters["fc6"] for name, value in parameters.items()}
    assert all(0.01 < shares[f"conv{s}_{n}"] < 0.03 for s in (4, 5) for n in (1, 2, 3))
    says("vgg16-flops", "Nearly half of the convolutions have bars of one length", "half of it")
    convs = {name: value for name, value in flops.items() if name.startswith("conv")}
    longest = max(convs.values())
    assert sum(value == longest for value in convs.values()) == 6
    assert len(convs) == 2 * 6 + 1
    assert all(2 * convs[f"conv{stage}_1"] == longest for stage in (2, 3, 4))
    assert all(4 * convs[f"conv5_{n}"] == longest for n in (1, 2, 3))
    assert small(convs["conv1_1"], convs)
    assert all(small(flops[f"fc{n}"], flops) for n in (6, 7, 8))


def test_vgg_by_stage():
    family = [stages(name, "operations") for name in ("vgg11", "vgg13", "vgg16", "vgg19")]
    says("vgg-family-flops", "third and fourth stages grow most with depth", "small and equal")
    grown = {stage: family[-1][stage] - family[0][stage] for stage in family[0]}
    assert set(ranked(grown)[:2]) == {"conv3", "conv4"}
    for stage in ("fc6", "fc7", "fc8"):
        assert len({costs[stage] for costs in family}) == 1
    alexnet = {cost: stages("alexnet", cost, 227) for cost in COSTS}
    vgg = {cost: stages("vgg16", cost) for cost in COSTS}
    says("alexnet-vgg16-memory", "first stage is the longest bar by far", "is a sliver")
    assert ranked(vgg["stored_bytes"])[0] == "conv1"
    assert max(alexnet["stored_bytes"].values()) < 0.04 * vgg["stored_bytes"]["conv1"]
    says("alexnet-vgg16-parameters", "long bar at fc6", "almost three times AlexNet's")
    assert {ranked(of["parameters"])[0] for of in (alexnet, vgg)} == {"fc6"}
    assert 2.5 < vgg["parameters"]["fc6"] / alexnet["parameters"]["fc6"] < 3
    assert all(alexnet["parameters"][stage] == vgg["parameters"][stage] for stage in ("fc7", "fc8"))
    says("alexnet-vgg16-flops", "second, third and fourth stages have the long bars", "slivers")
    assert set(ranked(vgg["operations"])[:3]) == {"conv2", "conv3", "conv4"}
    assert max(alexnet["operations"].values()) < 0.05 * max(vgg["operations"].values())


def test_the_starts_of_googlenet_and_vgg():
    from cnnref.drawing.bars import to_spec
    from website.chapters.googlenet.page import starts

    for cost in ("stored_bytes", "operations"):
        values = to_spec(starts(cost))["data"]["values"]
        sizes = sorted({value["size"] for value in values}, key=lambda size: -int(size.split()[0]))
        of = {(v["network"], v["size"]): v["exact"] for v in values}
        wide, *rest = sizes
        assert ("GoogLeNet", wide) not in of
        if cost == "stored_bytes":
            assert all(of["VGG-16", size] > of["GoogLeNet", size] for size in rest)
    says("starts-memory", "at the full size of the image, where GoogLeNet has none", "longer bars")
    says(
        "starts-flops", "long bars at the three largest sizes", "only visible bars are at its first"
    )
    google = [of.get(("GoogLeNet", size), 0) for size in sizes]
    assert google[1] > 0.02 * max(of.values())
    assert google[2] > 0.02 * max(of.values())
    assert google[3] < 0.002 * max(of.values())


def test_inception_modules():
    pairs = [value["exact"] for value in reduction_bars("operations").to_dict()["data"]["values"]]
    times = [plain / real for real, plain in zip(pairs[::2], pairs[1::2], strict=True)]
    says("inception-reductions-flops", "more than twice as long in every module", "several times")
    assert min(times) > 2
    assert min(times[2:]) > 3
    both = [v["exact"] for v in reduction_bars("parameters").to_dict()["data"]["values"]]
    says("inception-reductions-parameters", "Both grow towards the end", "much faster")
    real, plain = both[::2], both[1::2]
    assert real[-1] == max(real)
    assert plain[-1] == max(plain)
    assert plain[-1] - plain[0] > 3 * (real[-1] - real[0])


def test_googlenet_by_part():
    def parts(cost):
        values = block_bars(cnnref.table("googlenet"), cost).to_dict()["data"]["values"]
        return {next(iter(value.values())): value["exact"] for value in values}

    memory, parameters, flops = (parts(cost) for cost in COSTS)
    says("googlenet-memory", "have the longest bars; the first modules follow")
    assert ranked(memory)[:4] == ["conv1", "conv2", "3b", "3a"]
    assert max(memory[m] for m in ("4a", "4b", "4c", "4d", "4e")) < min(memory["3a"], memory["3b"])
    assert max(memory["5a"], memory["5b"]) < min(memory["4a"], memory["4b"])
    says("googlenet-parameters", "almost invisible, to the last module", "last module but one")
    assert ranked(parameters)[0] == "5b"
    assert small(parameters["conv1"], parameters, 0.01)
    assert abs(parameters["head"] / parameters["5a"] - 1) < 0.02
    says(
        "googlenet-flops", "conv2, the second half of the stem, and the module 3b have the longest"
    )
    assert ranked(flops)[:2] == ["conv2", "3b"]
    assert max(flops.values()) < sum(flops.values()) / 4


def test_residual_networks():
    names = [f"resnet{depth}" for depth in (18, 34, 50, 101, 152)]
    tables = [cnnref.table(name) for name in names]

    def by_stage(what):
        return [
            {stage: getattr(part, what) for stage, part in table.group("stage").items()}
            for table in tables
        ]

    macs, parameters = by_stage("macs"), by_stage("parameters")
    says("resnets-macs", "nearly all of it in conv3 and conv4; stem and head are slivers")
    grown = {stage: macs[-1][stage] - macs[0][stage] for stage in macs[0]}
    assert grown["conv3"] + grown["conv4"] > 0.9 * sum(grown.values())
    assert small(macs[-1]["conv1"], {"all": tables[-1].macs})
    says("resnets-parameters", "conv5 and conv4 hold most", "more than all others together")
    assert all(set(ranked(costs)[:2]) == {"conv4", "conv5"} for costs in parameters)
    assert all(2 * costs["conv4"] > sum(costs.values()) for costs in parameters[-2:])
    says("resnets-activations", "step from ResNet-34 to ResNet-50 is the largest")
    totals = [table.mac_activations for table in tables]
    rises = [b - a for a, b in pairwise(totals)]
    assert max(rises) == rises[1]
    says("resnets-errors", "falls with depth, fast at first and slowly at the end")
    for key in ("torchvision", "ten_crops"):
        found = {p.label: float(p.error) for p in points(key) if p.label.startswith("ResNet")}
        errors = [found[f"ResNet-{depth}"] for depth in (18, 34, 50, 101, 152)]
        falls = [a - b for a, b in pairwise(errors)]
        assert falls == sorted(falls, reverse=True)
        assert falls[-1] > 0
        assert falls[0] > 3 * falls[-1]


def test_the_maps_that_are_alive():
    drawn = {"VGG-16": {}, "GoogLeNet": {}, "ResNet-50": {}}
    for value in memory_alive().to_dict()["data"]["values"]:
        drawn[value["network"]][value["layer"]] = value["exact"]
    vgg, google, residual = drawn.values()
    says("memory-alive", "VGG-16 starts by far the highest", "falls with each pooling")
    first, *others = (next(iter(alive.values())) for alive in (vgg, google, residual))
    assert first > 3 * max(others)
    assert max(vgg.values()) > 2 * max(*google.values(), *residual.values())
    before = [max(vgg[f"conv{stage}_{n}"] for n in (1, 2)) for stage in (1, 2, 3, 4, 5)]
    assert all(after <= wide / 2 for wide, after in pairwise(before))
    says("memory-alive", "second rise in its first stage, where a shortcut", "and then falls")
    peaks = {}
    for name, alive in residual.items():
        part = name.split("_")[0] if "_" in name else "stem"
        peaks[part] = max(peaks.get(part, 0), alive)
    assert list(peaks)[:5] == ["stem", "conv2", "conv3", "conv4", "conv5"]
    assert ranked(peaks)[0] == "conv2"
    assert residual["conv2_1.conv1"] < peaks["stem"] < peaks["conv2"]
    falls = [peaks[f"conv{stage}"] for stage in (2, 3, 4, 5)]
    assert falls == sorted(falls, reverse=True)
    assert len({*falls}) == len(falls)
    # what the addition reads and writes are two wide maps and their sum
    (wide,) = (row.out_shape for row in cnnref.table("resnet50") if row.name == "conv2_1.add")
    assert residual["conv2_1.add"] == peaks["conv2"] == 3 * 4 * wide.elements


def test_the_experiment_on_depth():
    def mean(kind, depth, what):
        found = [getattr(run, what) for run in runs() if (run.kind, run.depth) == (kind, depth)]
        return sum(found) / len(found)

    def curves_of(kind, depth):
        return [run.curve for run in runs() if (run.kind, run.depth) == (kind, depth)]

    depths = sorted({run.depth for run in runs()})
    images = record()["settings"]["test_images"]
    plain, residual = (
        {what: [mean(kind, depth, what) for depth in depths] for what in ("loss", "wrong")}
        for kind in ("plain", "residual")
    )
    says("degradation-error", "climbs steeply from the third depth on", "most of the images")
    first, second, third, *_ = plain["wrong"]
    assert third - second > 3 * (second - first)
    assert plain["wrong"][-1] > images / 2
    assert max(residual["wrong"]) < 0.05 * images
    says("degradation-loss", "climbs with every step in depth, the residual networks' stays low")
    assert plain["loss"] == sorted(plain["loss"])
    assert max(residual["loss"]) < plain["loss"][1]
    says("degradation-curves", "the deep residual one a little later", "is still high at the end")
    curves = {
        (kind, depth): [fmean(point) for point in zip(*curves_of(kind, depth), strict=True)]
        for kind in ("plain", "residual")
        for depth in (depths[0], depths[-1])
    }
    deep = curves.pop(("plain", depths[-1]))
    late = curves.pop(("residual", depths[-1]))
    middle = len(deep) // 2
    assert all(deep[-1] > 10 * curve[-1] for curve in (late, *curves.values()))
    assert all(curve[middle] < late[middle] < deep[middle] for curve in curves.values())


def test_the_challenge_by_year():
    wins = {
        entry.year: entry.top5_error.number
        for entry in ilsvrc()
        if entry.role == "winner" and entry.data == "provided"
    }
    people = [entry.top5_error.number for entry in ilsvrc() if entry.role == "human"]
    says("imagenet-by-year", "from long to short", "less than two thirds as long", "From 2015 on")
    assert list(wins.values()) == sorted(wins.values(), reverse=True)
    assert 0.6 < wins[2012] / wins[2011] < 2 / 3
    assert [year for year, error in wins.items() if error < min(people)] == [2015, 2016, 2017]


@pytest.mark.parametrize("key", sorted(TOLD))
def test_each_alternative_is_a_sentence_that_tells_something(key):
    assert len(TOLD[key].split()) >= 12
    assert TOLD[key].endswith(".")
