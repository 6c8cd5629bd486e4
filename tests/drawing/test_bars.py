"""Charts of bars: every bar is as long as what it stands for, and says exactly what that is."""

import pytest

import cnnref
from cnnref.drawing.bars import GROUPINGS, MEASURES, layer_bars, stage_bars, to_spec
from cnnref.tables.quantities import QUANTITIES

VGG = cnnref.table("vgg16")
LISTED = [row for row in VGG.listed("lecture") if row.op != "flatten"]
MIB, MEGA = 2**20, 10**6


def tooltips(spec):
    return {one["title"]: (one["field"], one.get("format")) for one in spec["encoding"]["tooltip"]}


def alone(row):
    return cnnref.Table([row], name="x", input_shape=VGG.input_shape)


@pytest.mark.slow
@pytest.mark.parametrize("key", QUANTITIES)
@pytest.mark.parametrize("by", GROUPINGS)
def test_a_bar_is_as_long_as_its_exact_number_in_the_unit_of_the_axis(key, by):
    spec = to_spec(VGG.chart(key, by))
    encoding, quantity = spec["encoding"], QUANTITIES[key]
    in_bytes = quantity.unit == "bytes"
    for value in spec["data"]["values"]:
        assert value["exact"] == value["value"] * (MIB if in_bytes else 1) != 0
    title = encoding["x"]["title"]
    assert title.endswith(" (MiB)") == in_bytes
    assert title[0].isupper()
    assert (encoding["x"]["axis"].get("format") is None) == in_bytes
    assert tooltips(spec) == {
        by.capitalize(): ("name", None),
        title.removesuffix(" (MiB)"): ("exact", ",.2f" if quantity.digits else ","),
    }
    # in order of execution, coloured by kind where a bar is of one layer
    assert encoding["y"] == {"field": "name", "sort": None, "title": None, "type": "nominal"}
    assert ("color" in encoding) == (by == "layer")
    if by == "layer":
        kinds = {value["kind"] for value in spec["data"]["values"]}
        assert set(encoding["color"]["scale"]["domain"]) == kinds
    subtitle = spec["title"]["subtitle"]
    assert ("convention" in subtitle) == (key in ("operations", "stored_bytes"))
    assert "batch" not in subtitle
    assert "batch of 2" in to_spec(VGG.chart(key, by, batch_size=2))["title"]["subtitle"]


def test_bars_are_of_stages_and_of_blocks_or_what_stands_outside_of_any():
    table = cnnref.table("resnet18")
    working = [row for row in table if row.macs]
    for by, names in {
        "layer": [row.name for row in working],
        "stage": [row.stage for row in working],
        "block": [row.block or row.name for row in working],
    }.items():
        values = to_spec(table.chart("macs", by))["data"]["values"]
        assert [value["name"] for value in values] == list(dict.fromkeys(names))


def test_bars_are_of_the_stages_of_modules_where_none_are_named():
    net = cnnref.Net((3, 8, 8))
    x = net.relu(net.conv(net.input, 8, 3, padding=1, name="stem.conv"), name="stem.relu")
    net.conv(net.max_pool(x, 2, name="body.pool"), 8, 1, name="body.conv")
    for by, names in (("stage", ["stem", "body"]), ("layer", ["stem.conv", "body.conv"])):
        values = to_spec(net.table().chart("macs", by))["data"]["values"]
        assert [value["name"] for value in values] == names


@pytest.mark.parametrize(("number", "words"), [(1, "1 row is"), (2, "2 rows are")])
def test_a_chart_says_of_how_many_rows_it_does_not_know(number, words):
    rows = [row._replace(counted=n >= number) for n, row in enumerate(VGG)]
    table = cnnref.Table(rows, name="x", input_shape=VGG.input_shape)
    subtitle = table.chart("macs").title.subtitle
    assert subtitle == f"at least: {words} not counted"


@pytest.mark.parametrize(("key", "unit", "large"), [
    ("stored_bytes", 1024, MIB), ("parameters", 1000, MEGA), ("operations", MEGA, MEGA),
])  # fmt: skip
def test_bars_of_the_lecture_are_in_its_units(key, unit, large):
    measure = MEASURES[key]
    spec = to_spec(layer_bars(VGG, key))
    values = spec["data"]["values"]
    assert [value["layer"] for value in values] == [row.name for row in LISTED]
    for value, row in zip(values, LISTED, strict=True):
        assert value["exact"] == value["value"] * unit == measure.total(alone(row))
        assert value["output"] == str(row.out_shape)
    assert tooltips(spec) == {
        "Layer": ("layer", None),
        "Output": ("output", None),
        measure.title: ("value", ",.1f"),
        measure.exact_title: ("exact", ","),
    }
    assert spec["encoding"]["x"]["title"] == measure.title
    pair = [("A", VGG), ("B", cnnref.table("alexnet"))]
    spec = to_spec(stage_bars(pair, key))
    for value in spec["data"]["values"]:
        rows = dict(pair)[value["network"]].group("stage")[value["stage"]]
        assert value["exact"] == pytest.approx(value["value"] * large)
        assert value["exact"] == measure.total(rows)
    assert spec["encoding"]["x"]["title"] == measure.large_title
    assert spec["encoding"]["yOffset"]["sort"] == ["A", "B"]
    assert tooltips(spec)[measure.large_title] == ("value", ",.2f")
    assert tooltips(spec)[measure.exact_title] == ("exact", ",")
    # two bars take less room than two of the other chart, and more than one
    step = spec["height"]["step"]
    single = to_spec(layer_bars(VGG, key))["height"]["step"]
    assert single < step < 2 * single
    assert spec["height"]["for"] == "position"


def test_a_measure_that_bars_of_the_lecture_do_not_have_is_refused():
    with pytest.raises(cnnref.UnknownNameError, match="Unknown measure of charts 'macs'"):
        layer_bars(VGG, "macs")
    assert MEASURES["stored_bytes"].exact_title == "Bytes"
    assert MEASURES["operations"].exact_title == "Operations"
