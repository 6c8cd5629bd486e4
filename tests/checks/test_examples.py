"""Examples in the documents of the scripts come to what they show; pytest runs the package's."""

from __future__ import annotations

import doctest
import re
from importlib import import_module

import pytest

from checks.floors import dotted, files
from website.places import SCRIPTS

EXAMPLE = re.compile(r"^ +>>> ", re.MULTILINE)
SHOWING = [
    dotted(path)
    for path in files()
    if path.is_relative_to(SCRIPTS) and EXAMPLE.search(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", SHOWING)
def test_the_examples_of_a_module_come_to_what_they_show(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name))
    assert failed == 0
    assert tried
