"""Sentences that say a number are as a person read them, of every kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import sentences
from cnnref import CnnrefError

# a file of each kind, and edits of it that no lint of quantities can tell from what is true
PAGE = (
    "---\ntitle: Two networks\n---\n\n# VGG\n\nIt has three layers, and twice the cost. It is not\n"
    "deep. In 2013 it won.\n\n- arXiv:1311.2901, Table 2.\n- a 3x3 window\n\n"
    '| ResNet-50 | half |\n\nSee `x = 3` and {{ chart("key", "of two stages", "") }}.\n'
    "<!-- 12 -->\n```python\nfirst(61)\n```\n"
)
NOTEBOOK = (
    "# ---\n# format_version: 1\n# ---\n\n# %% [markdown]\n# Two of them.\n\n# %%\n"
    'a = 512\nprint("of", 12)  # all three\n'
)
SPEC = (
    '"""A network.\n\nIts maps are 110 and 55 wide.\n\n>>> 3 + 4\n7\n"""\n\n'
    "WIDTH = 96  # a quarter\n# 96 x 55 x 55\n"
)
PROGRAM = (
    'def text():\n    """Two."""\n    return "Read by two of the books"\n\n\n'
    'KEYS = {"a key of 12": 1}\n'
)
FILES = {
    "README.md": PAGE,
    "docs/a.md": PAGE,
    "docs/generated/made.md": PAGE,
    "docs/notebooks/a.py": NOTEBOOK,
    "mkdocs.yml": "site_name: a\nsite_description: Twice.\nnav:\n  - Two: 2.md\ntheme:\n  b: 7\n",
    "cnnref/specs/a.py": SPEC,
    "cnnref/counting/price_lists.py": SPEC,
    "scripts/website/deep/a.py": PROGRAM,
}
SEEN = [
    ("README.md", "Two networks", "Three networks"),
    ("docs/a.md", "title: Two", "title: Three"),
    ("docs/a.md", "three layers", "two layers"),
    ("docs/a.md", "three layers", "some layers"),
    ("docs/a.md", "twice the cost", "half of the cost"),
    ("docs/a.md", "not\ndeep", "a tenth\ndeep"),
    ("docs/a.md", "In 2013", "In 2012"),
    ("docs/a.md", "arXiv:1311.2901", "arXiv:1311.2910"),
    ("docs/a.md", "Table 2", "Table 3"),
    ("docs/a.md", "a 3x3 window", "a 5x5 window"),
    ("docs/a.md", "ResNet-50", "ResNet-51"),
    ("docs/a.md", "| half |", "| a quarter |"),
    ("docs/a.md", "x = 3", "x = 4"),
    ("docs/a.md", "of two stages", "of three stages"),
    # of what else the sentence says a number
    ("docs/a.md", '"key"', '"other"'),
    ("docs/a.md", "first(61)", "first(62)"),
    ("docs/a.md", "```python\n", "```python\n62\n"),
    ("docs/a.md", "\n- a 3x3", "\n- `-58%` of it\n- a 3x3"),
    ("docs/notebooks/a.py", "Two of them", "Three of them"),
    ("docs/notebooks/a.py", '"of", 12', '"of", 13'),
    ("docs/notebooks/a.py", "all three", "all two"),
    ("mkdocs.yml", "Twice", "Thrice"),
    ("mkdocs.yml", "- Two", "- Three"),
    ("cnnref/specs/a.py", "110 and 55", "109 and 54"),
    ("cnnref/specs/a.py", "a quarter", "a half"),
    ("cnnref/counting/price_lists.py", "110 and 55", "109 and 54"),
    ("scripts/website/deep/a.py", "two of the books", "three of the books"),
]
# what is no sentence, says no number, or is held by something else
LEFT = [
    ("docs/a.md", "<!-- 12 -->", "<!-- 13 -->"),
    ("docs/a.md", "not\ndeep", "not very\ndeep"),
    ("docs/generated/made.md", "three layers", "two layers"),
    ("docs/notebooks/a.py", "format_version: 1", "format_version: 2"),
    ("docs/notebooks/a.py", "a = 512", "a = 513"),
    ("mkdocs.yml", "b: 7", "b: 8"),
    ("cnnref/specs/a.py", "3 + 4\n7", "3 + 5\n8"),
    ("cnnref/specs/a.py", "96 x 55", "96 x 54"),
    ("scripts/website/deep/a.py", '"""Two."""', '"""Three."""'),
    ("scripts/website/deep/a.py", "a key of 12", "a key of 13"),
]


def test_every_sentence_with_a_number_was_read() -> None:
    assert sentences.faults(sentences.ROOT) == []


def test_no_place_of_sentences_has_moved() -> None:
    for pattern in sentences.PLACES:
        assert any(sentences.ROOT.glob(pattern)), pattern


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout of a file of each kind, all of them read."""
    (tmp_path / sentences.LIST).parent.mkdir(parents=True)
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    sentences.renew(tmp_path, [path for path in FILES if "generated" not in path])
    assert sentences.faults(tmp_path) == []
    return tmp_path


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert text.count(old) >= 1, "the fault is planted nowhere"
    (root / path).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(("path", "old", "new"), SEEN)
