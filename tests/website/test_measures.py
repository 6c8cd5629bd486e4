"""The pages' measures are the package's: charts, axes, facts and tables read one statement."""

import json
import re
from pathlib import Path

import pytest

from cnnref.drawing import bars
from cnnref.errors import CnnrefError, RenamedWarning, UnknownNameError
from cnnref.net import Net
from cnnref.tables.quantities import QUANTITIES
from website import facts, publish, spoken
from website.chapters.complexity import page as complexity
from website.charts import comparison
from website.facts import fact, lookup
from website.measured import charts, predict
from website.networks.costs import MEASURES

DOCS = Path(__file__).parents[2] / "docs"
BOOK = lookup("alexnet@227")
# the macros of a page whose arguments are paths of numbers
NUMBERS = re.compile(r"\b(?:n|ratio|share|saved|words|more|difference|per)\(([^)]*)\)")
PATHS = {
    path
    for page in DOCS.glob("*.md")
    for arguments in NUMBERS.findall(page.read_text(encoding="utf-8"))
    for path in re.findall(r'"([^"]+)"', arguments)
    if path.count("/") == 2
}


@pytest.mark.parametrize("axis", complexity.COSTS)
def test_a_cost_of_networks_is_a_quantity(axis):
    cost = complexity.COSTS[axis]
    assert (cost.key, cost.choice) == (axis, QUANTITIES[axis].noun)
    assert cost.of(BOOK) == cost.value("alexnet@227")


def test_the_axes_of_measured_times_are_those_of_counted_costs():
    counted = [key for key in charts.AXES if key != "roofline"]
    assert set(counted) == set(comparison.AXES) <= set(QUANTITIES)
    for key in counted:
        axis = comparison.AXES[key]
        assert charts.AXES[key][:2] == (axis.choice, axis.title)
    assert set(comparison.AXES) <= set(predict.PREDICTORS)


@pytest.mark.parametrize("key", bars.MEASURES)
def test_a_chart_shows_a_quantity_in_the_units_of_the_lecture(key):
    measure = bars.measure_of(key)
    assert measure.quantity is QUANTITIES[key]
    path = f"alexnet@227/total/{key}{':lecture' * (key in facts.PRICED)}"
    assert measure.total(BOOK) == fact(path)


@pytest.mark.parametrize(("old", "new"), [("memory", "stored_bytes"), ("flops", "operations")])
def test_a_chart_asked_for_by_an_old_key_says_the_new_one(old, new):
    with pytest.warns(RenamedWarning, match=f"'{old}' is now called '{new}'"):
        chart = bars.layer_bars(BOOK, old)
    assert bars.to_spec(chart) == bars.to_spec(bars.layer_bars(BOOK, new))
    with pytest.raises(UnknownNameError, match="Unknown measure of charts 'memroy'"):
        bars.stage_bars([("AlexNet", BOOK)], "memroy")


def test_the_costs_of_a_page_are_quantities_by_the_lecture():
    assert [measure.title for measure in MEASURES] == ["memory", "parameters", "MACs"]
    assert [measure.value(BOOK) for measure in MEASURES] == [
        BOOK.stored_bytes("lecture"), BOOK.parameters, BOOK.macs,
    ]  # fmt: skip
    assert [measure.text(10**8) for measure in MEASURES] == [
        "95.37 MB", "100.00 M", "100.00 MMACs",
    ]  # fmt: skip


# ---- numbers by their path ----


def test_every_number_that_a_page_asks_for_is_there():
    assert len(PATHS) > 200
    for path in PATHS:
        assert fact(path) >= 0


def test_a_path_names_its_convention_where_it_has_one():
    assert set(facts.PRICED) <= set(facts.MEASURES) <= set(QUANTITIES)
    assert fact("alexnet@227/total/operations:flops") == 2 * fact("alexnet@227/total/macs")
    for wrong, right in {"operations": "operations:lecture", "macs:lecture": "macs"}.items():
        with pytest.raises(CnnrefError, match=f"write {right}"):
            fact(f"alexnet/total/{wrong}")
    for key in ("bytes", "lecture_flops", "peaks"):
        with pytest.raises(UnknownNameError, match=f"Unknown quantity '{key}'"):
            fact(f"alexnet/total/{key}")


@pytest.mark.parametrize("stage", ["a/b", "a+b", "/", "a:b", "total", "a\rb"])
def test_a_stage_of_any_name_has_its_facts(stage, monkeypatch):
    net = Net((3, 8, 8))
    with net.stage(stage):
        net.conv(net.input, 4, kernel=3, name="conv")
    monkeypatch.setattr(facts, "lookup", lambda _: net.table())
    assert fact(f"net/stage:{stage}/macs") == fact("net/conv/macs") == 3 * 4 * 9 * 36
    assert dict(publish._facts(["net"]))[f"net/stage:{stage}/macs"] == 3888


def test_the_file_of_facts_has_their_paths():
    stated = json.loads((DOCS / "generated" / "facts.json").read_text(encoding="utf-8"))
    assert {path.rpartition("/")[2] for path in stated} == set(publish.FACTS)


def test_the_shape_of_a_row_that_is_no_square_is_its_height():
    net = Net((2, 9, 20), name="flat")
    net.conv(net.input, 4, (3, 5), stride=(2, 1), padding=(1, 0), groups=2, name="conv")
    expected = {
        "rows": 1, "in_channels": 2, "in_size": 9, "out_channels": 4, "out_size": 5,
        "elements": 4 * 5 * 16, "elements_in": 2 * 9 * 20, "kernel": 3, "stride": 2, "padding": 1,
        "groups": 2, "taps": 3 * 5,
    }  # fmt: skip
    assert {key: facts.of(net.table(), key) for key in facts.SHAPES} == expected


def test_a_number_is_a_part_of_the_same_number_of_its_own_network_alone():
    part = "vgg16/fc6/parameters"
    assert " of 138,357,544 parameters" in spoken.compared(part, "vgg16/total/parameters")
    for other in ("vgg19/total/parameters", "vgg16/total/macs", "vgg16/fc7/parameters"):
        assert spoken.compared(part, other) == f"{spoken.told(part)}; {spoken.told(other)}"
    whole = "vgg16/total/parameters"
    assert spoken.compared(whole, whole) == f"{spoken.told(whole)}; {spoken.told(whole)}"


def test_every_number_of_the_pages_is_said_in_words():
    assert set(spoken.NOUNS) == {*facts.MEASURES, *facts.SHAPES}
    for path in PATHS:
        assert "/" not in spoken.told(path), path
