"""Networks side by side: one protocol at a time, costs as computed, ranks as defined."""

import re
from itertools import product

import pytest

from cnnref.drawing import bars as charts
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks import catalog
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from studies.machines.reference import reference
from website import citations
from website.chapters.after import later_table
from website.chapters.complexity import charts as overview_charts
from website.chapters.complexity import page as say
from website.chapters.complexity.page import comparison_table, depth_table, memory_table
from website.charts import comparison
from website.charts.bubbles import LETTER_WIDTH, Bubble
from website.charts.comparison import AXES, PROTOCOLS, Axis, Protocol, points
from website.charts.scatter import place_labels
from website.data import CHARTED
from website.inline import cited


@pytest.mark.parametrize("key", PROTOCOLS)
def test_a_protocol_mixes_no_sources_but_its_own(key):
    sources = {source for source, _, _ in PROTOCOLS[key].picks}
    shown = points(key, rebuilt=False)
    assert len(shown) >= 4
    for point in shown:
        assert point.figure.source.key in sources
        assert 50 < float(point.top1) < 85
        assert float(point.top1) + float(point.error) == pytest.approx(100)
        assert point.approximate == (point.figure.source.key == "canziani2016_chart")


def test_the_chart_has_every_network_under_some_protocol():
    shown = {point.label for key in PROTOCOLS for point in points(key, rebuilt=False)}
    # torchvision measured another AlexNet than the one of the chart, and that is said
    assert shown == {*CHARTED, "AlexNet (one tower)"}
    assert [point.label for point in points("canziani", rebuilt=False)] == [
        label for label in CHARTED if label != "Inception-ResNet-v2"
    ]


def test_every_network_of_the_chart_is_rebuilt():
    assert points("canziani") == points("canziani", rebuilt=False)


@pytest.fixture
def without_enet(monkeypatch):
    """The chart's points as they were if ENet's table could not be established."""
    rest = tuple(name for name in catalog.names() if name != "enet")
    monkeypatch.setattr(comparison, "names", lambda: rest)
    return points.__wrapped__


def test_a_network_that_is_not_rebuilt_has_an_accuracy_and_no_bubble(without_enet):
    assert "ENet" not in {point.label for point in without_enet("canziani")}
    point = next(p for p in without_enet("canziani", rebuilt=False) if p.label == "ENet")
    assert (point.name, point.top1) == ("", "68")


def test_the_cells_of_a_network_that_is_not_rebuilt_are_dashes(monkeypatch):
    monkeypatch.setattr(say, "CHARTED", {"ENet": (), "VGG-16": ("vgg16",)})
    rows = rows_of(comparison_table())
    costs = len(comparison.axes())
    assert rows["ENet"][:costs] == ["–"] * costs
    assert "≈ 68" in rows["ENet"][costs]
    assert "–" not in rows["VGG-16"][:costs]


def test_an_exact_figure_goes_before_one_read_off_the_chart(monkeypatch):
    picks = PROTOCOLS["canziani"].picks
    turned = Protocol("turned", "", "", picks[::-1])
    monkeypatch.setitem(comparison.PROTOCOLS, "turned", turned)
    exact = {p.label: p.top1 for p in points("canziani") if not p.approximate}
    rough = {p.label: p.top1 for p in points("turned")}
    assert (exact["ResNet-50"], rough["ResNet-50"]) == ("75.76", "76")


def test_the_variant_that_the_source_measured_is_the_one_whose_cost_is_shown():
    names = {point.label: point.name for point in points("ten_crops")}
    assert (names["ResNet-18"], names["ResNet-50"]) == ("resnet18_a", "resnet50_v1")
    assert {p.label: p.name for p in points("torchvision")}["AlexNet (one tower)"] == "alexnet"


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("scale", overview_charts.SCALES)
def test_bubbles_stand_at_the_computed_costs(axis, scale):
    spec = charts.to_spec(overview_charts.bubbles("torchvision", axis, scale))
    values = spec["data"]["values"]
    assert len(values) == len(points("torchvision"))
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    for value, point in zip(values, points("torchvision"), strict=True):
        book = catalog.table(point.name)
        assert value["exact_macs"] == book.macs
        assert value["exact_parameters"] == book.parameters
        assert value["x"] == QUANTITIES[axis].of(book, View.of("macs")) / AXES[axis].unit
        assert low < value["x"] < high
        assert value["source"]
        assert value["protocol"]


