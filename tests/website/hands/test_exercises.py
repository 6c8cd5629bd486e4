"""Answers of exercises: how they are read and judged, and the slips that are named."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import jinja2
import pytest

from cnnref.counting.units import rounded
from cnnref.errors import CnnrefError
from cnnref.net import Net
from website.hands import exercises as exercises_of
from website.hands.exercises import answer, asks, slips
from website.macros import MACROS
from website.places import DOCS
from website.theme import math

SCRIPT = DOCS / "assets" / "javascripts" / "exercises.js"
FC6, CONV4 = "alexnet@227/fc6/parameters", "alexnet_2012/conv4/parameters"


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    math.engine().eval(SCRIPT.read_text(encoding="utf-8"))
    yield
    math.close()


def called(function: str, *given: object) -> Any:
    arguments = ", ".join(map(json.dumps, given))
    found = math.engine().eval(f"JSON.stringify(cnnrefExercises.{function}({arguments}))")
    return json.loads(found)


def data(form: str) -> dict[str, Any]:
    """What a form hands to the script."""
    found = re.search(r'data-answer="([^"]*)"', form)
    assert found
    stated: dict[str, Any] = json.loads(html.unescape(found[1]))
    return stated


def judged(text: str, *asked: str) -> tuple[str, str]:
    found = called("judge", text, data(asks("A number", *asked)))
    return found["verdict"], found["says"]


READ = {
    "61100840": "61100840", "61,100,840": "61100840", "61 100 840": "61100840",
    "61.100.840": "61100840", "61'100'840": "61100840", "61\u202f100\u202f840": "61100840",
    "61M": "61000000", "61.1 M": "61100000", "61,1 M": "61100000", "61.1 million": "61100000",
    "1e6": "1000000", "6.1e7": "61000000", "6.1 x 10^7": "61000000", "6.1·10 7": None,
    "  ~ 61.1m parameters ": "61100000", "37.75 k": "37750", "1,5": "3/2", ".5": "1/2", "−3": "-3",
    "0.0": "0", "1,234.5": "2469/2", "1.234,5": "2469/2", "about 3": None, "": None, "M": None,
    "1,23,456.7.8": None, "61 apples": None, "9" * 40: "9" * 40,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), READ.items(), ids=str)
def test_a_number_is_read_however_it_is_written(text: str, value: str | None) -> None:
    found = called("read", text, ["parameters"])
    if value is None:
        assert isinstance(found, str)
        assert found.endswith(".")
    else:
        assert Fraction(int(found[0]), int(found[1])) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "verdict", "says"),
    [
        ("37752832", "right", "Right."),
        ("37,752,832 parameters", "right", "Right."),
        ("37.8M", "right", "Right, rounded."),
        ("38 million", "right", "Right, rounded."),
        ("37,753,000", "right", "Right, rounded."),
        ("4e7", "coarse", "Right so far. Give one digit more."),
        ("37748736", "wrong", "No. The biases are missing, one for each output."),
        ("37,748,736", "wrong", "No. The biases are missing, one for each output."),
        ("37752833", "wrong", "No, it is less."),
        ("37.6 M", "wrong", "No, it is more."),
        ("151 M", "wrong", "No. Those are the bytes, not the numbers."),
        ("37.8 MACs", "unread", "The unit “MACs” is not the one that is asked for: parameters."),
        ("many", "unread", "That is not read as a number. Write 61100840, 61,100,840 or 61.1 M."),
    ],
)
def test_an_answer_is_judged_to_its_last_digit(text: str, verdict: str, says: str) -> None:
    assert answer(FC6) == 37_752_832
    assert judged(text, FC6) == (verdict, says)


@pytest.mark.parametrize(
    ("asked", "text", "says"),
    [
        ((CONV4,), "1327488", "No. That is without groups: each filter sees its own group alone."),
        ((CONV4,), "3,840", "No. A filter is as deep as its input."),
        (("vgg16/total/macs",), "30.9 G", "That counts a multiply-add as two operations."),
        (("vgg16/total/macs",), "15.476 GMACs", "No. The poolings are counted as well."),
        (("resnet50/total/parameters",), "25503912", "No. The batch normalisations learn"),
        (("alexnet@227/conv1/out_size",), "55", "No. The window's first place is missing"),
        (("zfnet/pool1/out_size",), "54 px", "No. The window's first place is missing"),
        (("alexnet@227/conv2/out_size",), "23", "No. The padding is missing."),
        (("vgg16/pool5/field",), "32", "No. The strides are missing"),
        (("vgg16/pool5/field",), "211", "No. The pixel that it begins with is missing"),
        (("vgg16/pool5/field",), "44944", "No. That is its area."),
        (
            ("vgg16/total/stored_bytes:lecture",),
            "60.3 MB",
            "No. One MB is 1,048,576 bytes here, not 1,000,000.",
        ),
        (("resnet50/total/macs", "alexnet/total/macs"), "0.17", "No. That is the other way"),
        (("resnet50/conv2_2.conv2/weights",), "36,928", "No. These layers have no biases."),
        (("part:conv:3:8:4:3/conv/weights",), "112", "No. The biases are in it."),
    ],
)
def test_a_slip_is_named(asked: tuple[str, ...], text: str, says: str) -> None:
    verdict, told = judged(text, *asked)
    assert verdict == "wrong"
    assert says in told


def test_bytes_have_units_of_1024() -> None:
    asked = "alexnet@227/conv1/stored_bytes:lecture"
    assert answer(asked) == 64 * 56 * 56 * 4
    for text in ("784 KB", "784 KiB", "802,816 bytes"):
        assert judged(text, asked)[0] == "right"
    assert judged("803 KB", asked)[1] == "No. One KB is 1,024 bytes here, not 1,000."


def test_shares_ratios_and_differences() -> None:
    one, whole = "vgg16/op:linear/parameters", "vgg16/total/parameters"
    assert judged("89%", one, whole, "share") == ("right", "Right, rounded.")
    assert judged("0.89", one, whole, "share")[1] == "No. That is a fraction. As a percentage?"
    assert judged("11", one, whole, "saved") == ("right", "Right, rounded.")
    assert judged("1.1 times", whole, one) == ("right", "Right, rounded.")
    assert answer(whole, one, "difference") == answer(whole) - answer(one)
    with pytest.raises(CnnrefError, match=r"^'quotient' is no kind of an answer: known are ratio,"):
        answer(one, whole, "quotient")


def test_what_another_macro_prints_can_be_asked() -> None:
    form = MACROS["asks"]("Channels", MACROS["break_even"]("3a"))
    assert called("judge", "164", data(form))["verdict"] == "right"
    assert called("judge", "163", data(form)) == {"verdict": "wrong", "says": "No, it is more."}
    with pytest.raises(CnnrefError, match=r"^'<data value=\"a\">' is no number as a macro prints"):
        MACROS["asks"]("Channels", '<data value="a">')


QUESTIONS = [
    ("fall", "2015", "Right."),
    ("fall", "2012", "No. That is the largest fall in percentage points, 9.3; it is 36.3% of the"),
    ("fall", "2016", "No. In that year it fell by 16.1% of what it was."),
    ("fall", "2010", "No. That is the first year of the list"),
    ("fall", "1998", "No, it is more."),
    ("deviation", "0.57", "Right, rounded."),
    ("deviation", "0.568 points", "Right, rounded."),
    ("deviation", "0.0057", "No. That is a fraction."),
    ("deviation", "1.14", "No. That is two standard errors."),
    ("deviation", "22.0", "No. That is the spread of a single image."),
    ("deviation", "0.0032", "No. The root is missing."),
    ("deviation", "0.583", "No. The factor of what is right is missing."),
    ("ahead", "2.7", "Right, rounded."),
    ("ahead", "1.53", "No. Those are percentage points."),
    ("ahead", "0.37", "No. That is the other way round."),
    ("entry", "2,202 AlexNets", "Right, rounded."),
    ("entry", "1,008", "No. Those are the passes."),
    ("entry", "2.18", "No. That is a single pass."),
]


@pytest.mark.parametrize(("name", "text", "says"), QUESTIONS)
def test_a_number_that_a_page_computes_is_judged_as_all_others(
    name: str, text: str, says: str
) -> None:
    form = MACROS["asks"]("A number", MACROS["question"](name))
    assert says in called("judge", text, data(form))["says"]


def test_a_question_that_is_none_names_those_that_are() -> None:
    with pytest.raises(CnnrefError, match=r"^Unknown question 'falls': did you mean fall"):
        MACROS["question"]("falls")


def exercises(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each exercise of a page, with what the fields behind it ask for."""
    for block in re.split(r'(?=<details class="exercise")', text)[1:]:
        solution, _, behind = block.partition("</details>")
        yield solution, re.findall(r"\{\{ (asks\(.*\)) \}\}", behind)


