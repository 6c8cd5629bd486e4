"""The lint that keeps typed quantities out of the pages, and proof that it bites."""

import re

import pytest

from checks import prose as lint_prose
from cnnref.networks.catalog import names


def test_nothing_that_a_reader_sees_holds_a_typed_quantity():
    assert [*map(str, lint_prose.of_pages())] == []
    assert [*map(str, lint_prose.of_programs())] == []
    assert [*map(str, lint_prose.of_settings())] == []


def test_all_written_pages_are_read():
    names = {page.name for page in lint_prose.pages()}
    assert {"index.md", "alexnet.md", "vgg.md", "conventions.md", "errata.md"} <= names
    assert {"alexnet_by_hand.py", "own_network.py", "shrink.py"} <= names


def test_the_text_of_a_notebook_and_its_comments_are_read_and_its_code_is_not(tmp_path):
    page = tmp_path / "a.py"
    page.write_text(
        "# ---\n# jupyter: 1\n# ---\n\n"
        "# %% [markdown]\n# It has 61 layers.\n#\n# ## Part 12\n\n# %%\n# 63 of them\nx = 64\n"
    )
    found = lint_prose.faults("a.py", lint_prose.prose(page), rendered=False)
    assert [(fault.line, fault.text) for fault in found] == [(6, "61"), (8, "12"), (11, "63")]


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
        ("---\ntitle: AlexNet in 12 rows\n---\n", "12"),
        ("---\ndescription: all of its sixty layers\n---\n", "sixty"),
        ("It has `61 M` parameters.", "61"),
        ("It has `sixty` layers.", "sixty"),
        ("It has `61`.", "61"),
        ("It has seventeen layers, hundreds of maps.", "hundreds"),
        ("Tenfold the work.", "Tenfold"),
        ("It costs ¾ of that.", "¾"),
        ("It costs &frac34; of that.", "frac34"),
        ("The 2000 images of the test.", "2000"),
        ("A map of ２２４ pixels.", "２２４"),
        ("The layer has\n64. filters\n", "64"),
        ("It has {{ 61 }} layers.", "61"),
        ('It has {{ "61" }} layers.', "61"),
        ("It has {{ '61 M' }} parameters.", "61"),
        ('It has {{ "6" ~ "1" }} layers.', "6"),
        ('It has {{ ("61" if exists("a.md") else "62") }} layers.', "62"),
        ('{% set it = "61 M" %}It has {{ it }}.', "61"),
        ("{% set it = 61 %}It has {{ it }}.", "61"),
        ("{% for it in [61, 62] %}{{ it }}{% endfor %}", "62"),
        ('{{ n("a/b/c") | replace("x", "61") }}', "| replace"),
        ('{{ ["a", "b", "c"] | length }}', "| length"),
        ("{{ stack(3).field * 2 }}", "*"),
        ('{{ n("a/b/c", "M", 1 + 1) }}', "+"),
        ("{% set it = stack(3).field // 2 %}{{ it }}", "//"),
        ("{% for it in range(3) %}x{% endfor %}", "range()"),
        ("{{ chart('key', 'Memory of 12 layers', 'a bar') }}", "12"),
        ('{{ chart("key", "12", "a bar") }}', "12"),
        ('{{ network_strip("vgg16", caption="all 16 layers") }}', "16"),
        ('{{ block_drawings([("Plain", "a", "b")], "a block of 3 layers") }}', "3"),
        ('{{ block_drawings([("Plain with 3", "a", "b")], "a block") }}', "3"),
        ('{: title="61 M parameters" }', "61"),
        ('[a link](page.md "61 M parameters")', "61"),
        ("```python\nx = 1  # all 61 layers\n```\n", "61"),
        ("```python\n>>> table.macs\n61100840\n```\n", "61100840"),
        ("$$ \\text{sixty million} $$", "sixty"),
        ("$$ \\text{61 M} $$", "61"),
        ("$ x = 2012 $", "2012"),
        ("$ W' = (W - K + 2P) / S + 1 $", "W' = (W - K + 2P) / S + 1"),
        ("$$ C_{out} \\cdot C_{in} $$", r"C_{out} \cdot C_{in}"),
        ("$$ C \\times H \\times W $$", r"C \times H \times W"),
        ("one\n\nof $CR + K^2 R F$ each", "CR + K^2 R F"),
        ("$$ R < \\frac{C}{F} $$", r"R < \frac{C}{F}"),
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
        "maps of $H \\times W$ with $K^2$ weights, $C_{out}$ of them, and $x + F(x)$",
        "$$ R < {{ formula('break-even') }} $$",
        "$$ y = \\gamma\\, \\frac{x - \\mu}{\\sigma} + \\beta $$",
        "```python\nnet.conv(x, 64, 11)\n```",
        '=== "Spec"\n\n    ```python\n    x = 512\n    ```\n',
        "Use `input_size=227` here.",
        "1. first\n2. second\n",
        "[a link](page.md#part-12)",
        "---\nhide: [toc]\nicon: 12\n---\n",
        "- one\n\n2. two\n3. three\n",
        "$$ \\text{2012: } {{ rule('conv', 'size') }} $$",
        "In 2012 and the 1990s.",
        "`resnet50`, `conv4_1`, `scripts/degradation.py` and `x = 512` are code.",
        "```python\n>>> net.conv(x, 64, 11)\n>>> x = 3\n```\n",
        '{{ n("vgg16/conv1_1/macs", "M", 1) }} of {{ stack(3, 2).field }}',
        '{{ setting("depths", -1) }}',
        '{% if exists("zfnet.md") %}yes{% endif %}',
        '{{ cited("AlexNet~(2012)", "top5_err", "zf2013", "val,~1~convnet") }}',
        "In millions, with ten crops.",
    ],
)
def test_names_macros_and_code_may_stand(text):
    assert lint_prose.faults("page.md", text) == []


