"""The search: the theme's own script with what stands in front of it, over small indexes."""

import json
from pathlib import Path

import material
import pytest

from checks import search as asked
from website.places import ROOT
from website.theme import search as site_search

THEME = Path(material.__file__).parent / "templates" / "assets" / "javascripts"
SETTINGS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
SEPARATOR = SETTINGS.partition("separator: '")[2].partition("'\n")[0]
CONFIG = {
    "lang": ["en"],
    "pipeline": ["stopWordFilter"],
    "separator": SEPARATOR,
    "fields": {"title": {"boost": 1000.0}, "text": {"boost": 1.0}, "tags": {"boost": 1e6}},
}
DOCS = [
    {"location": "a.html", "title": "Pooling and more", "text": "<p>max pooling of 3×3 maps</p>"},
    {
        "location": "b.html",
        "tags": ["Pooled"],
        "title": "Max pooling",
        "text": "<p>the optimisation of colour</p>",
    },
    {"location": "b.html#steps", "tags": ["Pooled"], "title": "Steps", "text": "<p>strides</p>"},
    {"location": "networks/net1.html", "title": "Net-1", "text": "old <p>conv1</p>"},
    {"location": "networks/net1.html#layers", "title": "Layers", "text": "pool528x14x1400395"},
    {"location": "glossary.html", "title": "Glossary", "text": "words"},
    {"location": "glossary.html#counting", "title": "Counting", "text": "MAC: a multiply"},
]
GLOSSARY = '<dl><dt><a id="mac">MAC</a></dt><dd>A multiply-accumulate.</dd></dl>'
NETWORKS = {"networks/net1.html": {"tags": ["net1"], "text": "8,128 parameters", "boost": 4}}
SAME = """(() => {
  const [one, other] = [new lunr.TokenSet(), new lunr.TokenSet()];
  [one.edges, other.edges] = [{1: {id: 2}, 3: {id: 4}}, {1: {id: 234}}];
  return one.toString() === other.toString();
})()"""


def theme(folder):
    """A site that holds the theme's scripts and the index alone, as the theme writes them."""
    for script in (*THEME.glob("bundle.*.js"), *THEME.glob("workers/search.*.js")):
        copy = folder / "assets" / "javascripts" / script.relative_to(THEME)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(script.read_bytes())
    index = folder / asked.INDEX
    index.parent.mkdir()
    index.write_text(json.dumps({"config": CONFIG, "docs": DOCS}))
    (folder / "glossary.html").write_text(GLOSSARY)
    (folder / "revise.html").write_text("<p>Pooling has no weights.</p>")
    return folder


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    site = theme(tmp_path_factory.mktemp("site"))
    site_search.finish(site, NETWORKS)
    engine = asked.Search(site)
    yield engine
    engine.close()


def found(search, query):
    places, warnings = search.ask(query)
    assert warnings == []
    return [page[0] for page in places]


def test_an_index_of_networks_and_words(search):
    places = {entry["location"]: entry for entry in search.index["docs"]}
    order = (
        "a.html b.html b.html#steps networks/net1.html glossary.html glossary.html#mac revise.html"
    )
    assert " ".join(places) == order
    assert places["networks/net1.html"]["text"] == "8,128 parameters"
    assert places["a.html"]["text"] == "<p>max pooling of 3x3 maps</p>"


@pytest.mark.parametrize("query", ["3×3", "3 × 3", "3x3", "3 x 3"])
def test_a_size_is_found_however_it_is_written(search, query):
    assert found(search, query) == ["a.html"]


@pytest.mark.parametrize("query", ["8,128", "8128", "parameters, 8,128", "8128 parameters"])
def test_a_number_is_found_with_separators_of_thousands_and_without(search, query):
    assert found(search, query) == ["networks/net1.html"]


def test_parts_of_a_number_do_not_find_it(search):
    assert found(search, "128") == []
    assert found(search, "8,12") == ["networks/net1.html"]


