"""What the pages say of measurements: predictions, views and tables, of records made by hand."""

from __future__ import annotations

import json
import random
import re
from itertools import product

import pytest
from measured_samples import HERE, made, measurement

import cnnref
from cnnref.measuring.record import Measurement, Quartiles
from cnnref.measuring.roofline import Ceilings
from website.charts import choices as site_choices
from website.measured import layer_charts, network_tables, predict, tables, views
from website.measured import site as site_measured
from website.measured.predict import Fit, fit, held_out, measured, prediction
from website.measured.shown import LABELS, Shown, analytic_peak, ways

FOLLOWED = ("alexnet_2012", "vgg16")


def timed(name: str, seconds: float, batch: int = 1, mode: str = "inference") -> Measurement:
    one = measurement(name, batch, mode=mode, peak_bytes=10**7)
    layers = one.layers if mode == "inference" else ()
    return one._replace(time=Quartiles(0.9 * seconds, seconds, 1.1 * seconds, 5), layers=layers)


def proportional(rate: float = 1e11) -> Shown:
    """A machine on which time is in proportion to the MACs, and batches cost what they hold."""
    found = [
        timed(name, batch * cnnref.table(name).macs / rate, batch, mode)
        for name in LABELS
        for mode, batch in (("inference", 1), ("inference", 4), ("inference", 8), ("training", 8))
    ]
    return Shown(made(*found), here=False)


MACHINE = proportional()


# ---- predictions ----


def test_what_is_in_proportion_is_predicted_exactly() -> None:
    found = prediction("macs", measured(MACHINE.record))
    assert (found.ranks, found.networks) == (1.0, len(LABELS))
    assert found.factor == pytest.approx(1)
    assert found.worst == pytest.approx(1)
    other = prediction("parameters", measured(MACHINE.record))
    assert other.ranks < 0.9
    assert other.factor > 1.2
    assert other.worst > 10


def test_a_family_is_predicted_by_a_fit_that_has_not_seen_it() -> None:
    # the second family is ten times as slow for its number, and its fit has seen only the first
    inputs, times = [(1.0,), (2.0,), (3.0,)], [1.0, 2.0, 30.0]
    assert held_out(inputs, times, ["a", "a", "b"]) == [10.0, 20.0, 3.0]


def test_two_terms_are_fitted_by_the_least_relative_errors() -> None:
    inputs = [(1.0, 5.0), (2.0, 1.0), (4.0, 7.0)]
    times = [2 * a + 3 * b for a, b in inputs]
    assert fit(inputs, times).prices == pytest.approx((2, 3))
    # no price is below zero, even where that would fit better
    below = [2 * a - 0.1 * b for a, b in inputs]
    assert min(fit(inputs, below).prices) == 0
    assert Fit((2.0, 3.0)).seconds((1.0, 1.0)) == 5


@pytest.mark.parametrize("seed", range(20))
def test_no_prices_near_the_fitted_ones_leave_less(seed: int) -> None:
    chance = random.Random(seed)
    inputs = [(chance.uniform(0, 2), chance.uniform(0, 2)) for _ in range(4)]
    times = [chance.uniform(0.2, 2) for _ in inputs]

    def left(a: float, b: float) -> float:
        pairs = zip(inputs, times, strict=True)
        return sum(((a * x + b * y) / time - 1) ** 2 for (x, y), time in pairs)

    a, b = fit(inputs, times).prices
    steps = (-0.5, -0.01, 0, 0.01, 0.5)
    assert all(
        left(a, b) <= left(max(0, a + da), max(0, b + db)) + 1e-9 for da in steps for db in steps
    )


def test_equal_values_share_their_rank() -> None:
    assert predict.rank_correlation([1, 1, 2], [5, 5, 9]) == 1
    assert predict.rank_correlation([1, 2, 3], [3, 2, 1]) == -1


def test_an_unknown_predictor_is_refused() -> None:
    with pytest.raises(cnnref.UnknownNameError, match="Unknown predictor 'flops'"):
        prediction("flops", measured(MACHINE.record))


