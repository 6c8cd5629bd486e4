"""The rules of counting against brute force, against torch's shapes, and with planted faults."""

import random
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnref.counting import arithmetic
from cnnref.counting.shapes import Counts, Shape, Window
from cnnref.errors import ShapeError
from proofs import brute_force

CASES = 300
POINT = Window((1, 1), (1, 1), (0, 0))


def small_windows(count, seed):
    """Random small geometries on small maps that hold at least one window."""
    dice = random.Random(seed)
    found = []
    while len(found) < count:
        groups = dice.choice((1, 1, 2, 3))
        shape = Shape((groups * dice.randint(1, 2), dice.randint(1, 9), dice.randint(1, 9)))
        kernel = (dice.randint(1, 4), dice.randint(1, 4))
        padding = tuple(dice.randint(0, size // 2) for size in kernel)
        dilation = (dice.randint(1, 2), dice.randint(1, 3))
        stride = (dice.randint(1, 4), dice.randint(1, 4))
        axes = zip(shape.size, kernel, padding, dilation, strict=True)
        if all(d * (k - 1) < size + 2 * p for size, k, p, d in axes):
            window = Window(kernel, stride, padding, dilation, groups, dice.random() < 0.5)
            found.append((shape, groups * dice.randint(1, 2), window))
    return found


def conv_faults(cases, rule=arithmetic.conv):
    """How many cases a rule for convolutions gets wrong."""
    wrong = 0
    for shape, filters, window in cases:
        flat = window._replace(ceil_mode=False)
        out, macs, weights = brute_force.conv(shape, filters, *flat[:5])
        work = rule(shape, filters, flat)
        counts = Counts(macs, out[0] * out[1] * out[2], 0, shape.elements,
                        out[0] * out[1] * out[2], weights, filters)  # fmt: skip
        wrong += (work.out_shape, work.counts) != (out, counts)
    return wrong


def pool_faults(cases, rule=arithmetic.pool):
    """How many cases a rule for pooling gets wrong."""
    wrong = 0
    for shape, _, window in cases:
        window = window._replace(groups=1)
        out, taps = brute_force.pool(shape, *window[:4], window.ceil_mode)
        work = rule(shape, window)
        wrong += (work.out_shape, work.counts.window_taps) != (out, taps)
    return wrong


def test_conv_is_brute_force():
    assert conv_faults(small_windows(CASES, seed=1)) == 0


def test_pool_is_brute_force():
    assert pool_faults(small_windows(CASES, seed=2)) == 0


def test_adaptive_pool_is_brute_force():
    for height, width, rows, columns in product((1, 2, 5, 7), (3, 6), (1, 2, 4), (1, 5)):
        work = arithmetic.adaptive_avg_pool(Shape((2, height, width)), (rows, columns))
        taps = brute_force.adaptive((2, height, width), (rows, columns))
        assert (work.out_shape, work.counts.window_taps) == ((2, rows, columns), taps)


@pytest.mark.parametrize(("width", "features"), [(1, 1), (3, 7), (12, 5)])
def test_linear_is_brute_force(width, features):
    counts = arithmetic.linear(Shape((width,)), features).counts
    assert (counts.macs, counts.weights) == brute_force.linear(width, features)
    assert (counts.biases, counts.bias_adds) == (features, features)
    assert arithmetic.linear(Shape((4, width)), features).counts.macs == 4 * counts.macs


FAULTS = {
    "one more output": lambda g, s: (g, Shape((s[0], s[1] + 1, s[2]))),
    "height for width": lambda g, s: (g, Shape((s[0], s[2], s[1]))),
    "no dilation": lambda g, s: (g._replace(dilation=(1, 1)), s),
    "no padding": lambda g, s: (g._replace(padding=(0, 0)), s),
    "no stride": lambda g, s: (g._replace(stride=(1, 1)), s),
    "square kernel": lambda g, s: (g._replace(kernel=(g.kernel[0],) * 2), s),
}


def planted(rule, fault):
    def wrong(shape, *arguments):
        window, shape = fault(arguments[-1], shape)
        try:
            return rule(shape, *arguments[:-1], window)
        except ShapeError:
            return arithmetic.flatten(Shape((0,)))

    return wrong


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_oracle_sees_a_planted_fault(fault):
    cases = small_windows(60, seed=3)
    assert conv_faults(cases, planted(arithmetic.conv, fault)) > 0
    assert pool_faults(cases, planted(arithmetic.pool, fault)) > 0


def test_the_oracle_sees_forgotten_groups_and_rounding():
    cases = small_windows(60, seed=4)
    no_groups = planted(arithmetic.conv, lambda g, s: (g._replace(groups=1), s))
    no_ceil = planted(arithmetic.pool, lambda g, s: (g._replace(ceil_mode=False), s))
    assert conv_faults(cases, no_groups) > 0
    assert pool_faults(cases, no_ceil) > 0


def test_the_oracle_sees_ceil_mode_without_its_correction(monkeypatch):
    def naive(size, kernel, stride, padding, dilation, ceil_mode):
        room = size + 2 * padding - dilation * (kernel - 1) - 1
        return (-(-room // stride) if ceil_mode else room // stride) + 1

    monkeypatch.setattr(arithmetic, "output_size", naive)
    assert pool_faults(small_windows(CASES, seed=5), arithmetic.pool.__wrapped__) > 0


axis = st.integers(1, 12)
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=200, deadline=None)
@given(st.tuples(axis, axis), pairs, pairs, pairs, st.booleans(), st.booleans())
def test_shapes_are_torchs(size, kernel, stride, dilation, padded, ceil_mode):
    padding = tuple(k // 2 if padded else 0 for k in kernel)
    window = Window(kernel, stride, padding, dilation, 2, ceil_mode)
    flat = window._replace(ceil_mode=False)
    # with numbers: older PyTorch refuses some windows only then
    x, weight = torch.zeros(1, 4, *size), torch.zeros(6, 2, *kernel)
    shape = Shape(x.shape[1:])
    theirs = outcome(lambda: F.conv2d(x, weight, None, stride, padding, dilation, 2).shape[1:])
    assert outcome(lambda: arithmetic.conv(shape, 6, flat).out_shape) == theirs
    theirs = outcome(
        lambda: F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode).shape[1:]
    )
    assert outcome(lambda: arithmetic.pool(shape, window).out_shape) == theirs


def outcome(call):
    """A shape, or None where it is refused."""
    try:
        return tuple(call())
    except (ShapeError, RuntimeError):
        return None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)), max_size=4))
