"""What the pages print inside a sentence or a formula: computed numbers, as HTML or TeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cnnref.counting import explain
from cnnref.counting.conventions import convention
from cnnref.counting.formulas import RULES
from cnnref.counting.layer import Layer
from cnnref.counting.units import GIGA, KIB, KILO, MEGA, MIB, grouped, ratio, rounded
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.networks.published import Source, figures, sources
from website import citations
from website.data import Entry, challenge_entry
from website.facts import fact, lookup
from website.formulas import MACROS as FORMULAS
from website.markup import Html, data
from website.markup import cited as _figure
from website.spoken import compared, network, spoken, told

__all__ = [
    "MACROS",
    "challenge",
    "cited",
    "depth",
    "difference",
    "field",
    "interval",
    "more",
    "number",
    "ratio_of",
    "rule",
    "saved",
    "share",
    "steps",
    "tex",
    "tex_number",
    "top5_error",
    "unit",
    "words",
]


UNITS = {"": 1, "k": KILO, "M": MEGA, "G": GIGA, "KB": KIB, "MB": MIB}
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
MONTHS = (
    "no month", "a month", "two months", "three months", "four months", "five months",
    "six months", "seven months", "eight months", "nine months", "ten months", "eleven months",
)  # fmt: skip
TIMES = r"\times"
_ROUNDING = re.compile(r"(floor|ceil)\(\((.*?)\) / (\w+)\)")
TEX_FORMULAS: Mapping[str, Callable[[Layer], str]] = {
    "size": lambda layer: explain.output_size(layer, times=TIMES),
    "parameters": lambda layer: explain.parameters(layer, times=TIMES),
    "memory": lambda layer: explain.memory(layer, convention("lecture"), times=TIMES),
    "operations": lambda layer: explain.operations(layer, convention("lecture"), times=TIMES),
}


def number(path: str, unit: str = "", digits: int = 0) -> str:
    """The value at a path in a unit of UNITS, with the exact value as its title.

    >>> number("vgg16/conv1_1/macs", "M", 1)
    '<data value="86704128" title="conv1_1 of VGG-16: 86,704,128 MACs">86.7 M</data>'
    """
    value = fact(path)
    text = rounded(value, _unit(unit), digits) + (f" {unit}" if unit else "")
    return data(value, text, told(path))


def tex_number(path: str, unit: str = "", digits: int = 0) -> str:
    """The value at a path for use inside a formula, without tags.

    >>> tex_number("alexnet@227/conv1/macs")
    '72{,}855{,}552'
    """
    return _tex(rounded(fact(path), _unit(unit), digits))


def words(path: str, *, capital: bool = False) -> str:
    """A small value at a path as a word, a larger one in digits.

    >>> words("alexnet/op:conv/rows")
    '<data value="5" title="all conv layers of AlexNet (one tower): 5 rows">five</data>'
    """
    value = fact(path)
    text = WORDS[value] if value < len(WORDS) else grouped(value)
    text = text.capitalize() if capital else text
    return data(value, text, told(path))


def unit(name: str) -> str:
    """How many one unit of UNITS is.

    >>> unit("KB")
    '1,024'
    """
    return grouped(_unit(name))


def share(part: str, whole: str, digits: int = 0) -> str:
    """What percentage one value is of another.

    >>> found = share("vgg16/stage:fc6/parameters", "vgg16/total/parameters")
    >>> found[:60], found[-11:]
    ('<data value="74.3%" title="stage fc6 of VGG-16: 102,764,544 ', '>74%</data>')
    """
    a, b = fact(part), fact(whole)
    text = ratio(100 * a, b, digits) + "%"
    return data(ratio(100 * a, b) + "%", text, compared(part, whole))


def saved(part: str, whole: str, digits: int = 0) -> str:
    """What percentage is saved by one value against another.

    >>> saved("vgg16/stage:fc6/parameters", "vgg16/total/parameters")[-11:]
    '>26%</data>'
    """
    a, b = fact(part), fact(whole)
    text = ratio(100 * (b - a), b, digits) + "%"
    return data(ratio(100 * (b - a), b) + "%", text, compared(part, whole))


def ratio_of(part: str, whole: str, digits: int = 1) -> str:
    """How many times one value is the other."""
    text = ratio(fact(part), fact(whole), digits) + "×"
    return data(text, text, compared(part, whole))


def tex(path: str, what: str, *more: str) -> str:
    r"""The worked formulas of one row ("table/row"), for use inside a formula, without tags.

    what, more: "size", "parameters", "memory" or "operations", under the lecture's convention; each
        formula begins with that word, and several stand one below the other.

    >>> print(tex("alexnet@227/pool1", "operations"))
    \text{operations: } (64 \times 27 \times 27) \times (3 \times 3) = 419{,}904
    """
    return steps(*(("", path, each) for each in (what, *more)))


def steps(*worked: tuple[str, str, str]) -> str:
    r"""Worked formulas one below the other: (label, "table/row", what) of each, as `tex` has them.

    >>> both = steps(("a", "vgg16/fc8", "parameters"), ("b", "vgg16/fc8", "operations"))
    >>> print(both.replace(r" \\ ", "\n"))
    \begin{aligned}&\text{a, parameters: } 4096 \times 1000 + 1000 = 4{,}097{,}000
    &\text{b, operations: } 4096 \times 1000 = 4{,}096{,}000\end{aligned}
    """
    lines = [_worked(*step) for step in worked]
    if len(lines) == 1:
        return lines[0]
    return r"\begin{aligned}&" + r" \\ &".join(lines) + r"\end{aligned}"


def _worked(label: str, path: str, what: str) -> str:
    if what not in TEX_FORMULAS:
        raise UnknownNameError("formula", what, TEX_FORMULAS)
    key, _, row = path.partition("/")
    said = f"{label}, {what}" if label else what
    return rf"\text{{{said}: }} " + _tex(TEX_FORMULAS[what](lookup(key)[row]))


def rule(op: str, count: str, *, groups: bool = True) -> str:
    r"""What the rule of an operator says of a count, in letters, for use inside a formula.

    count: a raw count, "parameters", or "size", that of an output along one axis.
    groups: whether the letter of the groups is there, where a rule has it.

    >>> print(rule("max_pool", "window_taps"))
    (C \times H' \times W') \times (K \times K)
    """
    text = explain.symbolic(op, count, TIMES)
    if re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1]
    if not text:
        raise UnknownNameError("rule", f"{op}/{count}", ("/".join(key) for key in RULES))
    return _tex(text if groups else text.replace(" / G", ""))


def _tex(text: str) -> str:
    text = _ROUNDING.sub(r"\\left\\l\1 \\frac{\2}{\3} \\right\\r\1", text)
    return text.replace(" bytes", r"\text{ bytes}").replace(",", "{,}")


def _unit(unit: str) -> int:
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    return UNITS[unit]


def difference(more: str, less: str, unit: str = "", digits: int = 0) -> str:
    """By how much one value exceeds another.

    >>> difference("vgg19/total/macs", "vgg16/total/macs", "M", 0)[-15:]
    '>4,162 M</data>'
    """
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    value = fact(more) - fact(less)
    text = rounded(value, UNITS[unit], digits) + (f" {unit}" if unit else "")
    return data(value, text, compared(more, less))


def more(more: str, less: str, digits: int = 0) -> str:
    """By what percentage one value exceeds another.

    >>> more("vgg19/total/macs", "vgg16/total/macs")[:54]
    '<data value="26.9%" title="VGG-19: 19,632,062,464 MACs'
    """
    a, b = fact(more), fact(less)
    text = ratio(100 * (a - b), b, digits) + "%"
    exact = ratio(100 * (a - b), b) + "%"
    return data(exact, text, compared(more, less))


def field(path: str) -> str:
    """The receptive field of one row ("table/row"), in pixels of the input along one axis.

    >>> field("vgg16/pool5")
    '<data value="212" title="receptive field of pool5 of VGG-16, in pixels">212</data>'
    """
    key, _, name = path.partition("/")
    book = lookup(key)
    place = tuple(layer.name for layer in book).index(book[name].name)
    value = book.receptive_fields()[place].field[0]
    return data(value, grouped(value), f"receptive field of {spoken(f'{path}/rows')}, in pixels")


def challenge(year: int, role: str = "winner", data: str = "provided", model: str = "") -> str:
    """The top-5 error of an entry to the ImageNet challenge, with its source as the title.

    data: "provided" or what was added; model: a part of its name where a team has several.
    """
    return top5_error(challenge_entry(year, role, data, model))


def top5_error(entry: Entry) -> str:
    """The top-5 error of an entry, with its source as the title."""
    title = f"{entry.team}: {entry.model}; {entry.source.citation}"
    text = entry.top5_error.text
    return data(text, f"{text}%", title)


def depth(key: str) -> str:
    """The convolutions and fully-connected layers on the longest path through a network.

    >>> depth("googlenet")
    '<data value="22" title="layers with weights, one after another, of GoogLeNet">22</data>'
    """
    value = citations.depth(lookup(key))
    return data(value, str(value), f"layers with weights, one after another, of {network(key)}")


def cited(name: str, quantity: str, source: str, note: str = "") -> str:
    """One published figure; note is a part of its protocol, as much as makes it the only one.

    name is the catalogue's or the source's own; "~" stands for a space in name and note, so
    that a page's lint does not take them for prose.

    Raises:
        CnnrefError: no figure fits, or several that differ.

    >>> cited("vgg19", "top1_err", "vgg2014")
    Traceback (most recent call last):
    cnnref.errors.CnnrefError: vgg19, top1_err, vgg2014, '': 6 figures fit; name exactly one.
    """
    found = [
        figure
        for figure in figures()
        if name.replace("~", " ") in (figure.name, figure.title)
        and (figure.quantity, figure.source.key) == (quantity, source)
        and note.replace("~", " ") in figure.note
    ]
    if len({figure.value.text for figure in found}) != 1:
        raise CnnrefError(
            f"{name}, {quantity}, {source}, {note!r}: {len(found)} figures fit; name exactly one."
        )
    return _figure(found[0])


def interval(earlier: str, later: str, *, capital: bool = False) -> Html:
    """How long after one source another came out, in words, from their first versions.

    Raises:
        UnknownNameError: there is no such source.
        CnnrefError: the month of one is not known, or the order is another.

    >>> interval("googlenet2014", "bn2015")
    '<data value="5" title="months from 2014-09 to 2015-02">five months</data>'
    """
    first, second = _source(earlier).first, _source(later).first
    if not (len(first) == len(second) == len("2014-09") and first < second):
        raise CnnrefError(f"{earlier} ({first}), {later} ({second}): no months from one to other.")
    months = 12 * (int(second[:4]) - int(first[:4])) + int(second[5:]) - int(first[5:])
    title, words = f"months from {first} to {second}", _months(months)
    shown = words.capitalize() if capital else words
    return data(months, shown, title)


def _source(key: str) -> Source:
    known = {source.key: source for source in sources()}
    if key not in known:
        raise UnknownNameError("source", key, known)
    return known[key]


def _months(months: int) -> str:
    years, rest = divmod(months, 12)
    whole = "a year" if years == 1 else f"{years} years"
    return MONTHS[rest] if not years else whole if not rest else f"{whole} and {MONTHS[rest]}"


MACROS: Mapping[str, Callable[..., object]] = {
    "challenge": challenge,
    "cited": cited,
    "depth": depth,
    "difference": difference,
    "field": field,
    **FORMULAS,
    "interval": interval,
    "more": more,
    "n": number,
    "ratio": ratio_of,
    "rule": rule,
    "saved": saved,
    "share": share,
    "steps": steps,
    "t": tex_number,
    "tex": tex,
    "unit": unit,
    "words": words,
}