def test_fault_names_page_line_and_text():
    (fault,) = lint_prose.faults("vgg.md", "one\n\nIt has 138 M parameters.\n")
    assert str(fault) == (
        "vgg.md:3: '138' is typed; take a quantity and a formula of sizes from a macro, or quote "
        "it as code if it is a name."
    )


def test_every_exception_has_a_reason():
    assert all(reason.strip() for reason in lint_prose.ALLOWED.values())
    assert len(lint_prose.ALLOWED) <= 14


def test_a_macro_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"^line 2: "):
        lint_prose.faults("page.md", "one\n{{ n( }}\n")


def test_the_sentences_of_programs_are_read(tmp_path):
    program = tmp_path / "scripts" / "website" / "measured" / "a.py"
    program.parent.mkdir(parents=True)
    drawing = tmp_path / "cnnref" / "drawing"
    drawing.mkdir(parents=True)
    (drawing / "b.py").write_text(
        'SAID = "It takes about seventeen seconds and 42 layers"\nMORE = {"a key of 12 words": 1}\n'
    )
    program.write_text(
        '"""A page of 12 rows."""\n\nKEY = "conv 12"\n\n\ndef told(rows: int) -> str:\n'
        '    """Say 13 things."""\n    return f"All {rows} of the 14 rows are here."\n'
        'TAG = \'<div class="a" tabindex="0">of all the rows</div>\'\n'
    )
    assert [(f.page, f.line, f.text) for f in lint_prose.of_programs(tmp_path)] == [
        ("scripts/website/measured/a.py", 8, "14"),
        ("cnnref/drawing/b.py", 1, "seventeen"),
        ("cnnref/drawing/b.py", 1, "42"),
    ]


def test_a_folder_of_programs_that_has_moved_is_missed(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"scripts/website holds no program; has it moved\?"
    ):
        lint_prose.programs(tmp_path)


@pytest.mark.parametrize("name", ["measured/tables", "errata/judges/cells", "measured/site"])
def test_the_programs_whose_sentences_stand_on_pages_are_among_those_read(name):
    assert any(path.as_posix().endswith(f"{name}.py") for path in lint_prose.programs())


def test_the_settings_of_the_site_are_read(tmp_path):
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: cnnref\nsite_description: All 59 networks.\nnav:\n  - Two: 2.md\n"
        "  - The 6 chapters: a.md\ntheme:\n  name: 7\n"
    )
    assert [(f.line, f.text) for f in lint_prose.of_settings(tmp_path)] == [(2, "59"), (5, "6")]


def broken_snippets(text):
    """Marks of an included file that are not written as the snippets extension reads them."""
    marks = re.findall(r"^[ \t]*--\s*8.*$", text, re.MULTILINE)
    whole = re.compile(r'--8<-- "[\w./-]+(?::\w+)?"')
    return [mark for mark in marks if not whole.fullmatch(mark.strip())]


CHAPTERS = ("alexnet.md", "zfnet.md", "vgg.md", "googlenet.md", "resnet.md")


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_leads_to_both_books_and_says_once_that_they_agree(page):
    text = (lint_prose.DOCS / page).read_text(encoding="utf-8")
    assert set(re.findall(r"\(networks/(\w+)\.md#the-two-books\)", text)) <= set(names())
    assert "#the-two-books)" in text
    assert not re.search(r'--8<-- "cnnref/(?:specs|models)/', text)
    assert text.count("{{ agree(") == 1


def test_every_snippet_is_written_as_the_extension_reads_it():
    for page in lint_prose.pages():
        assert broken_snippets(page.read_text(encoding="utf-8")) == [], page.name


def test_a_broken_snippet_is_seen():
    assert broken_snippets('    --8 < --"cnnref/specs/vgg.py"\n') != []
