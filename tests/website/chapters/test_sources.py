"""Statements about sources name the place where they can be read; dates and names are checked."""

import ast
import html
import os
import re
import subprocess
from pathlib import Path

import pytest

import cnnref
from cnnref.errors import CnnrefError
from cnnref.networks import published as cited
from website import citations as confirm
from website import data
from website.chapters import sources as sources_page
from website.chapters.sources import papers, passage, passages, statements
from website.errata import claims as errata
from website.inline import interval
from website.places import DOCS
from website.theme import exits

MACRO = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
NOT_SAID = re.compile(
    r"\A---\n.*?\n---\n|^```.*?^```|^    [^\n]*$|\$\$.*?\$\$|^#+ [^\n]*$|<[^>]*>",
    re.DOTALL | re.MULTILINE,
)
VERB = (
    r"(?:print|state|say|said|speak|find|found|conclude|argue|call|tr(?:y|ied)|show|name|describe|"
    r"mention|point|mark|draw|list|train|publish|measure|take|took|build|built|cut|went|move|keep|"
    r"kept|give|gave|add|set|compare|tell|told|halve|pad|have|had|has|test|note|admit|report)"
)
BETWEEN = (
    r"(?:(?:'s?|itself|themselves|also|then|later|first|never|not|do|does|did|of \d{4}|own) )*"
)
SAYS = re.compile(
    r"\b(?:(?:[Tt]he|[Ii]ts|[Tt]heir|[Hh]is|[Tt]his|[Aa]|[Ss]ame|[Nn]ext|own) papers?"
    rf"|[Aa]uthors?|[Aa]bstract|[Ff]ootnote(?: \d+)?)'?s? {BETWEEN}{VERB}\w*\b"
    r"|\b[Ii]n (?:the|its|their|his) (?:own )?paper\b|\bpapers?'s? (?:own )?(?:finding|results?)\b"
)
CITED = re.compile(r"\{\{ (?:passage|cited|challenge|top1|costs|cited_errors)\(")
# a part of a paper, or a program by its repository or file; what no paper has, has no place
PLACE = re.compile(
    r"\b(?:[Ss]ections?|Tables?|Figures?|[Ff]ootnote) \d|\b(?:[Aa]ppendix|[Aa]bstract|captions?)\b"
    r"|\b[\w-]+/[\w-]{4,}|\w\.(?:py|lua|cfg|prototxt)\b"
)
# these pages speak of any paper, not of one
OF_ANY = {"contributing.md", "sources.md", "index.md", "peers.md"}


def sentences(text):
    """A text's sentences, of a line of a table or a list each its own."""
    for block in re.split(r"\n\s*\n|\n(?=\s*[-|]|\s*\d+\. )", text):
        yield from re.split(r"(?<=[.?!:])\)?\s+(?=[A-Z*\[{(])", " ".join(block.split()))


def unplaced(page):
    """The sentences of a page that say something of a paper without a place or a cited figure."""
    text = NOT_SAID.sub("\n\n", page.partition("## References")[0])
    for sentence in sentences(text):
        if SAYS.search(MACRO.sub("N", sentence)) and not CITED.search(sentence):
            yield sentence


PAGES = [page for page in sorted(DOCS.glob("*.md")) if page.name not in OF_ANY]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_where_a_paper_says_what_it_says(page):
    assert list(unplaced(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The paper prints no padding.",
        "The authors themselves found that it helps.",
        "It has a stem; the paper does not say which.",
        "In the paper it is the first.",
        "The same paper found otherwise.",
        "The abstract of 2012 speaks of more.",
    ],
)
def test_a_statement_without_a_place_is_seen(sentence):
    assert list(unplaced(f"# VGG\n\nA first sentence. {sentence} And a last one.")) == [sentence]
    placed = sentence.replace(".", ' ({{ passage("vgg-lrn") }}).')
    assert list(unplaced(placed)) == []
    assert list(unplaced("Read it on paper. What paper says, a machine need not keep.")) == []