def test_a_further_axis_shows_the_networks_that_it_knows(monkeypatch):
    known = {"vgg16": 20, "resnet50": 5}
    axis = Axis("time", "time", "ms", "Time (ms)", 1, 1, known.get)
    monkeypatch.setattr(comparison, "axes", lambda: {**AXES, "time": axis})
    spec = charts.to_spec(overview_charts.bubbles("torchvision", "time", "linear"))
    assert {value["x"] for value in spec["data"]["values"]} == {5.0, 20.0}


def test_measured_time_is_an_axis_where_a_machine_is_on_record(monkeypatch):
    assert list(comparison.axes()) == [*AXES, "time"]
    time = comparison.axes()["time"]
    record = reference()
    measured = {
        one.network: one.time.median
        for one in record.measurements
        if (one.mode, one.batch_size, one.dtype) == ("inference", 1, "float32")
        and not (one.channels_last or one.tf32 or one.compiled)
    }
    for point in points("torchvision"):
        assert time.value(point.name) == round(1e9 * measured[point.name])
    assert record.title in time.short
    views = dict(overview_charts.choices())["bubbles"]["views"]
    notes = {view["note"] for view in views if view["answers"][1] == "time"}
    assert all(str(record.machine) in note for note in notes)
    monkeypatch.setattr(comparison, "reference", lambda: None)
    assert comparison.axes() == AXES


@pytest.mark.slow
def test_every_combination_of_answers_has_one_view_with_a_chart():
    drawn = dict(overview_charts.charts())
    for key, choice in overview_charts.choices():
        options = [[value for value, _ in q["options"]] for q in choice["questions"]]
        asked = [tuple(view["answers"]) for view in choice["views"]]
        assert sorted(asked) == sorted(product(*options))
        for view in choice["views"]:
            assert view["chart"] in drawn, key
            assert view["note"]
            assert view["description"]


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_no_name_in_the_first_view_covers_another(size):
    first = next(overview_charts.bubble_views())
    values = charts.to_spec(overview_charts.bubbles(*first))["data"]["values"]
    x = {value["label"]: value for value in values}
    font, width = overview_charts.FONT[size], overview_charts.INNER[size]
    domain = overview_charts._domain([value["x"] for value in values], first[2])
    low, high = overview_charts._accuracies()
    boxes = {}
    for label, value in x.items():
        left = (
            width * overview_charts.scatter.fraction(value["x"], domain, first[2]) + value[size][0]
        )
        top = overview_charts.HEIGHT * (high - value["top1"]) / (high - low) + value[size][1]
        half = len(label) * font * LETTER_WIDTH / 2
        boxes[label] = (left - half, left + half, top - font / 2, top + font / 2)
    for a, b in product(boxes, boxes):
        if a < b:
            one, two = boxes[a], boxes[b]
            apart = one[1] <= two[0] or two[1] <= one[0] or one[3] <= two[2] or two[3] <= one[2]
            assert apart, (a, b)


def test_names_in_one_spot_move_apart():
    crowd = [Bubble(100, 100, 5, name) for name in ("first", "second", "third")]
    places = place_labels(crowd, 200, 200, 10)
    assert len(set(places)) == 3


@pytest.mark.parametrize("name", catalog.names())
def test_the_longest_way_is_the_depth_of_the_record(name):
    assert citations.depth(catalog.table(name)) == catalog.architecture(name).depth


@pytest.mark.parametrize(("key", "axis"), list(product(PROTOCOLS, AXES)))
def test_the_front_is_who_no_other_beats(key, axis):
    cost = {point.label: AXES[axis].value(point.name) for point in points(key)}
    best = {point.label: float(point.top1) for point in points(key)}
    unbeaten = [
        one
        for one in best
        if not any(cost[two] <= cost[one] and best[two] >= best[one] and two != one for two in best)
    ]
    assert say.front(key, axis).split(", ") == sorted(unbeaten, key=cost.get)


