"""Arguments that no layer can have are refused, with the layer, the argument and the remedy."""

from itertools import product

import pytest

from cnnref.counting.arithmetic import adaptive_taps
from cnnref.errors import CnnrefError
from cnnref.net import Net


def layer(kind, **arguments):
    net = Net((8, 16, 16))
    given = {"conv": (4, 3), "max_pool": (2,), "avg_pool": (2,), "linear": (5,)}.get(kind, ())
    getattr(net, kind)(net.input, *given, **arguments, name="here")
    return net.table()["here"]


TRUTHS = [
    ("conv", "bias"),
    ("linear", "bias"),
    ("batch_norm", "affine"),
    ("max_pool", "ceil_mode"),
    ("avg_pool", "ceil_mode"),
    ("avg_pool", "count_include_pad"),
]


@pytest.mark.parametrize(("kind", "argument"), TRUTHS)
@pytest.mark.parametrize("value", [2, -1, 1.5, 1, 0, None, "no"])
def test_a_truth_value_is_true_or_false_and_no_number(kind, argument, value):
    with pytest.raises(CnnrefError) as caught:
        layer(kind, **{argument: value})
    assert str(caught.value) == f"here: {argument} must be True or False, but is {value!r}."


@pytest.mark.parametrize(("kind", "argument"), TRUTHS)
def test_either_truth_value_is_taken(kind, argument):
    assert [layer(kind, **{argument: value}).op for value in (True, False)] == [kind, kind]


def test_adaptive_windows_are_added_up_as_their_definition_does():
    for size, out in product(range(1, 30), repeat=2):
        ends = ((i * size // out, -(-(i + 1) * size // out)) for i in range(out))
        assert adaptive_taps(size, out) == sum(end - start for start, end in ends)


def test_an_adaptive_pool_of_any_size_is_counted_in_one_step():
    net = Net((1, 7, 7))
    net.adaptive_avg_pool(net.input, 10**30)
    assert net.table()[0].counts.window_taps == (10**30 + 7 - 1) ** 2
