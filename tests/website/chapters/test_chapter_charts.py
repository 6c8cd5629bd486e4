"""Charts of single chapters, the challenge's results, single blocks, and charts with choices."""

import json
import re
from math import sqrt

import pytest

from checks import prose as lint_prose
from cnnref.drawing import bars as charts
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks import catalog
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES
from website import facts
from website import lessons as small_nets
from website.chapters import history as history_facts
from website.chapters.complexity import charts as compared
from website.chapters.googlenet import page as googlenet
from website.chapters.resnet import page as resnet
from website.charts import choices as site_choices
from website.charts import draw as site_charts
from website.data import ilsvrc
from website.inline import challenge
from website.lessons import BLOCKS, block


def values_of(chart):
    return charts.to_spec(chart)["data"]["values"]


def test_the_years_have_the_official_winners_without_outside_data():
    years = history_facts.challenge_years()
    assert list(years) == list(range(2010, 2018))
    assert years[2012][0].top5_error.text == "16.422"
    assert years[2014][1].team.startswith("VGG")
    assert all(entry.data == "provided" for pair in years.values() for entry in pair)
    assert all(a.top5_error.number < b.top5_error.number for a, b in years.values())


def test_the_chart_by_year_draws_the_results():
    spec = charts.to_spec(history_facts.imagenet_by_year())
    bars = spec["layer"][0]["data"]["values"]
    winners = [entry for entry, _ in history_facts.challenge_years().values()]
    assert [bar["error"] for bar in bars] == [entry.top5_error.number for entry in winners]
    (human,) = {
        value["human"]
        for layer in spec["layer"]
        for value in layer["data"]["values"]
        if "human" in value
    }
    assert human == 5.1
    assert bars[6]["depth"] == "several depths"


def test_the_standard_error_is_the_root_of_what_stands_below_it():
    told = history_facts.spread()
    p, other, images, error = map(float, re.findall(r"\d+\.?\d*", told["tex"].replace("1 -", "")))
    assert p == other
    assert told["images"] == f"{images:,.0f}"
    assert sqrt(p * (1 - p) / images) == pytest.approx(error, abs=5e-5)
    assert float(told["points"]) == pytest.approx(100 * error, abs=0.01)
    (best, _), person = history_facts.challenge_years()[2015], history_facts.human()
    lead = person.top5_error.number - best.top5_error.number
    assert float(told["ahead"]) == pytest.approx(lead / (100 * error), abs=0.05)


@pytest.mark.parametrize("measure", charts.MEASURES)
def test_the_starts_add_up_to_the_rows_before_maps_of_28(measure):
    for name, last in googlenet.START_ROWS.items():
        rows = googlenet.start(name)
        assert rows[-1].name == last
        assert rows[-1].out_shape.size == (28, 28)
        assert all(layer.out_shape.size[0] > 28 for layer in rows[:-1])
        drawn = [
            value["exact"]
            for value in values_of(googlenet.starts(measure))
            if value["network"] == googlenet.START_TITLES[name]
        ]
        assert sum(drawn) == charts.MEASURES[measure].total(rows.listed("lecture"))


def test_the_starts_are_the_sums_of_their_rows_by_hand():
    # the five rows of the lecture's own table, in millions: 118, 2, 13, 347, 1
    total = charts.MEASURES["operations"].total
    stem, start = (total(googlenet.start(name)) for name in ("googlenet", "vgg16"))
    stem_convs = 112**2 * 64 * 3 * 49 + 56**2 * 64 * 64 + 56**2 * 192 * 64 * 9
    assert stem == stem_convs + 56**2 * 64 * 9 + 28**2 * 192 * 9
    pairs = ((224, 3, 64), (224, 64, 64), (112, 64, 128), (112, 128, 128), (56, 128, 256))
    convs = sum(size**2 * a * b * 9 for size, a, b in pairs) + 2 * 56**2 * 256 * 256 * 9
    assert start == convs + 4 * (112**2 * 64 + 56**2 * 128 + 28**2 * 256)


@pytest.mark.parametrize("axis", ["macs", "parameters", "activations"])
def test_the_bars_of_the_resnets_are_cut_into_all_their_stages(axis):
    values = values_of(resnet.resnet_bars(axis))
    for title, name in resnet.RESNETS.items():
        own = [value["exact"] for value in values if value["network"] == title]
        assert len(own) == 6
        assert sum(own) == QUANTITIES[axis].of(catalog.table(name), View.of("macs"))


def test_the_errors_of_the_resnets_are_those_of_two_protocols():
    printed = {
        (value["network"], value["protocol"]): value["printed"]
        for value in values_of(resnet.resnet_errors())
    }
    assert printed["ResNet-50", "the paper, ten crops"] == "22.85%"
    assert printed["ResNet-50", "torchvision, one crop"] == "23.87%"
    assert len(printed) == 10


def test_the_results_of_the_challenge_are_as_cited():
    assert "7.325" in challenge(2014, "runner-up")
    assert "15.315" in challenge(2012, data="ImageNet Fall 2011 added")
    assert "8.434" in challenge(2014, "runner-up", model="single")
    assert "5.1" in history_facts.human_error()
    assert "12.0" in history_facts.human_error(1)
    with pytest.raises(CnnrefError, match=r"2009.*has no such entry"):
        challenge(2009)


