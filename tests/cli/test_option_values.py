"""The values of options: the largest number, and lists with brackets in them."""

import pytest

from cnnref.cli.words import parsed
from cnnref.errors import CnnrefError


def test_a_number_has_as_many_digits_as_any_size_may_have():
    assert parsed("table", ["a", "--top", "9" * 18]).top == 10**18 - 1
    with pytest.raises(CnnrefError, match="A number of 19 digits is given; 18 are the most"):
        parsed("table", ["a", "--top", "1" + "0" * 18])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2", [1, 2]),
        ("1", [1]),
        ("(1,2),(3,4)", [(1, 2), (3, 4)]),
        ("[(1,2),3],{4,5},a", [[(1, 2), 3], {4, 5}, "a"]),
        ("None,True,0.5,x y", [None, True, 0.5, "x y"]),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_values_to_vary_stand_between_commas_outside_brackets(text, values):
    assert parsed("sweep", ["a", "--vary", f"width={text}"]).vary == [("width", values)]


@pytest.mark.parametrize("text", ["8x8x8", "x8", "8x", "", "-8", "8.0", "8,8"])
def test_a_size_is_one_number_or_two(text):
    assert parsed("table", ["a", "--input-size", "8"]).input_size == 8
    assert parsed("table", ["a", "--input-size", "8X9"]).input_size == (8, 9)
    with pytest.raises(CnnrefError, match="--input-size must be N or HEIGHTxWIDTH in pixels"):
        parsed("table", ["a", f"--input-size={text}"])


@pytest.mark.parametrize("text", ["3,0,8", "3,,8", "3,-8", "3.0", "a b=3", "x.npy.gz", ""])
def test_an_input_has_positive_sizes_or_is_a_file(text):
    words = ("--input", "3,8,9", "--input", "ids=4:int64", "--input", "x=A.NPY")
    found = parsed("trace", ["a", *words])
    assert list(map(tuple, found.input)) == [
        ("", (3, 8, 9), "", ""), ("ids", (4,), "int64", ""), ("x", (), "", "A.NPY")
    ]  # fmt: skip
    with pytest.raises(CnnrefError, match=r"--input must be \[NAME=\]SIZES\[:DTYPE\], positive"):
        parsed("trace", ["a", f"--input={text}"])


def test_a_file_names_its_format_by_its_ending():
    formats = {"t.csv": "csv", "t.MD": "markdown", "t.tex": "latex", "t": "text", "csv": "text"}
    for name, expected in formats.items():
        assert parsed("table", ["a", "--output", name]).format == expected
    assert parsed("table", ["a", "--output", "t.csv", "--format", "json"]).format == "json"
    assert parsed("table", ["a"]).format == "text"