def test_the_two_term_predictor_needs_no_luck() -> None:
    found = prediction("roofline_layers", measured(MACHINE.record))
    assert found.factor >= 1


# ---- views ----


def test_every_combination_of_answers_has_a_view() -> None:
    other = MACHINE._replace(record=MACHINE.record._replace(title="Another"), here=True)
    found = {choice.key: choice for choice in views.choices([MACHINE, other], FOLLOWED)}
    assert list(found) == [
        "measured-time", "measured-throughput", "measured-memory", "measured-shares",
        "measured-roof",
    ]  # fmt: skip
    for choice in found.values():
        answers = {view.answers for view in choice.views}
        assert answers == set(product(*(options for _, _, options in choice.questions)))
        assert len({choice.name(view) for view in choice.views}) == len(choice.views)
        for view in choice.views:
            assert MACHINE.record.machine.name in view.note
            assert view.description.endswith(".")
    assert "this build's machine (Another)" in found["measured-roof"].questions[0][2].values()


def test_a_machine_with_fewer_networks_takes_none_from_the_others() -> None:
    few = made(*MACHINE.record.measurements[:4])._replace(title="Another")
    found = {one.key: one for one in views.choices([MACHINE, Shown(few, here=True)], FOLLOWED)}
    roofs = found["measured-roof"]
    machines, networks = (options for _, _, options in roofs.questions)
    assert list(networks) == list(LABELS)
    assert len(roofs.views) == len(LABELS) + 1 < len(machines) * len(networks)
    assert roofs.views[0].answers[1] == next(iter(LABELS))
    known = [" ".join(view.answers) for view in roofs.views]
    assert json.loads(str(site_choices.partly(roofs.described()))) == known
    assert site_choices.partly(found["measured-throughput"].described()) is None


def test_charts_are_specs_that_the_site_can_size() -> None:
    import vl_convert

    from website.charts.draw import STYLE, VEGA_LITE

    for choice in views.choices([MACHINE], FOLLOWED):
        name, spec = next(choice.specs())
        assert name.startswith(choice.key)
        assert not {"width", "config"} & set(spec)
        sized = spec | {"width": 300, "autosize": {"type": "fit-x", "contains": "padding"}}
        drawn = vl_convert.vegalite_to_svg(json.dumps(sized), vl_version=VEGA_LITE, config=STYLE)
        assert "NaN" not in drawn


def test_a_machine_without_layers_has_no_charts_of_them() -> None:
    bare = made(*(one._replace(layers=()) for one in MACHINE.record.measurements))
    keys = {choice.key for choice in views.choices([Shown(bare, here=False)], FOLLOWED)}
    assert keys == {"measured-time", "measured-throughput", "measured-memory"}


def test_parts_are_the_finest_that_fit_and_lose_nothing() -> None:
    for one in measured(MACHINE.record):
        word, found = layer_charts.parts(one)
        assert len(found) <= layer_charts.MOST_ROWS
        assert word in ("layer", "block", "stage")
        assert sum(part.macs for part in found) == one.book.macs
        assert one.roof is not None
        moved = [row for row in one.roof if row.moved_bytes]
        assert sum(part.layers for part in found) == len(moved)
        assert sum(part.seconds for part in found) == pytest.approx(
            sum(row.seconds or 0 for row in moved)
        )


def test_ways_are_settings_with_enough_networks() -> None:
    found = [(way.mode, way.batch_size) for way in ways([MACHINE])]
    assert found == [("inference", 1), ("inference", 4), ("inference", 8), ("training", 8)]
    few = made(*MACHINE.record.measurements[:8])
    assert list(ways([Shown(few, here=False)])) == []


def test_a_view_of_times_is_said_from_the_fastest_network_to_the_slowest() -> None:
    (way, *_) = ways([MACHINE])
    said = views._time_view(way, "macs").description
    ordered = sorted(way.points, key=lambda one: one.seconds)
    first, last = re.findall(r"(\w+) \(([\d.,]+) ms\)", said)
    for (name, told), one in ((first, ordered[0]), (last, ordered[-1])):
        assert name == one.name
        # three digits that count
        assert float(told.replace(",", "")) == float(f"{1e3 * one.seconds:.3g}")
    assert f"each of {len(ordered)} networks" in said


