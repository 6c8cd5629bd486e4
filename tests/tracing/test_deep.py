"""Modules that are nested as deeply as PyTorch runs them are traced, and others refused."""

import json
import math
import sys

import pytest
import torch
from torch import nn

import cnnref
from cnnref.errors import CnnrefError


def nested(depth):
    module = nn.Conv2d(3, 4, 1)
    for _ in range(depth):
        module = nn.Sequential(module)
    return module


def deepest():
    """The deepest nest that PyTorch runs from here."""
    image = torch.zeros(1, 3, 2, 2)
    low, high = 1, sys.getrecursionlimit()
    while high - low > 1:
        middle = (low + high) // 2
        try:
            nested(middle)(image)
            low = middle
        except RecursionError:
            high = middle
    return low


@pytest.fixture
def allowed(request):
    """So many calls inside each other, whatever a test before has set."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield request.param
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("allowed", [1000, 8000], indirect=True)
def test_what_pytorch_runs_is_counted_however_deep(allowed):
    limit, depth = sys.getrecursionlimit(), deepest()
    assert depth > allowed // 5
    table = cnnref.trace(nested(depth), (3, 2, 2))
    assert [row.macs for row in table] == [48]
    assert table[0].name == ".".join(["0"] * depth)
    assert sys.getrecursionlimit() == limit


def test_what_is_deeper_is_refused_in_a_sentence():
    limit = sys.getrecursionlimit()
    with pytest.raises(CnnrefError, match="holds is nested too deeply for"):
        cnnref.trace(nested(3 * limit), (3, 2, 2))
    assert sys.getrecursionlimit() == limit


def test_a_limit_that_is_set_meanwhile_stays():
    class Sets(nn.Module):
        def forward(self, x):
            sys.setrecursionlimit(1234)
            return x.relu()

    before = sys.getrecursionlimit()
    try:
        cnnref.trace(Sets(), (3, 2, 2))
        assert sys.getrecursionlimit() == 1234
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("number", "name"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_a_constant_that_is_no_finite_number_stands_in_json_by_its_name(number, name):
    table = cnnref.trace(nn.BatchNorm2d(3, eps=number), (3, 2, 2))
    document = json.loads(table.to_json(), parse_constant=pytest.fail)
    assert document["rows"][0]["constants"] == [["eps", name]]


def test_what_is_no_number_in_both_is_no_difference():
    a, b = (cnnref.trace(nn.BatchNorm2d(3, eps=float("nan")), (3, 2, 2)) for _ in "ab")
    assert cnnref.compare(a, b) == []
    other = cnnref.trace(nn.BatchNorm2d(3, eps=1.0), (3, 2, 2))
    (found,) = cnnref.compare(a, other)
    assert found.field == "eps"
    json.loads(cnnref.compare(a, other).to_json(), parse_constant=pytest.fail)


def test_an_input_that_no_tensor_holds_is_refused():
    for sizes in ((10**30,), (10**10, 10**10), (2**61,)):
        with pytest.raises(CnnrefError, match="takes more bytes than a tensor can have"):
            cnnref.trace(nn.ReLU(), sizes)
    assert cnnref.trace(nn.ReLU(), (2**60,))[0].activations == 2**60