def printed(asked: str) -> set[str]:
    """How a solution may print the value of a field."""
    exact = Fraction(*map(int, data(eval(asked, dict(MACROS)))["value"]))
    texts = {f"{int(exact):,}", str(int(exact))} if exact.denominator == 1 else set()
    above, below = exact.numerator, exact.denominator
    units = (below, below * 10**3, below * 10**6)
    texts |= {rounded(above, unit, digits) for digits in range(5) for unit in units}
    return texts | {text.replace(",", "{,}") for text in texts}


def missing(text: str) -> list[str]:
    """The fields whose value the solution before them does not print."""
    stated = {**MACROS, "passage": str, "erratum": str}
    named = "".join(re.findall(r"\{% set .*? %\}", text))
    return [
        asked
        for solution, fields in exercises(text)
        for asked in fields
        if not any(
            re.search(rf"(?<![\d.,}}]){re.escape(one)}(?![\d])", shown)
            for shown in [jinja2.Template(named + solution).render(stated)]
            for one in printed(asked)
        )
    ]


PAGES = {p.stem: p.read_text(encoding="utf-8") for p in sorted(DOCS.glob("*.md"))}
ASKING = {name: text for name, text in PAGES.items() if "{{ asks(" in text}


@pytest.mark.parametrize("name", ASKING)
def test_a_field_asks_for_what_the_solution_prints(name: str) -> None:
    assert missing(ASKING[name]) == []
    assert ASKING[name].count("{{ asked() }}") == 1


