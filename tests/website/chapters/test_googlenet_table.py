"""GoogLeNet's Table 1: every row agrees with its own filters, or its difference is explained."""

import re
from itertools import combinations, product

import pytest

import cnnref
from cnnref.networks.published import Value
from proofs.table_1 import CAUSES, near, wrong
from website.chapters.googlenet import page as page_tables
from website.chapters.googlenet import table1 as googlenet_table
from website.chapters.googlenet.table1 import Cost, fits, lines, possible, prints, separable

LINES = lines()
NAMES = [line.printed.layer for line in LINES]


def line(name):
    return next(one for one in LINES if one.printed.layer == name)


def test_every_row_agrees_or_is_explained_and_no_explanation_is_idle():
    assert wrong(LINES) == []
    assert set(CAUSES) < set(NAMES)


def test_the_computed_side_is_the_spec():
    rows = [row for row in cnnref.table("googlenet") if row.macs]
    assert sum(one.cost.weights for one in LINES) == sum(row.counts.weights for row in rows)
    assert sum(one.cost.macs for one in LINES) == sum(row.macs for row in rows)


@pytest.mark.parametrize("field", ["params_k", "ops_m", "output", "config"])
@pytest.mark.parametrize("name", NAMES)
def test_another_printed_number_is_seen(name, field):
    text = str(getattr(line(name).printed, field))
    for place in [place for place, digit in enumerate(text) if digit.isdigit()]:
        other = f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}"
        value = Value(other, float(other)) if field in ("params_k", "ops_m") else other
        changed = line(name).printed._replace(**{field: value})
        assert wrong(lines([changed])) == [name]


def test_an_idle_explanation_is_seen():
    idle = line("linear")._replace(cause="biases", explanation="It would fit with biases.")
    assert wrong([idle]) == ["linear"]
    assert wrong([line("4a")._replace(explanation="")]) == ["4a"]


def weights(channels, widths):
    """Weights of an inception module, by a net of its convolutions."""
    net = cnnref.Net((channels, 7, 7))
    one, three_reduce, three, five_reduce, five, projection = widths
    for filters in (one, projection):
        net.conv(net.input, filters, 1)
    net.conv(net.conv(net.input, three_reduce, 1), three, 3)
    net.conv(net.conv(net.input, five_reduce, 1), five, 5)
    return sum(row.counts.weights for row in net.table())


@pytest.mark.parametrize("name", ["4a", "5a"])
def test_one_change_gives_both_printed_numbers(name):
    printed = line(name).printed
    both = [fit for fit in fits(printed) if prints(printed.ops_m, fit.cost.macs, 10**6)]
    assert both
    channels = {"4a": 480, "5a": 832}[name]
    widths = list(map(int, printed.config.split(";")))
    for fit in both:
        changed, entering = list(widths), channels
        if fit.what == "input channels":
            entering = fit.instead
        else:
            changed[googlenet_table.FILTERS.index(fit.what)] = fit.instead
        assert weights(entering, changed) == fit.cost.weights
        assert near(printed.params_k.text, fit.cost.weights, 1024)
        assert near(printed.ops_m.text, fit.cost.macs, 10**6)


def test_the_fits_that_are_told():
    told = {name: [(fit.what, fit.instead) for fit in fits(line(name).printed)] for name in NAMES}
    assert {name: found for name, found in told.items() if found and name in CAUSES} == {
        "4a": [("5×5", 40), ("input channels", 472)],
        "4c": [("input channels", 408)],
        "4d": [("3×3", 280), ("input channels", 480)],
        "5a": [("input channels", 928)],
    }


def test_the_first_row_is_separable():
    net = cnnref.Net((3, 224, 224))
    x = net.conv(net.input, 3 * 8, 7, stride=2, padding=3, groups=3, bias=False)
    net.conv(x, 64, 1)
    apart = net.table()
    assert separable() == Cost(sum(row.counts.weights for row in apart), apart.macs)
    assert near("34", apart.macs, 10**6)
    assert near("2.7", apart.parameters, 1024)


def test_rows_whose_numbers_contradict_each_other():
    against = [name for name in NAMES if not possible(line(name).printed)]
    assert against == ["4c", "4d", "4e", "5b"]


@pytest.mark.parametrize("name", ["4b", "4e", "5b"])
def test_two_changes_fit_what_is_unexplained_in_a_dozen_ways(name):
    assert line(name).cause == "unexplained"
    printed = line(name).printed
    channels = {"4b": 512, "4e": 528, "5b": 832}[name]
    stated = [*map(int, printed.config.split(";")), channels]
    found = 0
    for one, two in combinations(range(7), 2):
        steps = [[n for n in range(max(8, s - 64), s + 65, 8) if n != s] for s in stated]
        for a, b in product(steps[one], steps[two]):
            changed = list(stated)
            changed[one], changed[two] = a, b
            count = googlenet_table._module(changed[-1], changed[:-1])
            found += prints(printed.params_k, count, 1024)
    assert found >= 12
    assert fits(printed) == ()


def test_the_page_shows_both_sides_and_why():
    text = page_tables.googlenet_table1()
    rows = re.findall(r"<tr>.*?</tr>", text)
    assert len(rows) == 1 + len(LINES) + 1
    first = "<td>2.7</td><td><mark>9.2</mark></td><td>34</td><td><mark>118.0</mark></td>"
    assert first in rows[1]
    assert (
        '<td>112</td><td>112.0</td><td>360</td><td>359.7</td><td class="wrap">agrees</td>' in text
    )
    assert "<td>6797.7</td><td>6,826.4</td><td>1502</td><td>1,582.7</td>" in rows[-1]
    assert text.count("<mark>") == sum(len(one.differs) for one in LINES)


def test_the_shape_of_an_explanation():
    assert line("4d").explanation == (
        "The operations are those of the printed filters. No filters give both numbers: at "
        "14 × 14, 580 K weights make 116 M. The parameters fit 280 filters of 3×3 in place of "
        "288, or of 480 input channels in place of 512."
    )
    assert line("3b").explanation == "379.0 K, and 379.6 K with its 640 biases."