def docstrings(path):
    """The docstrings of a program and its comments, a sentence each."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield from sentences(ast.get_docstring(node) or "")
    yield from re.findall(r"# (.*)", text)


def said_in_code():
    """Every sentence on a paper outside the pages: books, records, errata, known differences."""
    package = Path(cnnref.__file__).parent
    for path in sorted([*package.glob("specs/*.py"), *package.glob("models/*.py")]):
        yield from ((path.name, sentence) for sentence in docstrings(path))
    for name in cnnref.names():
        record = cnnref.architecture(name)
        yield from ((name, sentence) for sentence in sentences(record.differences))
    for entry in (*errata.errata(), *errata.remarks()):
        yield from ((entry.key, sentence) for sentence in sentences(entry.cause))
    yield from ((key[0], why) for key, why in confirm.known_differences().items())


def vague(said):
    return [(where, text) for where, text in said if SAYS.search(text) and not PLACE.search(text)]


def test_books_records_and_errata_say_where_a_paper_says_what_it_says():
    said = list(said_in_code())
    assert vague(said) == []
    assert len({where for where, _ in said}) > len(cnnref.names())
    assert vague([("a", "The paper prints none.")])
    assert not vague([("a", "The paper prints none in its Table 1.")])


def tokens(text):
    """Each place that a text names: "Figures 10 to 13" is Figure 10, 11, 12 and 13."""
    for kind, numbers in re.findall(
        r"\b([Ss]ection|[Tt]able|[Ff]igure|[Ff]ootnote)s? (\d[\d.]*(?:(?:, | and | to )\d[\d.]*)*)",
        text,
    ):
        for part in re.split(r", | and ", numbers):
            first, _, last = part.rstrip(".").partition(" to ")
            span = range(int(first), int(last) + 1) if last else (first.rstrip("."),)
            yield from (f"{kind.lower()} {number}" for number in span)


def unlisted(record, listed):
    """The places of its paper that a record's differences name and no statement lists."""
    source = next(s for s in cited.sources() if f"{record.paper}." in s.citation)
    return [place for place in tokens(record.differences) if (source.key, place) not in listed]


def test_the_places_that_records_name_are_listed():
    listed = {
        (row.source.key, place) for row in statements().values() for place in tokens(row.place)
    }
    found = {name: unlisted(cnnref.architecture(name), listed) for name in cnnref.names()}
    assert {name: places for name, places in found.items() if places} == {}
    record = cnnref.architecture("vgg16")._replace(differences="Table 9 has none.")
    assert unlisted(record, listed) == ["table 9"]
    assert list(tokens("Figures 7 and 15 to 17, section 4.1. And")) == [
        "figure 7", "figure 15", "figure 16", "figure 17", "section 4.1",
    ]  # fmt: skip


def used():
    """The keys that pages ask for."""
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    return set(re.findall(r'passage\("([^"]+)"\)', text))


def test_statements_have_all_that_is_asked_for_and_places():
    assert used() <= set(statements())
    assert all(row.place and row.text.endswith(".") for row in statements().values())
    assert len({row.text for row in statements().values()}) == len(statements())


@pytest.mark.parametrize("missing", ["place", "certainty", "text"])
def test_a_statement_without_one_of_its_parts_is_refused(missing, tmp_path, monkeypatch):
    row = {
        "key": "a",
        "source": "vgg2014",
        "place": "Table 1",
        "certainty": "from-memory",
        "text": "It.",
    }
    path = tmp_path / "statements.csv"
    path.write_text(",".join(row) + "\n" + ",".join((row | {missing: ""}).values()) + "\n")
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    statements.cache_clear()
    with pytest.raises(CnnrefError) as caught:
        statements()
    assert str(caught.value).startswith(f"{path}, line 2: in the column {missing!r}, ")
    monkeypatch.undo()
    statements.cache_clear()


def test_a_passage_is_linked_and_says_how_it_was_read():
    text = passage("googlenet-topology", "../")
    assert text.startswith('<a href="../sources.html#passage-googlenet-topology" title="C. Szegedy')
    assert text.endswith('read in the source&#x27;s own words">sections 5 and 7</a>')
    with pytest.raises(ValueError, match="Unknown statement 'googlenet-topolgy': did you mean"):
        passage("googlenet-topolgy")


@pytest.mark.parametrize(
    ("earlier", "later", "words"),
    [
        ("vgg2014", "bn2015", "five months"),
        ("resnet2015", "preact2016", "three months"),
        ("googlenet2014", "resnet2015", "a year and three months"),
        ("krizhevsky2012", "resnet2015", "3 years"),
        ("googlenet2014", "russakovsky2015", None),
        ("bn2015", "vgg2014", None),
        ("bn2015", "torchvision", None),
        ("ilsvrc_official", "vgg2014", None),
    ],
)
def test_intervals_are_computed_from_first_versions(earlier, later, words):
    if words is None:
        with pytest.raises(
            CnnrefError, match=f"{earlier} .*{later} .*: no months from one to other"
        ):
            interval(earlier, later)
    else:
        assert f">{words}</data>" in interval(earlier, later)
        assert f">{words.capitalize()}</data>" in interval(earlier, later, capital=True)


def test_an_unknown_source_is_named():
    with pytest.raises(ValueError, match="Unknown source 'vgg2015': did you mean vgg2014"):
        interval("vgg2015", "bn2015")


TYPED = re.compile(
    r"\b(?:months?|years?) (?:later|after|before|earlier)\b"
    r"|\b(?:later that|the same|the next) (?:month|year)\b",
    re.IGNORECASE,
)


