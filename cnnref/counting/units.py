"""Numbers and names to text, and nothing else. Halves round up, as the lecture's tables do."""

from __future__ import annotations

__all__ = [
    "GIB",
    "GIGA",
    "KIB",
    "KILO",
    "MEGA",
    "MIB",
    "grouped",
    "ratio",
    "rounded",
    "scaled",
    "significant",
    "visible",
]

KILO, MEGA, GIGA = 10**3, 10**6, 10**9
KIB, MIB, GIB = 2**10, 2**20, 2**30

# of the kinds Cc, Cs, Zl and Zp, marks of direction, and what is no character
HIDDEN = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
_PREFIXES = (("T", 10**12), ("G", GIGA), ("M", MEGA), ("k", KILO))


def rounded(value: int, unit: int = 1, digits: int = 0) -> str:
    """The quotient value / unit with a fixed number of decimals, thousands grouped, halves up.

    >>> rounded(507, 2), rounded(259584, KIB), rounded(419904, MEGA, 1)
    ('254', '254', '0.4')
    """
    sign = "-" if value < 0 else ""
    steps = (2 * abs(value) * 10**digits + unit) // (2 * unit)
    whole, rest = divmod(steps, 10**digits)
    tail = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{whole:,}{tail}"


def grouped(value: int) -> str:
    """All digits, in groups of three.

    >>> grouped(72855552)
    '72,855,552'
    """
    return f"{value:,}"


def scaled(value: int, noun: str, digits: int = 2) -> str:
    """A count with the prefix that suits its size, and its unit.

    >>> scaled(15470264320, "MACs"), scaled(61100840, "parameters", 1)
    ('15.47 GMACs', '61.1 M parameters')
    """
    for prefix, unit in _PREFIXES:
        # what rounds up to a full unit takes its prefix: 999,999 is 1.0 M, not 1,000.0 k
        steps = (2 * abs(value) * 10**digits + unit // KILO) // (2 * unit // KILO)
        if steps >= KILO * 10**digits:
            gap = "" if noun[0].isupper() else " "
            return f"{rounded(value, unit, digits)} {prefix}{gap}{noun}"
    return f"{grouped(value)} {noun}"


def ratio(part: int, whole: int, digits: int = 1) -> str:
    """The quotient part / whole with a fixed number of decimals, halves up.

    >>> ratio(7485, 418)
    '17.9'
    """
    return rounded(part, whole, digits)


def significant(value: float, digits: int) -> float:
    """A measured number with so many significant digits: no more than it is worth.

    >>> significant(0.0123456, 3)
    0.0123
    """
    return float(f"{value:.{digits}g}")


def visible(text: str) -> str:
    r"""Text with whatever would act on its reader, not be read, as Python writes it.

    >>> visible("a\x1b[2Jb\n\u202ec é")
    'a\\x1b[2Jb\\n\\u202ec é'
    """
    if text.isprintable():
        return text
    import re

    return re.sub(HIDDEN, lambda found: found[0].encode("unicode_escape").decode(), text)