def test_an_edit_of_a_number_is_seen_and_can_be_signed(
    path: str, old: str, new: str, root: Path
) -> None:
    edit(root, path, old, new)
    found = sentences.faults(root)
    assert found
    assert {line.split(":")[0] for line in found} == {path}
    assert found[0].endswith(f"scripts/check sentences --renew {path}")
    sentences.renew(root, [path])
    assert sentences.faults(root) == []


@pytest.mark.parametrize(("path", "old", "new"), LEFT)
def test_what_says_no_number_may_change(path: str, old: str, new: str, root: Path) -> None:
    edit(root, path, old, new)
    assert sentences.faults(root) == []


def test_a_fault_shows_the_whole_sentence(root: Path) -> None:
    edit(root, "docs/a.md", "three layers", "four\nlayers")
    assert sentences.faults(root) == [
        "docs/a.md: nobody has read 'It has four layers, and twice the cost.'; read it, and if it "
        "is true: scripts/check sentences --renew docs/a.md",
        "docs/a.md: a sentence that was read is gone; read what came in its place, then: "
        "scripts/check sentences --renew docs/a.md",
    ]


def test_a_file_that_is_gone_is_seen_and_only_what_is_named_is_signed(root: Path) -> None:
    (root / "docs" / "a.md").unlink()
    (line,) = sentences.faults(root)
    assert line.startswith("docs/a.md: a sentence that was read is gone")
    edit(root, "README.md", "three layers", "two layers")
    sentences.renew(root, ["docs/a.md"])
    assert {line.split(":")[0] for line in sentences.faults(root)} == {"README.md"}
    with pytest.raises(CnnrefError, match=r"^docs/b.md is none of the files whose sentences are"):
        sentences.renew(root, ["docs/b.md"])


@pytest.mark.parametrize(
    "line", ["docs/a.md", f"docs/a.md {'0' * 15}", f"{'0' * 16} docs/a.md", ""]
)
def test_a_list_that_was_cut_is_named_with_its_line(line: str, root: Path) -> None:
    path = root / sentences.LIST
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(CnnrefError) as told:
        sentences.faults(root)
    assert str(told.value) == f"{path}, line 1: it is no path with a digest after it."


def test_a_macro_and_the_number_of_a_list_end_no_sentence() -> None:
    text = '1. It has {{ n("a.b", "x. Y") }}\n   layers. Then\n2. Two. `Three.` E.g.'
    assert [*sentences.split(text)] == [
        '1. It has {{ n("a.b", "x. Y") }} layers.', "Then", "2. Two.", "`Three.` E.g.",
    ]  # fmt: skip
