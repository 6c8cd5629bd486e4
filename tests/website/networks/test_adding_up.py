"""The chart of each network's page: its steps are all of its costs, in order."""

import json

import pytest

import cnnref
from cnnref.drawing.bars import to_spec
from website.charts import draw as site_charts
from website.facts import lookup
from website.networks import adding_up
from website.networks import files as site_networks
from website.networks.costs import MEASURES

SOME = ("alexnet", "vgg16", "googlenet", "resnet50", "resnet1202_cifar", "enet")


@pytest.mark.parametrize("name", SOME)
def test_the_steps_hold_every_cost_of_the_network(name):
    table = lookup(name)
    path = adding_up.steps(table)
    for measure in MEASURES:
        assert sum(step.costs[measure.title] for step in path) == measure.value(table)
    assert len({step.name for step in path}) == len(path)


def test_a_short_network_is_followed_row_by_row_a_long_one_by_blocks_or_stages():
    assert [step.name for step in adding_up.steps(lookup("alexnet"))][:3] == [
        "conv1",
        "pool1",
        "conv2",
    ]
    blocks = [step.name for step in adding_up.steps(lookup("resnet50"))]
    assert blocks[:4] == ["conv1", "conv2", "conv2_1", "conv2_2"]
    assert [step.name for step in adding_up.steps(lookup("resnet1202_cifar"))] == [
        "conv1",
        "conv2",
        "conv3",
        "conv4",
        "fc",
    ]


@pytest.mark.parametrize("name", SOME)
def test_the_lines_climb_to_all_of_each_cost(name):
    spec = to_spec(adding_up.adding_up(lookup(name)))
    values = spec["layer"][0].get("data", spec.get("data"))["values"]
    for measure in MEASURES:
        shares = [value["share"] for value in values if value["cost"] == measure.title]
        assert shares == sorted(shares)
        assert shares[-1] == 100
    axes = spec["layer"][0]["encoding"]
    assert axes["x"]["scale"] == {"domain": [1, max(value["place"] for value in values)]}
    assert axes["y"]["scale"] == {"domain": [0, 100]}
    assert len(json.dumps(spec)) < 60_000


def test_a_network_of_one_step_has_an_axis_with_two_ends():
    net = cnnref.Net((3, 8, 8), name="one")
    net.linear(net.flatten(net.input), 2, name="fc")
    spec = to_spec(adding_up.adding_up(net.table()))
    values = spec.get("data", spec["layer"][0].get("data"))["values"]
    assert {value["place"] for value in values} == {1}
    assert spec["layer"][0]["encoding"]["x"]["scale"] == {"domain": [1, 2]}


def test_the_words_say_where_half_of_a_cost_is_reached():
    text = adding_up.described(lookup("alexnet"))
    assert text.startswith("Three lines over 11 steps")
    # by hand: conv1 and pool1 keep 43% of the outputs, conv2 brings it beyond half
    assert "memory: half by conv2, most in conv1 with 33%" in text
    assert "parameters: half by fc6, most in fc6 with 62%" in text
    assert "MACs: half by conv3, most in conv2 with 31%" in text


def test_in_most_networks_memory_comes_first_and_parameters_last():
    def half(path, title):
        total, sum_ = sum(step.costs[title] for step in path), 0
        for place, step in enumerate(path):
            sum_ += step.costs[title]
            if 2 * sum_ >= total:
                return place
        return None

    ordered = 0
    for name in cnnref.names():
        path = adding_up.steps(lookup(name))
        memory, parameters, macs = (half(path, measure.title) for measure in MEASURES)
        ordered += memory <= macs <= parameters
    assert ordered > 0.9 * len(cnnref.names())


def test_the_build_draws_a_chart_that_has_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(site_charts, "svg", lambda spec, width, prefix: f"<svg>{width}</svg>")
    page = site_charts.draw(site_networks.chart("alexnet"), tmp_path)
    assert 'id="chart-alexnet-adding-up"' in page
    assert page.count("<svg>") == 2
    assert "half by conv2" in page
    with pytest.raises(site_charts.ChartError, match=r"other\.vl\.json; run scripts/generate"):
        site_charts.draw(site_charts.placeholder("other", "t", "d"), tmp_path)


def test_a_chart_is_drawn_wherever_markdown_puts_it_and_none_is_left(tmp_path):
    drawn = site_networks.chart("alexnet")
    page = drawn.replace("<figcaption>", "\n<figcaption>").replace("</figure>", "\n</figure>")
    assert page != drawn
    assert site_charts.draw(page, tmp_path).count("<svg") == len(site_charts.WIDTHS)
    with pytest.raises(site_charts.ChartError, match="is not drawn; put its macro on a line"):
        site_charts.draw(drawn.replace("<figcaption>", "<b></b><figcaption>"), tmp_path)
