"""Strips stand where links to them lead, and answer what the links ask."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

import cnnref
from website.hands import what_if
from website.hands.strips import CHAPTERS, PLACES, link_to
from website.networks import page
from website.places import DOCS


@pytest.mark.parametrize("key", CHAPTERS)
def test_a_strip_stands_on_its_page(key: str) -> None:
    text = (DOCS / f"{PLACES.get(key, key)}.md").read_text(encoding="utf-8")
    assert f'{{{{ what_if("{key}") }}}}' in text


def test_the_page_of_a_network_leads_to_the_strip_that_has_it() -> None:
    linked = {name: re.findall(r'href="\.\./([^"]+)"', page.markdown(name)) for name in
              cnnref.names()}  # fmt: skip
    having = {name for chapter in CHAPTERS.values() for name in chapter.networks}
    assert {name for name, links in linked.items() if links} == having & {*linked}
    assert urlsplit(link_to("resnet50")).path == "resnet_variants.html"
    for name in having & {*linked}:
        (address,) = linked[name]
        key = next(key for key, chapter in CHAPTERS.items() if name in chapter.networks)
        assert f'id="{urlsplit(address).fragment}"' in what_if.what_if(key)
