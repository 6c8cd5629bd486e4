"""The lint that keeps typed quantities out of the pages, and proof that it bites."""

import re

import lint_prose
import pytest


def test_no_page_holds_a_typed_quantity():
    found = [
        str(fault)
        for page in lint_prose.pages()
        for fault in lint_prose.faults(page.name, lint_prose.prose(page))
    ]
    assert found == []


def test_all_written_pages_are_read():
    names = {page.name for page in lint_prose.pages()}
    assert {"index.md", "alexnet.md", "vgg.md", "conventions.md", "errata.md"} <= names
    assert {"alexnet_by_hand.py", "own_network.py"} <= names


def test_the_text_of_a_notebook_is_read_and_its_code_is_not(tmp_path):
    page = tmp_path / "a.py"
    page.write_text(
        "# %% [markdown]\n# It has 61 layers.\n#\n# ## Part 12\n\n# %%\n# 63 in a comment\nx = 64\n"
    )
    found = lint_prose.faults("a.py", lint_prose.prose(page))
    assert [(fault.line, fault.text) for fault in found] == [(2, "61"), (4, "12")]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("It has 61 million parameters.", "61"),
        ("It has sixty layers.", "sixty"),
        ("About 61,100,840 weights.", "61,100,840"),
        ("That is 5.7 times as much.", "5.7"),
        ("Some 58% of it.", "58"),
        ("A map of 55 x 55.", "55"),
        ("A conv of 9x9.", "9"),
        ("$$ 64 \\times 3 $$", "64"),
        ('{{ chart("key", "Memory of 12 layers", "a bar") }}', "12"),
        ('{{ chart("key", "Memory", "the bar shows 784 KB") }}', "784"),
        ('{{ erratum("VGG/design rules/claim#2") }} of 12 rows', "12"),
        ("![the map has 27 rows](a.svg)", "27"),
        ("In total a billion operations", "billion"),
        ("| conv1 | 64 |", "64"),
        ("The model of 2048 units", "2048"),
        ('<td title="12 rows">', "12"),
    ],
)
def test_typed_quantity_is_refused(text, quantity):
    assert quantity in {fault.text for fault in lint_prose.faults("page.md", text)}


@pytest.mark.parametrize(
    "text",
    [
        "AlexNet won ILSVRC-2012, VGG-16 came in 2014 (arXiv:1409.1556, Table 1, Section 3.5).",
        "conv4_1 is a 3x3 convolution, fc6 a linear layer, on a GTX 580.",
        'It has {{ n("vgg16/total/parameters") }} parameters.',
        'It needs less {{ erratum("GoogLeNet/stem totals/VGG-16 MFLOP 224 -> 28") }}.',
        "$ W' = (W - K + 2P) / S + 1 $",
        "```python\nnet.conv(x, 64, 11)\n```",
        '=== "Spec"\n\n    ```python\n    x = 512\n    ```\n',
        "Use `input_size=227` here.",
        "1. first\n2. second\n",
        "[a link](page.md#part-12)",
        "---\ntitle: 12\n---\n",
    ],
)
def test_names_macros_and_code_may_stand(text):
    assert lint_prose.faults("page.md", text) == []


def test_fault_names_page_line_and_text():
    (fault,) = lint_prose.faults("vgg.md", "one\n\nIt has 138 M parameters.\n")
    assert str(fault) == (
        "vgg.md:3: the quantity '138' is typed; "
        "take it from a macro, or quote it as code if it is a name."
    )


def test_every_exception_has_a_reason():
    assert all(reason.strip() for reason in lint_prose.ALLOWED.values())
    assert len(lint_prose.ALLOWED) <= 12


def broken_snippets(text):
    """Marks of an included file that are not written as the snippets extension reads them."""
    marks = re.findall(r"^[ \t]*--\s*8.*$", text, re.MULTILINE)
    whole = re.compile(r'--8<-- "[\w./-]+"')
    return [mark for mark in marks if not whole.fullmatch(mark.strip())]


def test_the_code_of_both_books_is_included():
    for page in ("alexnet.md", "zfnet.md", "vgg.md", "googlenet.md", "resnet.md"):
        text = (lint_prose.DOCS / page).read_text(encoding="utf-8")
        specs = re.findall(r'--8<-- "cnnref/specs/(\w+)\.py"', text)
        assert specs
        assert specs == re.findall(r'--8<-- "cnnref/models/(\w+)\.py"', text)
        assert broken_snippets(text) == []


def test_a_broken_snippet_is_seen():
    assert broken_snippets('    --8 < --"cnnref/specs/vgg.py"\n') != []
