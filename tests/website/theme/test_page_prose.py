"""Networks named in prose lead to their pages; what a mark says stands in the margin beside it."""

import pytest

from website.theme import prose

LINK = '<a href="{}networks/{}.html">{}</a>'
MARK = (
    '<a class="erratum mild" href="errata.html#x" aria-label="0: the lecture has 36."'
    ' title="0: the lecture has 36.">0</a>'
)
MADE = '<data value="2" title="pool of A: 4 MACs; conv of B: 2 MACs">2×</data>'


def vgg(root="", title="VGG-16"):
    return LINK.format(root, "vgg16", title)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>VGG-16 and VGG-16</p>", f"<p>{vgg()} and VGG-16</p>"),
        ("<p>VGG-16</p><h2>b</h2><p>VGG-16</p>", f"<p>{vgg()}</p><h2>b</h2><p>{vgg()}</p>"),
        (
            "<p>VGG-16 with batch norm</p>",
            f"<p>{LINK.format('', 'vgg16_bn', 'VGG-16 with batch norm')}</p>",
        ),
        ("<p>AlexNet won</p>", f"<p>{LINK.format('', 'alexnet', 'AlexNet')} won</p>"),
        (f"<p>{vgg()}, then VGG-16</p>", f"<p>{vgg()}, then VGG-16</p>"),
    ],
)
def test_a_network_is_linked_where_a_section_names_it_first(text, expected):
    assert prose.linked(text, "vgg.md", "") == expected


@pytest.mark.parametrize(
    "text",
    [
        "<h2>VGG-16</h2>",
        '<p><a href="x">the VGG-16 network</a></p>',
        "<p><code>VGG-16</code></p>",
        "<table><tr><td>VGG-16</td></tr></table>",
        '<span class="arithmatex">\\(VGG-16\\)</span>',
        "<p>BVGG-16, VGG-163, VGG-16-like</p>",
        "<p>AlexNet (2099)</p>",
    ],
)
def test_what_is_a_link_a_heading_code_or_another_name_stays(text):
    assert prose.linked(text, "vgg.md", "") == text


def test_a_page_of_a_network_does_not_lead_to_itself():
    text = "<p>VGG-16</p>"
    assert prose.linked(text, "networks/vgg16.md", "../") == text
    assert prose.linked(text, "networks/vgg19.md", "../") == f"<p>{vgg('../')}</p>"
    assert prose.linked(text, "notebooks/a.py", "") == text


def test_marks_and_made_numbers_have_a_note_beside_their_paragraph():
    page = prose.noted(f"<p>a {MARK} b {MADE}</p>")
    first, second = page.split("<aside")[1:]
    assert "<b>0</b> the lecture has 36.</aside>" in first
    assert "<b>2×</b> pool of A: 4 MACs; conv of B: 2 MACs</aside>" in second
    assert page.endswith(f"<p>a {MARK} b {MADE}</p>")
    assert 'aria-hidden="true" data-search-exclude' in first


def test_a_paragraph_has_two_notes_and_not_a_third():
    marks = [MARK.replace("0: the", f"{n}: the").replace(">0<", f">{n}<") for n in range(4)]
    page = prose.noted(f"<p>{''.join(marks[:3])}</p><p>{''.join(marks)}</p>")
    # the next paragraph goes on with those that have not been told
    assert [one[0] for one in page.split("<b>")[1:]] == ["0", "1", "2", "3"]
    first, second = (part.count("<aside") for part in page.split("</p>")[:2])
    assert (first, second) == (2, 2)


def test_a_note_is_said_once_and_stands_in_no_box():
    paragraph = f"<p>{MARK}</p>"
    assert prose.noted(paragraph * 2).count("<aside") == 1
    inside = f"<li>{paragraph}</li>"
    assert prose.noted(inside) == inside
    plain = '<p><data value="1" title="a: 1 MAC">1</data> and &amp;<br>text</p>'
    assert prose.noted(plain) == plain


def test_sizes_are_written_one_way_but_in_code():
    page = "<table><caption>3 x 224 x 224</caption></table><p>(1 x 2) x (3 x 4), by x 5</p>"
    assert prose.linked(page, "vgg.md", "") == page.replace(" x ", " × ").replace(
        "by × 5", "by x 5"
    )
    typed = "<pre><code>3 x 224</code></pre>"
    assert prose.linked(typed, "vgg.md", "") == typed


def test_a_page_of_several_sections_lists_them_below_its_title():
    sections = [(f"part {n}", f"#part-{n}") for n in range(prose.FEWEST)]
    page = prose.contents("<h1>a</h1><p>b</p>", sections)
    assert page.startswith("<h1>a</h1><details")
    assert page.count("<li>") == prose.FEWEST
    assert '<a href="#part-3">part 3</a>' in page
    assert page.endswith("</details><p>b</p>")
    assert prose.contents("<h1>a</h1>", sections[1:]) == "<h1>a</h1>"