def test_a_field_that_asks_for_something_else_is_seen() -> None:
    assert len(ASKING) >= 9
    solution = '<details class="exercise">{{ n("alexnet@227/fc6/weights") }}</details>'
    assert missing(solution + f'\n{{{{ asks("a", "{FC6}") }}}}') == [f'asks("a", "{FC6}")']


@pytest.mark.parametrize("name", ASKING)
def test_every_slip_is_another_number(name: str) -> None:
    fields = [asked for _, found in exercises(ASKING[name]) for asked in found]
    for asked in fields:
        stated = data(eval(asked, dict(MACROS)))
        values = [tuple(one) for one, _ in stated["slips"]]
        assert tuple(stated["value"]) not in values
        assert len(values) == len(set(values))
        assert values or "/" not in asked


def test_slips_of_a_window_that_is_no_square_are_those_along_the_height() -> None:
    flat, tall = "Mixed_6b.branch2.2_1x7", "Mixed_6b.branch2.3_7x1"
    first = (Fraction(16), "The window's first place is missing: add one.")
    assert slips(f"inception_v3/{flat}/out_size") == [first]
    # of 17 rows a window of 7 has 11 places, and one of 7 + 3 between two margins of 3 has 14
    assert slips(f"inception_v3/{tall}/out_size") == [
        first,
        (Fraction(11), "The padding is missing."),
        (Fraction(14), "The padding stands on both sides."),
    ]


def test_a_slip_says_so_in_a_sentence() -> None:
    for one, said in slips("alexnet@227/conv1/macs"):
        assert one > 0
        assert re.fullmatch(r"[A-Z].*[.?]", said)


LEFT, TURNED, MORE, REST, PART = (
    "That is what is left.",
    "That is the other way round.",
    "That is by how much it is more.",
    "That is what the rest is.",
    "That is a fraction. As a percentage?",
)


@pytest.mark.parametrize(
    ("kind", "turned", "expected"),
    [
        ("ratio", False, [(Fraction(195, 212), TURNED), (Fraction(17, 195), MORE)]),
        (
            "share", False,
            [
                (Fraction(19500, 212), TURNED), (Fraction(1700, 195), MORE),
                (Fraction(212, 195), PART),
            ],
        ),
        (
            "share", True,
            [
                (Fraction(21200, 195), TURNED), (Fraction(1700, 212), REST),
                (Fraction(195, 212), PART),
            ],
        ),
        (
            "saved", True,
            [
                (Fraction(19500, 212), LEFT), (Fraction(21200, 195), TURNED),
                (Fraction(17, 212), PART),
            ],
        ),
        (
            "difference", False,
            [
                (Fraction(212), "That is all of the larger one. What is the difference?"),
                (Fraction(195), LEFT),
            ],
        ),
    ],
)  # fmt: skip
def test_slips_of_two_numbers_are_worked_out_by_hand(kind, turned, expected) -> None:
    """Receptive fields of 212 pixels and of 195."""
    pair = ["vgg16/pool5/field", "alexnet@227/pool5/field"]
    assert slips(*(pair[::-1] if turned else pair), kind) == expected


def test_the_adds_of_biases_and_doubled_or_halved_work_are_slips() -> None:
    said = dict(slips("alexnet@227/fc6/macs"))
    assert said[Fraction(2 * 9216 * 4096)].startswith("That counts a multiply-add as two")
    assert said[Fraction(9216 * 4096, 2)].startswith("That is half of it.")
    assert said[Fraction(9216 * 4096 + 4096)].startswith("The adds of the biases are in it.")


def test_slips_of_a_field_are_those_along_the_height(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of windows that are wider than high; what follows a row has no part in its field."""
    net = Net((1, 40, 40), name="wide")
    x = net.conv(net.input, 1, (3, 5), stride=(2, 1), name="first")
    x = net.max_pool(x, (2, 4), stride=(2, 1), name="pooled")
    x = net.conv(x, 1, (3, 5), name="second")
    net.conv(x, 1, 3, name="third")
    monkeypatch.setattr(exercises_of, "lookup", {"wide": net.table()}.__getitem__)
    # 3, then 3 + 2 = 5, then 5 + 2 * 4 = 13
    assert slips("wide/second/field") == [
        (Fraction(3 + 1 + 2), "The strides are missing: each makes every later step longer."),
        (Fraction(3 + 2 * 4), "The windows of the poolings are missing."),
        (Fraction(12), "The pixel that it begins with is missing: add one."),
        (Fraction(169), "That is its area. Along one axis?"),
    ]
