"""The family of a network is said once, in its record, and everything else follows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnref
from website.charts.comparison import families, family
from website.networks.index import families as listed
from website.places import DOCS, ROOT

FAMILIES = {cnnref.architecture(name).family for name in cnnref.names()}
FILES = [*(ROOT / "cnnref").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
# so many families side by side are a list of them
SEVERAL = 3


def lists(source: str) -> Iterator[set[str]]:
    """The families that one display or one chain of conditions of a file names, where several."""
    known = {name.casefold() for name in FAMILIES}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict | ast.Tuple | ast.List | ast.Set):
            said = {
                one.value.casefold()
                for part in (node.values if of_pages(node) else [node])
                for one in ast.walk(part)
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
            if len(said & known) >= SEVERAL:
                yield said & known


def of_pages(node: ast.AST) -> bool:
    """Whether a display is of pages by their names, as some families are called like a page."""
    if not isinstance(node, ast.Dict):
        return False
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    return len(keys) == len(node.keys) and all((DOCS / f"{key}.md").is_file() for key in keys)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_other_place_states_a_family(path: Path) -> None:
    assert list(lists(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        'FAMILIES = ("AlexNet", "VGG", "Inception", "ResNet", "others")',
        'FAMILIES = {"alexnet": "AlexNet", "vgg": "VGG", "nin": "Network in Network"}',
        'CHAPTERS = {"alexnet": ["AlexNet", "ZFNet"], "vgg": ["VGG"], "resnet": ["ResNet"]}',
        'FAMILIES = (("alexnet", "AlexNet"), ("vgg", "VGG"), ("plain", "ResNet"))',
    ],
)
def test_another_statement_is_seen(source: str) -> None:
    assert list(lists(source))


def test_a_chapter_is_a_page() -> None:
    chapters = {cnnref.architecture(name).chapter for name in cnnref.names()} - {""}
    assert len(chapters) >= SEVERAL
    assert all((DOCS / f"{chapter}.md").is_file() for chapter in chapters)


def test_the_front_page_and_the_charts_follow_the_records() -> None:
    assert cnnref.architecture("bn_inception").family == "Inception"
    (inception,) = (part for part in listed(cnnref.names()).split("<dt>") if "Inception<" in part)
    own = [name for name in cnnref.names() if cnnref.architecture(name).family == "Inception"]
    assert [link.split(".html")[0] for link in inception.split("networks/")[1:]] == own
    assert families() == ("AlexNet", "VGG", "Inception", "ResNet", "others")
    assert family("bn_inception") == "Inception"
    assert family("zfnet") == "others"