def test_every_number_of_an_ensemble_is_in_its_row():
    table = history_facts.ensemble_table()
    assert re.findall(r">(\d\d?\.\d+)%", table) == [
        "16.422", "18.2", "6.656", "10.07", "3.567", "4.49",
    ]  # fmt: skip
    cost = history_facts.ensemble_cost()
    assert (cost["models"], cost["crops"], cost["passes"]) == ("7", "144", "1,008")
    assert int(cost["gmacs"].replace(",", "")) == round(
        1008 * catalog.table("googlenet").macs / 10**9
    )


def test_the_largest_drop_is_the_largest():
    wins = {e.year: e.top5_error.number for e, _ in history_facts.challenge_years().values()}
    drops = {year: 1 - wins[year] / wins[year - 1] for year in list(wins)[1:]}
    assert history_facts.largest_drop() == max(drops, key=drops.get)
    assert len(ilsvrc()) > len(wins)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_counted_and_found_by_its_key(name):
    book = block(name)
    assert not book.uncounted
    assert book.macs > 0
    assert facts.fact(f"block:{name}/total/macs") == book.macs


def test_the_formulas_of_the_blocks_hold():
    full, pair = block("plain"), block("separable")
    channels, kernel = 256, 3
    assert pair.macs * channels * kernel**2 == full.macs * (kernel**2 + channels)
    assert block("grouped").macs * 32 == full.macs
    gate = block("squeeze_excite")
    assert sum(layer.counts.weights for layer in gate) == 2 * 256**2 // 16
    inside, thin, size = 144, 24, 56 * 56
    assert block("inverted").macs == size * inside * (2 * thin + 9)
    assert block("convnext").macs == size * 96 * (49 + 2 * 4 * 96)
    for name, factor in (("deeper", 2), ("wider", 4), ("sharper", 4)):
        assert block(name).macs == factor * block("stack").macs


def test_blocks_set_beside_each_other_have_the_same_ends():
    for one, other in (
        ("plain", "separable"), ("plain", "grouped"), ("bottleneck", "resnext"),
        ("inverted", "expanded"), ("shuffle", "shuffle_ungrouped"), ("convnext", "convnext_plain"),
    ):  # fmt: skip
        assert block(one).input_shape == block(other).input_shape
        assert block(one)[-1].out_shape == block(other)[-1].out_shape


@pytest.mark.parametrize("name", BLOCKS)
def test_no_row_is_called_like_its_block_which_a_drawing_would_take_it_for(name):
    assert name not in [row.name for row in block(name)]


def test_an_unknown_block_is_refused():
    with pytest.raises(UnknownNameError, match="block"):
        small_nets.block("seperable")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """One chart with one question of two answers, drawn without the drawing library."""
    spec = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}
    choice = {
        "questions": [{"key": "unit", "legend": "Unit", "options": [["k", "kilo"], ["m", "M"]]}],
        "views": [
            {"answers": [a], "chart": f"demo-{a}", "note": f"note {a}", "description": f"d {a}"}
            for a in ("k", "m")
        ],
    }  # fmt: skip
    for answer in ("k", "m"):
        text = json.dumps(spec | {"title": answer})
        (tmp_path / f"demo-{answer}.vl.json").write_text(text, encoding="utf-8")
    (tmp_path / "demo.choices.json").write_text(json.dumps(choice), encoding="utf-8")
    monkeypatch.setattr(
        site_charts, "svg", lambda spec, width, prefix: f"<svg>{spec['title']} {width}</svg>"
    )
    return tmp_path


def test_the_page_holds_the_first_view_and_the_questions(folder):
    page = site_choices.draw(f"<p>{site_choices.placeholder('demo', 'A & B')}</p>", folder)
    assert page.count('type="radio"') == 2
    assert 'value="k" checked' in page
    assert 'aria-label="A &amp; B: choose what is shown"><fieldset>' in page
    assert page.count("<svg>k ") == 2
    assert "<svg>m " not in page
    assert "note k" in page


def test_the_script_holds_every_view(folder):
    (script,) = site_choices.assets(folder).values()
    views = json.loads(script.split(" = ", 1)[1].rstrip(";\n"))
    assert set(views) == {"k", "m"}
    assert views["m"]["wide"] == "<svg>m 680</svg>"
    assert views["m"]["spec"]["config"] == site_charts.STYLE


def test_a_choice_without_its_file_is_refused(folder):
    with pytest.raises(site_charts.ChartError, match=r"nothing\.choices\.json; run scripts"):
        site_choices.draw(site_choices.placeholder("nothing", "Title"), folder)


@pytest.mark.parametrize(
    "text", ["The 2020s.", "Top-5 and top-1 error.", "Inception-v3", "SENet-154"]
)
def test_names_of_the_new_pages_may_stand(text):
    assert lint_prose.faults("page.md", text) == []


@pytest.mark.parametrize("text", ["top-7 error", "Inception has 3 sizes", "in 2020x", "V2 weights"])
def test_what_only_looks_like_a_name_is_refused(text):
    assert lint_prose.faults("page.md", text) != []


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (37.5, [0, 5, 10, 15, 20, 25, 30, 35]), (40, [0, 10, 20, 30, 40]),
        (81, [0, 20, 40, 60, 80]), (8, [0, 1, 2, 3, 4, 5, 6, 7, 8]), (8.5, [0, 2, 4, 6, 8]),
        (1.5, [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4]),
    ],
)  # fmt: skip
def test_a_linear_axis_has_at_most_nine_round_ticks(high, ticks):
    assert compared._ticks((0, high), "linear") == pytest.approx(ticks)


def test_axes_of_bubbles_leave_room_for_their_names():
    assert compared._domain([2, 10, 4], "linear") == (0, 12.5)
    assert compared._domain([2, 10, 4], "log") == (1.25, 26)
