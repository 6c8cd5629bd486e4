"""Titles, numbers and years of papers, wherever they stand, are those of the table of papers."""

import ast
import re
from pathlib import Path

import pytest

import cnnref
from cnnref.networks import published as cited
from website.places import DOCS

NUMBER = re.compile(r"arXiv:\d{4}\.\d{4,5}")
# a title in a reference of a page, or in the docstring of a book, and what stands behind it
ON_PAGE = re.compile(r"\*([^*]{6,})\*(.*?)(?=\n- |\n\n|\Z)", re.DOTALL)
IN_BOOK = re.compile(r'"([^"]{6,})",(.*?)(?:[.;] |: |\.\n|\.?\Z)', re.DOTALL)
PACKAGE = Path(cnnref.__file__).parent
BOOKS = sorted([*PACKAGE.glob("specs/*.py"), *PACKAGE.glob("models/*.py")])


def source_of(title):
    """The paper of a title, which may be cut short behind a word; None where none is cited."""
    found = [
        s for s in cited.sources() if re.search(rf"\. {re.escape(title)}(?![\w-])", s.citation)
    ]
    return found[0] if found else None


def dates(source):
    """How the venue and the year of a paper are written; by its year where it has no venue."""
    if not source.venue:
        return {str(source.year)}
    return {
        source.venue if source.venue[-4:].isdigit() else f"{source.venue}, {source.published[:4]}"
    }


def wrong(text, citation):
    """(title, what is wrong) for each citation in a text."""
    for title, behind in citation.findall(text):
        title, behind = " ".join(title.split()), " ".join(behind.split())
        source, numbers = source_of(title), NUMBER.findall(behind)
        if source is None:
            # it may be the name of a part; what a page only recommends is not in the table
            known = {number for one in cited.sources() for number in NUMBER.findall(one.citation)}
            yield from ((title, number) for number in numbers if number not in known)
            continue
        yield from ((title, number) for number in numbers if number not in source.citation)
        stated = set(re.findall(r"(?<![\d.:])(?:19|20)\d\d(?![\d.]\d)", behind))
        is_dated = any(date in behind for date in dates(source)) or not (stated | set(numbers))
        if not is_dated or stated > {date[-4:] for date in dates(source)}:
            yield title, behind


def docstring(path):
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def references(page):
    return page.read_text(encoding="utf-8").partition("## References")[2]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_references_of_a_page_are_those_of_the_table(page):
    assert list(wrong(references(page), ON_PAGE)) == []


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_paper_of_a_book_is_that_of_the_table(path):
    assert list(wrong(docstring(path), IN_BOOK)) == []


def test_no_citation_goes_unread():
    pages = "".join(references(page) for page in DOCS.glob("*.md"))
    assert len(NUMBER.findall(pages)) == sum(
        len(NUMBER.findall(behind)) for _, behind in ON_PAGE.findall(pages)
    )
    known = [title for path in BOOKS for title, _ in IN_BOOK.findall(docstring(path))]
    assert len([title for title in known if source_of(" ".join(title.split()))]) >= len(BOOKS) - 6


@pytest.mark.parametrize(
    ("text", "citation"),
    [
        ("- K. He. *Deep Residual Learning*. CVPR 2015. arXiv:1512.03385.\n", ON_PAGE),
        ("- K. He. *Deep Residual Learning*. CVPR 2016. arXiv:1512.03386.\n", ON_PAGE),
        ("- K. He. *Deep Residual Learning*. CVPR 2016. arXiv:1603.05027.\n", ON_PAGE),
        ("- R. K. *Highway Networks*. arXiv:1505.00387, 2016.\n", ON_PAGE),
        ("- A. *ImageNet Classification with Deep\n  Convolutional*. NIPS 2011.\n", ON_PAGE),
        ("- A. *Nobody's Networks*. arXiv:1505.00378, 2015.\n", ON_PAGE),
        ('He, "Deep Residual Learning", arXiv:1512.03385, CVPR 2015, Table 1.', IN_BOOK),
        ('He, "Deep Residual Learning",\narXiv:1512.03358, CVPR 2016.', IN_BOOK),
        ('K., "One weird trick", 2012, with more.', IN_BOOK),
    ],
)
def test_a_wrong_citation_is_seen(text, citation):
    assert list(wrong(text, citation))


def test_records_are_dated_as_the_table_dates_their_papers():
    for name in cnnref.names():
        record = cnnref.architecture(name)
        assert misdated(record) == "", name
    right = cnnref.architecture("resnet50")
    assert misdated(right._replace(year=2016)) == "2016"
    assert misdated(right._replace(venue="CVPR 2015")) == "CVPR 2015"
    assert misdated(cnnref.architecture("squeezenet1_0")._replace(venue="arXiv:1602.07361"))
    assert misdated(right._replace(paper="Deep Residual Networks")) == "Deep Residual Networks"


def misdated(record):
    """The field of a record that the table of papers has otherwise, "" where none is."""
    source = source_of(record.paper)
    if source is None:
        return record.paper
    # what its authors or others published as a program is dated by that
    if "/" in record.venue:
        return ""
    if record.year != source.year:
        return str(record.year)
    right = record.venue == source.venue if source.venue else record.venue in source.citation
    return "" if right else record.venue