def test_receptive_field_is_the_support_of_the_gradient(layers):
    field, jump, size = 1, 1, 128
    x = torch.zeros(1, 1, 1, size, requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        y = F.conv2d(y, torch.ones(1, 1, 1, kernel), stride=(1, stride), dilation=(1, dilation))
        field, jump = arithmetic.receptive_field(field, jump, kernel, stride, dilation)
    starts = []
    for place in (0, 1):
        (gradient,) = torch.autograd.grad(y[0, 0, 0, place], x, retain_graph=True)
        support = gradient[0, 0, 0].nonzero().flatten()
        starts.append(int(support[0]))
        assert int(support[-1]) - int(support[0]) + 1 == field
    assert starts[1] - starts[0] == jump


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arithmetic.output_size(2, 3), "a window of 3 does not fit 2 with padding 0"),
        (
            lambda: arithmetic.conv(Shape((3, 8, 8)), 4, Window((1, 1), (1, 1), (0, 0), groups=2)),
            "2 groups do not divide 3 channels into 4",
        ),
        (
            lambda: arithmetic.elementwise(Shape((1, 2, 2)), Shape((1, 2, 3))),
            "cannot join 1 x 2 x 2 with 1 x 2 x 3",
        ),
        (
            lambda: arithmetic.concat(Shape((1, 2, 2)), Shape((1, 2, 3))),
            "cannot stack 1 x 2 x 2 on 1 x 2 x 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == message