def test_no_interval_between_papers_is_typed():
    # the years of the history are those of the contest
    for page in PAGES:
        text = MACRO.sub("N", page.read_text(encoding="utf-8").partition("## References")[0])
        assert TYPED.findall(text) == [] or page.name == "history.md", page.name
    assert TYPED.search("A year later the authors moved it.")
    assert TYPED.search("Highway networks, a few months before, have one.")


def test_the_page_lists_every_source_and_every_statement():
    assert re.findall(r'<tr id="source-([^"]+)"', papers()) == [s.key for s in cited.sources()]
    assert re.findall(r'<tr id="passage-([^"]+)"', passages()) == list(statements())


# who published what is called the authors': the owner of a repository, the author of the paper
OWNERS = {
    "KaimingHe/deep-residual-networks": "K. He",
    "KaimingHe/resnet-1k-layers": "K. He",
    "forresti/SqueezeNet": "F. N. Iandola",
    "e-lab/imagenet-multiGPU.torch": "E. Culurciello",
    "cuda-convnet2": "A. Krizhevsky",
    "nin_imagenet": "M. Lin",
}
OWN = re.compile(
    r"\bauthors?(?:'s?)? (?:own |later )?"
    r"(?:code|program|release|classifier|definition|repository|models?)"
    r"|\bauthors (?:have )?(?:published|released)|\bauthors' own"
)
REPOSITORY = re.compile(r"^(?:github\.com/)?[\w-]+/[\w.-]+|cuda-convnet2|TensorFlow's models")


def misattributed(said):
    """The sentences that call something the authors' own and name no repository of theirs."""
    return [
        (where, text)
        for where, text in said
        if OWN.search(text) and not any(repository in text for repository in OWNERS)
    ]


def test_what_is_called_the_authors_own_was_published_by_an_author():
    assert misattributed(said_in_code()) == []
    authors = " ".join(cnnref.architecture(name).authors for name in cnnref.names())
    assert all(owner in authors for owner in OWNERS.values())
    assert misattributed(
        [("a", "The filters are those of the network that its authors published.")]
    )
    assert misattributed([("a", "It is the authors' own code (fb.resnet.torch).")])
    published = {row.key for row in statements().values() if "release" in row.source.key} | {
        "owt-release"
    }
    for page in PAGES:
        for sentence in sentences(NOT_SAID.sub("\n\n", page.read_text(encoding="utf-8"))):
            if OWN.search(MACRO.sub("N", sentence)):
                assert published & set(re.findall(r'passage\("([^"]+)"\)', sentence)), sentence


def test_repositories_are_named_with_a_commit_or_a_branch():
    found = [source for source in cited.sources() if REPOSITORY.search(source.citation)]
    assert len(found) > 6
    for source in found:
        assert re.search(r"\bcommit |\bbranch ", source.citation), source.key
    assert REPOSITORY.search("KaimingHe/resnet-1k-layers, the repository")


def test_every_source_can_be_read_somewhere():
    found = {source.key: sources_page.paper(source) for source in cited.sources()}
    assert found["resnet2015"] == "https://arxiv.org/abs/1512.03385"
    assert {key for key, place in found.items() if "arxiv.org" not in place} | {
        "canziani2016_chart"
    } == {*sources_page.PLACES}
    lost = next(iter(cited.sources()))._replace(key="lost", citation="Nobody. Nothing")
    with pytest.raises(CnnrefError, match=r"^lost: nobody knows where to read it"):
        sources_page.paper(lost)


def test_the_site_is_cited_by_version_and_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(exits, "ROOT", tmp_path)
    env = {**os.environ, "GIT_COMMITTER_DATE": "2025-02-03T12:00:00+00:00"}
    words = ["-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", "c"]
    for command in (["init", "-q"], words):
        subprocess.run(["git", *command], cwd=tmp_path, env=env, check=True)
    monkeypatch.setenv("GITHUB_SHA", "HEAD")
    assert "  date    = {2025-02-03},\n  note    = {commit HEAD},\n" in sources_page.bibtex()
    monkeypatch.setenv("GITHUB_SHA", "0123abc")
    monkeypatch.setenv("REPO_URL", "https://example.org/a/b")
    entry = sources_page.bibtex()
    assert f"version = {{{cnnref.__version__}}}" in entry
    assert "note    = {commit 0123abc}" in entry
    assert "date" not in entry
    assert "url     = {https://example.org/a/b}" in entry
    assert "pip install git+https://example.org/a/b" in sources_page.citing()
    monkeypatch.delenv("GITHUB_SHA")
    assert "commit" not in sources_page.bibtex()
    assert "EECS 498" in sources_page.whose()


def test_the_lecture_is_named_as_its_slides_are_cited():
    (slides,) = [one for one in cited.sources() if one.key == sources_page.LECTURE]
    assert f'href="{sources_page.paper(slides)}"' in sources_page.whose()
    assert html.escape(slides.citation, quote=False) in sources_page.whose()