@pytest.mark.parametrize("query", ["optimization", "optimisation", "optimize", "color", "colour"])
def test_a_word_is_found_in_either_spelling(search, query):
    assert found(search, query) == ["b.html"]


def test_what_is_called_so_comes_first(search):
    assert found(search, "max pooling") == ["b.html", "a.html"]
    assert found(search, "the Net-1") == found(search, "net1") == ["networks/net1.html"]
    assert found(search, "mac")[0] == "glossary.html#mac"


def test_what_describes_the_code_comes_after_all_else():
    docs = [
        {"location": place, "title": "t", "text": "words", **more}
        for place, more in [
            ("a.html", {}), ("b.html", {"boost": 3}), ("reference/net.html", {"boost": 3}),
            ("reference/net.html#conv", {}),
        ]
    ]  # fmt: skip
    boosts = [entry["boost"] for entry in site_search.entries(docs, {}, {})]
    assert boosts == [1, 3, site_search.LESS, site_search.LESS]
    assert 0 < site_search.LESS < 1


def test_another_name_finds_a_page_and_not_each_of_its_sections(search):
    assert found(search, "pooled") == ["b.html"]
    tags = {entry["location"]: entry.get("tags") for entry in search.index["docs"]}
    assert (tags["b.html"], tags["b.html#steps"]) == (["Pooled"], None)


def test_all_words_are_wanted_and_some_are_shown_where_nothing_has_all(search):
    assert found(search, "pooling maps") == ["a.html"]
    assert found(search, "maps colour") == ["a.html", "b.html"]
    assert found(search, "nowhere") == []


@pytest.mark.parametrize(
    "query", ["25,557,032", "~4", "a:b", "^", "+ -", "conv*", '"max', "the", ""]
)
def test_no_query_breaks_it(search, query):
    found(search, query)


def test_states_of_the_word_tree_that_differ_look_different(search, tmp_path):
    bare = asked.Search(theme(tmp_path))
    before = bare.engine.eval(SAME)
    bare.close()
    assert (before, search.engine.eval(SAME)) == (True, False)


def test_the_index_is_loaded_when_it_is_asked(tmp_path):
    site_search.finish(theme(tmp_path), NETWORKS)
    (bundle,) = tmp_path.glob("assets/javascripts/bundle.*.js")
    assert site_search.EAGER not in bundle.read_text()
    assert site_search.LAZY in bundle.read_text()


def test_another_theme_is_refused(tmp_path):
    script = tmp_path / "bundle.js"
    script.write_text("other")
    with pytest.raises(site_search.SearchError, match=r"bundle\.js has 0 places"):
        site_search.change(script, "old", "new")


def test_the_words_of_neighbours_are_parted():
    row = "<tr><td>pool5</td><td>28</td></tr><pre><span>a</span><span>b</span></pre>x<br>y"
    spaced = site_search.spaced(row)
    assert spaced == (
        "<tr><td>pool5</td> <td>28</td> </tr><pre><span>a</span><span>b</span></pre>x<br> y"
    )


def test_what_the_check_expects_can_fail(tmp_path):
    site = theme(tmp_path)
    site_search.finish(site, NETWORKS)
    told = [*asked.faults(site)]
    assert any("'glossary' has" not in text and "errata" in text for text in told)
    engine = asked.Search(site)
    missing = [*asked.unanswered(engine, ["maps", "nowhere", "the"])]
    engine.engine.eval(
        "var plain = tell; tell = (data) => { console.warn(data.data); plain(data); }"
    )
    broken = engine.ask_all(["maps", "the"])
    engine.engine.eval("tell = () => {}")
    silent = engine.ask_all(["maps"])
    engine.close()
    assert broken == [("maps", "maps"), ("the", "the")]
    assert silent == [("maps", "")]
    assert "'nowhere' stands on a page and is not found" in missing
    assert not any("'maps'" in text or "'the'" in text for text in missing)