def test_ranks_are_those_of_the_counts():
    order = [label for label, _ in say.ranking("macs")]
    costs = [value for _, value in say.ranking("macs")]
    assert costs == sorted(costs, reverse=True)
    assert say.place(order[0], "macs") == "first"
    assert say.place(order[-1], "macs", least=True) == "first"
    assert say.rank_correlation("macs", "macs") == "1.00"
    assert 0 < float(say.rank_correlation("macs", "parameters")) < 1


@pytest.mark.parametrize("name", ["alexnet_2012", "vgg16", "resnet50"])
def test_from_the_even_batch_on_maps_take_more_than_parameters(name):
    book = catalog.table(name)
    batch = int(re.search(r'value="(\d+)"', say.even_batch(name))[1])
    weights, maps = 3 * 4 * book.parameters, book.training_activation_bytes()
    assert (batch - 1) * maps <= weights < batch * maps


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: points("imagenet"), UnknownNameError, "protocol"),
        (lambda: say.top1("ten_crops", "ENet"), UnknownNameError, "network under ten_crops"),
        (lambda: say.place("BN-GoogLeNet", "macs"), UnknownNameError, "network of the chart"),
        (lambda: say.most("weight"), UnknownNameError, "cost"),
        (lambda: cited("vgg16", "top1_err", "vgg2014"), CnnrefError, "name exactly one"),
        (lambda: cited("vgg16", "top1_err", "nobody"), CnnrefError, "0 figures fit"),
    ],
)
def test_what_is_not_there_is_refused(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


def rows_of(table):
    body = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table)
    return {name: re.findall(r"<td>(.*?)</td>", cells) for name, cells in body}


def test_the_tables_hold_every_network_and_its_exact_costs():
    rows = rows_of(comparison_table())
    assert list(rows) == list(CHARTED)
    assert f'value="{catalog.table("enet").macs}"' in rows["ENet"][0]
    assert f'value="{catalog.table("bn_alexnet").parameters}"' in rows["BN-AlexNet"][1]
    assert "≈ 68" in rows["ENet"][len(comparison.axes())]
    assert rows_of(depth_table())["GoogLeNet"] == ["57", "1", "22", "36"]
    peak = catalog.table("vgg16").peak_activation_bytes()
    assert f'value="{peak}"' in rows_of(memory_table())["VGG-16"][1]


def test_a_name_with_v2_in_it_is_not_taken_for_later_weights():
    rows = rows_of(later_table(["shufflenet_v2_x1_0", "resnet50", "mobilenet_v2"]))
    assert rows["ShuffleNetV2-1.0x"][3] == "–"
    assert "80.858" in rows["ResNet-50"][3]
    assert ">3.5<" in rows["MobileNetV2"][0]
    assert "centre crop" in later_table(["resnet50"]).partition("<thead>")[0]


def test_the_sentences_about_fronts_hold():
    fronts = {axis: say.front("canziani", axis).split(", ") for axis in AXES}
    assert not any(label.startswith("VGG") for front in fronts.values() for label in front)
    assert {"GoogLeNet", "ResNet-34", "ResNet-50"} <= set(fronts["macs"])
    assert not {"ResNet-101", "ResNet-152"} & set(fronts["macs"])
    best = max(points("canziani"), key=lambda point: float(point.top1))
    assert best.label == "Inception-v4"


def test_the_sentences_about_each_currency_hold():
    def order(axis):
        return [label for label, _ in say.ranking(axis)]

    assert order("macs")[:2] == ["VGG-19", "VGG-16"]
    assert order("macs")[-2:] == ["AlexNet (2012)", "BN-AlexNet"]
    assert order("parameters")[:4] == ["VGG-19", "VGG-16", "BN-AlexNet", "AlexNet (2012)"]
    middle = [order("activations").index(label) for label in ("VGG-16", "VGG-19")]
    assert all(3 < place < 10 for place in middle)
    assert set(order("peak")[:2]) == {"VGG-16", "VGG-19"}
    assert order("training")[:4] == [
        "Inception-ResNet-v2",
        "ResNet-152",
        "Inception-v4",
        "ResNet-101",
    ]
    assert 'value="3"' in say.even_batch("resnet50")
    assert 'value="145"' in say.even_batch("alexnet_2012")
