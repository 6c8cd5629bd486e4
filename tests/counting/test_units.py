"""Numbers to text: halves up, thousands grouped, never a float on the way."""

from fractions import Fraction
from math import floor

import pytest

from cnnref.counting.units import GIGA, KIB, KILO, MEGA, MIB, grouped, ratio, rounded, scaled


@pytest.mark.parametrize(
    ("value", "unit", "digits", "text"),
    [
        (0, 1, 0, "0"),
        (507, 2, 0, "254"),
        (505, 2, 0, "253"),
        (503, 2, 0, "252"),
        (-507, 2, 0, "-254"),
        (259584, KIB, 0, "254"),
        (419904, MEGA, 0, "0"),
        (419904, MEGA, 1, "0.4"),
        (500_000, MEGA, 0, "1"),
        (499_999, MEGA, 0, "0"),
        (999_950, KILO, 1, "1,000.0"),
        (1_050, KILO, 2, "1.05"),
        (102_764_544, KILO, 0, "102,765"),
        (10**30 + 5 * 10**11, 10**12, 0, f"{10**18 + 1:,}"),
    ],
)
def test_halves_round_up(value, unit, digits, text):
    assert rounded(value, unit, digits) == text


@pytest.mark.parametrize("unit", [1, 2, 3, 7, KILO, KIB, MEGA, MIB])
@pytest.mark.parametrize("digits", [0, 1, 3])
def test_rounding_is_exact(unit, digits):
    for value in (*range(2_000), 2**53 + 1, 10**17 + 1):
        steps = floor(Fraction(value * 10**digits, unit) + Fraction(1, 2))
        printed = rounded(value, unit, digits).replace(",", "")
        assert Fraction(printed) == Fraction(steps, 10**digits)


def test_the_check_of_rounding_can_fail():
    assert f"{253.5:.0f}" == "254"
    assert f"{252.5:.0f}" != rounded(505, 2) == "253"


@pytest.mark.parametrize(
    ("value", "noun", "digits", "text"),
    [
        (0, "MACs", 2, "0 MACs"),
        (999, "parameters", 2, "999 parameters"),
        (1_000, "parameters", 1, "1.0 k parameters"),
        (15_470_264_320, "MACs", 2, "15.47 GMACs"),
        (61_100_840, "parameters", 1, "61.1 M parameters"),
        (3 * 10**12, "FLOPs", 0, "3 TFLOPs"),
        (-2_500, "parameters", 0, "-3 k parameters"),
    ],
)
def test_a_count_carries_its_unit(value, noun, digits, text):
    assert scaled(value, noun, digits) == text


@pytest.mark.parametrize(
    ("value", "noun", "digits", "text"),
    [
        (999_999, "parameters", 1, "1.0 M parameters"),
        (999_999_999, "MACs", 2, "1.00 GMACs"),
        (999_500, "MACs", 0, "1 MMACs"),
    ],
)
def test_a_count_that_rounds_up_takes_the_next_prefix(value, noun, digits, text):
    assert scaled(value, noun, digits) == text


def test_small_helpers():
    assert grouped(72_855_552) == "72,855,552"
    assert grouped(-1_000) == "-1,000"
    assert ratio(7_485, 418) == "17.9"
    assert ratio(1, 3, 3) == "0.333"
    assert (KILO, MEGA, GIGA, KIB, MIB) == (1_000, 1_000_000, 10**9, 1_024, 1_048_576)
