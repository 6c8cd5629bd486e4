"""Arguments that no layer can have are refused, with the layer, the argument and the remedy."""

import copy
from itertools import product

import numpy as np
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
    net.adaptive_avg_pool(net.input, 10**18)
    assert net.table()[0].counts.window_taps == (10**18 + 7 - 1) ** 2


def test_whole_numbers_of_numpy_are_whole_numbers():
    plain, numpy = Net((3, 8, 8)), Net(np.array([3, 8, 8]))
    for net, of in ((plain, int), (numpy, np.int64)):
        x = net.conv(net.input, of(4), of(3), padding=of(1), groups=of(1))
        x = net.pad_channels(net.lrn(x, of(5)), of(1), of(0))
        net.linear(net.flatten(net.subsample(x, (of(2), of(2)))), of(3), in_features=of(80))
    assert repr(tuple(numpy.table())) == repr(tuple(plain.table()))
    assert numpy.table().input_shape == (3, 8, 8)


@pytest.mark.parametrize("value", [3.0, True, np.True_, np.float32(3), "3", 0, np.int64(0), None])
def test_what_is_no_positive_whole_number_is_none(value):
    with pytest.raises(CnnrefError) as caught:
        layer("adaptive_avg_pool", size=value)
    assert str(caught.value) == f"here: size must be a positive whole number, but is {value!r}."


NUMBERS = [
    ("batch_norm", "eps"),
    ("scale", "factor"),
    ("dropout", "p"),
    *(("lrn", key) for key in ("alpha", "beta", "k")),
]


@pytest.mark.parametrize(("kind", "argument"), NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "1", None, True])
def test_a_constant_is_a_finite_number(kind, argument, value):
    with pytest.raises(CnnrefError) as caught:
        layer(kind, **{argument: value})
    assert str(caught.value) == f"here: {argument} must be a finite number, but is {value!r}."


@pytest.mark.parametrize(("kind", "argument"), NUMBERS)
def test_any_finite_number_is_a_constant(kind, argument):
    for value in (0.5, np.float32(0.5), np.float64(0.5)):
        assert dict(layer(kind, **{argument: value}).constants)[argument] == 0.5


@pytest.mark.parametrize("wrong", [None, (3, 4, 4), [], Net((3, 4, 4))])
def test_what_is_no_feature_map_is_refused(wrong):
    net = Net((3, 4, 4))
    for make in (
        lambda: net.relu(wrong, name="here"),
        lambda: net.linear(wrong, 3, name="here"),
        lambda: net.conv(wrong, 3, 1, name="here"),
        lambda: net.concat(wrong, name="here"),
        lambda: net.add(net.input, wrong, name="here"),
    ):
        with pytest.raises(CnnrefError) as caught:
            make()
        assert str(caught.value) == (
            "here: its input must be a feature map, net.input or what a layer gave, but is of "
            f"type {type(wrong).__name__}."
        )


def test_names_are_texts():
    net = Net((3, 4, 4))
    for what, make in {
        "layer": lambda: net.prelu(net.input, name=3),
        "stage": lambda: net.stage(3).__enter__(),
        "block": lambda: net.block(3).__enter__(),
        "net": lambda: Net((3, 4, 4), name=3),
    }.items():
        with pytest.raises(CnnrefError) as caught:
            make()
        assert str(caught.value) == f"The name of a {what} must be a text, but is 3."


def test_a_copied_net_goes_on_by_itself():
    net = Net((3, 4, 4))
    x = net.relu(net.input)
    twin = copy.copy(net)
    twin.prelu(x, name="own")
    net.conv(x, 2, 1, name="own")
    assert [row.op for row in net.table()] == ["relu", "conv"]
    assert [row.op for row in twin.table()] == ["relu", "prelu"]
