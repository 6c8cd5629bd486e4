"""Limits on what a network may cost: sentences and numbers that are worked out by hand."""

import pytest

import cnnref
from cnnref.tables.budget import Budget, Change, Verdict, amount


def twin(kernel=3):
    """Two convolutions: of 10,368 and of 24,576 MACs."""
    net = cnnref.Net((3, 8, 8), name="twin")
    x = net.conv(net.input, 6, kernel, padding=kernel // 2, name="a")
    net.conv(x, 64, 1, name="b")
    return net.table()


def verdict(used, limit, unit="MACs", parts=(), at="", least=False):
    return str(Verdict("macs", used, limit, unit, parts, at, least))


PARTS = (("a", 60), ("b", 30), ("c", 10), ("d", 5), ("e", 0))
MAPS = (("a", 6 * 2**20), ("b", 2**10), ("c", 999), ("d", 1))
VERDICTS = [
    (verdict(50, 100), "macs: 50 MACs of 100 MACs (50.0%)"),
    (verdict(100, 100), "macs: 100 MACs of 100 MACs (100.0%)"),
    (verdict(0, 0), "macs: 0 MACs of 0 MACs"),
    (verdict(50, 100, least=True), "macs: at least 50 MACs of 100 MACs (50.0%)"),
    (
        verdict(105, 100, parts=PARTS),
        "macs: 105 MACs exceed the budget of 100 MACs by 5 MACs (5.0%); most in a (57.1%), "
        "b (28.6%), c (9.5%)",
    ),
    (
        verdict(90, 0, parts=(("a", 90), ("b", 0)), least=True),
        "macs: at least 90 MACs exceed the budget of 0 MACs by 90 MACs; most in a (100.0%)",
    ),
    (
        verdict(6292519, 2**20, "bytes", MAPS, "c"),
        "macs: 6.00 MiB exceed the budget of 1.00 MiB by 5.00 MiB (500.1%); alive at c: "
        "a 6.00 MiB, b 1.00 KiB, c 999 bytes",
    ),
]


@pytest.mark.parametrize(("told", "expected"), VERDICTS)
def test_a_verdict_is_a_sentence(told, expected):
    assert told == expected


@pytest.mark.parametrize(
    ("used", "said"),
    [
        (2**10 - 1, "1,023 bytes"), (2**10, "1.00 KiB"), (2**20, "1.00 MiB"), (2**30, "1.00 GiB"),
        (2**40, "1.00 TiB"), (3 * 2**50, "3,072.00 TiB"),
    ],
)  # fmt: skip
def test_bytes_have_the_largest_unit_of_which_there_is_one(used, said):
    assert verdict(used, used, "bytes") == f"macs: {said} of {said} (100.0%)"


def test_what_has_changed_is_a_sentence():
    parts = (("a", -60), ("b", 30), ("c", 20), ("d", 1))
    assert str(Change("macs", 200, 191, "MACs", parts)) == (
        "macs: 200 MACs before, 191 MACs now, -9 MACs (-4.5%); most in a -60 MACs, b +30 MACs, "
        "c +20 MACs"
    )
    assert str(Change("macs", 0, 9, "MACs", ())) == "macs: 0 MACs before, 9 MACs now, +9 MACs"
    assert Change("macs", 0, 9, "MACs", parts).to_dict() == {
        "measure": "macs", "before": 0, "after": 9, "unit": "MACs", "parts": 4,
        "most": [{"layer": name, "more": more} for name, more in parts[:3]],
    }  # fmt: skip
    told = Verdict("macs", 105, 100, "MACs", PARTS, "", False).to_dict()
    assert told == {
        "measure": "macs", "used": 105, "limit": 100, "unit": "MACs", "at": "", "least": False,
        "kept": False,
        "most": [{"layer": name, "used": used} for name, used in PARTS[:3]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "of_bytes", "expected"),
    [
        (5, False, 5), ("5", False, 5), (" 1.5k ", False, 1500), ("2M", False, 2 * 10**6),
        ("3G", False, 3 * 10**9), ("4 T", False, 4 * 10**12), (2.75, False, 2), (0, False, 0),
        ("7B", True, 7), ("7kB", True, 7000), ("7MB", True, 7 * 10**6), ("1GB", True, 10**9),
        ("1TB", True, 10**12), ("1KiB", True, 1024), ("1.5MiB", True, 3 * 2**19),
        ("1GiB", True, 2**30), ("1TiB", True, 2**40), (9, True, 9),
        ("5k", True, None), ("5KiB", False, None), ("5kib", True, None), ("-5", False, None),
        (-1, False, None), ("5 5", False, None), ("", False, None), (True, False, None),
        (float("nan"), False, None), (float("inf"), False, None),
    ],
)  # fmt: skip
def test_a_limit_is_a_number_with_a_prefix(limit, of_bytes, expected):
    if expected is None:
        with pytest.raises(cnnref.CnnrefError, match=r"^The budget of peak must be a number such"):
            amount("peak", limit, of_bytes)
    else:
        assert amount("peak", limit, of_bytes) == expected


def test_a_limit_in_percent_is_of_what_was_there_before():
    before = twin()
    for more, macs in (("+0%", 34944), ("+50 %", 52416), ("-25%", 26208), ("-0.5%", 34769)):
        assert Budget({"macs": more}, before=before).limits == {"macs": macs}
    assert Budget({"macs": "-200%"}, before=before).limits == {"macs": 0}
    assert Budget({"macs": "+1%"}, before=before).relative
    held = Budget({"macs": 5}, before=before)
    assert not held.relative
    (change,) = held.against(twin(kernel=5), "kept.json").changes[:1]
    assert (change.measure, change.before, change.after) == ("macs", 34944, 53376)
    assert held.against(twin(), "kept.json").lines() == []
    assert Budget({"macs": 5}).against(before, "kept.json") is None
    assert Budget({"macs": "+1%"}, before=before).against(before, "kept.json") is None


def test_something_must_be_limited():
    for limits in ({}, {"macs": None}):
        with pytest.raises(cnnref.CnnrefError, match=r"^Nothing is limited; limits are macs, oper"):
            Budget(limits)
        assert Budget(limits, besides=True).verdicts(twin()) == []
        assert Budget(limits, before=twin()).limits == {}