# ---- tables ----


def test_tables_hold_what_was_measured() -> None:
    text = tables.networks_table(MACHINE)
    assert text.count('<th scope="row">') == len(LABELS)
    assert ">VGG-16</th>" in text
    table = cnnref.table("vgg16")
    assert f'<data value="{table.macs}"' in text
    assert "HTML" not in tables.machines_table([MACHINE])
    assert HERE.name in tables.machines_table([MACHINE])
    assert tables.ceilings_table([MACHINE]).count("<tr>") == 2
    assert "vgg19, training, batch 256" in tables.left_out_table(MACHINE)
    assert "too large" in tables.left_out_table(MACHINE)
    bare = Shown(made(left_out=()), here=False)
    assert tables.left_out_table(bare) == "<p>None.</p>"


def test_memory_is_compared_with_what_the_rows_come_to() -> None:
    one = timed("vgg16", 1.0, 8, "training")
    table = cnnref.table("vgg16")
    assert analytic_peak(one) == 4 * table.parameters + 8 * table.training_activation_bytes(4)
    inference = timed("vgg16", 1.0, 8)
    image = 4 * table["conv1_1"].activations + 4 * table["conv1_2"].activations
    assert analytic_peak(inference) == 8 * image
    text = tables.memory_table(MACHINE)
    assert text.count("inference") == text.count("training") == len(LABELS)


def test_other_ways_are_shown_as_times_as_fast() -> None:
    plain = timed("vgg16", 1.0)
    last = timed("vgg16", 0.5)._replace(channels_last=True)
    text = tables.ways_table(Shown(made(plain, last), here=False))
    assert "channels last" in text
    assert '<data value="2">2.00</data>' in text
    assert "TF32" not in text
    assert tables.ways_table(Shown(made(plain), here=False)) == ""


def test_numbers_keep_the_digits_that_they_are_worth() -> None:
    assert tables.number(1234.5) == '<data value="1230">1,230</data>'
    assert tables.number(0.012345) == '<data value="0.0123">0.0123</data>'
    assert tables.number(None) == "–"


def test_layers_stand_in_a_table_with_what_they_are_allowed() -> None:
    (one,) = measured(made(measurement("resnet20_cifar")))
    assert one.roof is not None
    text = network_tables.layers_table(one.roof)
    moved = [row for row in one.roof if row.moved_bytes]
    # those that took most, and the others as one line; all MACs are there
    assert text.count('<th scope="row">') == network_tables.MOST_LAYERS + 1
    assert f"the other {len(moved) - network_tables.MOST_LAYERS} layers" in text
    macs = [int(value) for value in re.findall(r'<data value="(\d+)" title="[\d,]+">', text)]
    assert sum(macs) == one.book.macs
    short = measured(made(measurement("alexnet")))[0].roof
    assert short is not None
    assert "the other" not in network_tables.layers_table(short)


def test_a_network_says_what_every_machine_said_of_it() -> None:
    text = network_tables.network_part([MACHINE], "vgg16")
    assert text.count("<details") == 1
    assert text.count("inference, batch") == 4
    assert MACHINE.line in text
    assert network_tables.network_part([MACHINE], "resnet20_cifar") == (
        "<p>This network was not measured on any machine shown here.</p>"
    )


def test_a_record_without_a_ceiling_still_shows_its_times() -> None:
    record = made(measurement("vgg16"), ceilings=(Ceilings("bfloat16", 1e11, 1e10),))
    (one,) = measured(record)
    assert one.roof is None
    assert tables.networks_table(Shown(record, here=False)).count("–") == 3


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_page_says_where_no_card_is_on_record(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    record = made()._replace(machine=HERE._replace(device=device))
    monkeypatch.setattr(site_measured, "machines", lambda: (Shown(record, here=False),))
    assert ("scripts/measure" in site_measured.cards()) == (device == "cpu")
