"""Published figures: each has its source, and the computed tables agree with them."""

import re
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import pytest

import cnnref
from cnnref.networks import published as cited
from cnnref.networks import records
from proofs.planted.figures import idle, unexplained
from website import citations as confirm
from website import data as site
from website.citations import agrees, depth, key, known_differences, line, verdict

CERTAINTIES = {
    "verified-in-source",
    "verified-secondary",
    "approximate-chart-reading",
    "from-memory",
}
ERRORS = {"top1_err", "top5_err", "top1_acc", "top5_acc"}

KNOWN_DIFFERENCES = known_differences()


def comparable():
    """The figures of catalogued networks that a table or a record can answer."""
    found = [figure for name in cnnref.names() for figure in cited.published(name)]
    return [figure for figure in found if confirm.comparable(figure)]


@pytest.mark.parametrize("name", cnnref.names())
def test_computed_values_are_the_published_ones(name):
    figures = [figure for figure in comparable() if figure.name == name]
    assert unexplained(figures, KNOWN_DIFFERENCES) == []


def test_known_differences_are_still_needed():
    assert idle(comparable(), KNOWN_DIFFERENCES) == []
    assert set(KNOWN_DIFFERENCES) <= set(map(key, cited.figures()))
    assert all(KNOWN_DIFFERENCES.values())


def test_every_source_of_operations_has_a_convention():
    counting = {f.source.key for f in cited.figures() if f.quantity in cited.OPERATIONS}
    following = {one.key: one.convention for one in cited.sources() if one.convention}
    assert set(following) == counting
    assert set(following.values()) <= set(cnnref.conventions())
    assert {one.key for one in cited.sources() if one.called} == counting


def test_a_source_of_operations_without_a_convention_is_refused_by_name(monkeypatch):
    bare = tuple(
        one._replace(convention="") if one.key == "resnet2015" else one for one in cited.sources()
    )
    monkeypatch.setattr(cited, "sources", lambda: bare)
    with pytest.raises(cnnref.CnnrefError) as error:
        cited.figures.__wrapped__()
    assert str(error.value) == (
        "sources.csv: resnet2015 prints operations of vgg16; say in its columns convention and "
        "called which convention they follow and what a sentence calls it."
    )


def altered(name, quantity, text):
    figure = next(f for f in cited.published(name) if f.quantity == quantity)
    return figure._replace(value=cited.Value(text, float(text)))


@pytest.mark.parametrize(
    ("name", "quantity", "text", "value"),
    [
        ("vgg16", "params", "138357543", 138357544),
        ("vgg16", "macs", "15.471", 15470264320),
        ("vgg16", "layers", "17", 16),
        ("vgg16", "input", "227", 224),
        ("vgg16", "year", "2015", 2014),
    ],
)
def test_a_wrong_figure_is_seen(name, quantity, text, value):
    wrong = altered(name, quantity, text)
    assert unexplained([wrong], {}) == [(*key(wrong), value)]
    assert unexplained([wrong], {key(wrong): "known"}) == []


def test_a_known_difference_that_is_none_is_seen():
    right = next(f for f in cited.published("vgg16") if f.quantity == "params")
    assert unexplained([right], {}) == []
    assert idle([right], {key(right): "no longer so"}) == [key(right)]
    other = right._replace(value=cited.Value("1", 1.0))
    assert idle([other], {key(other): "so"}) == []
    # an entry is of one value, and does not excuse another
    assert unexplained([other], {key(right): "so"}) == [(*key(other), 138357544)]


@pytest.mark.parametrize(
    ("text", "unit", "value", "same"),
    [
        ("15.5", "G", 15_450_000_000, True),
        ("15.5", "G", 15_449_999_999, False),
        ("138", "M", 138_499_999, True),
        ("138", "M", 138_500_000, False),
        ("<25", "M", 24_999_999, True),
        ("<25", "M", 25_000_000, False),
        ("224", "px", 224, True),
    ],
)
def test_values_are_compared_at_the_digits_that_are_printed(text, unit, value, same):
    assert agrees(text, unit, value) is same


def test_depth_is_the_longest_path():
    net = cnnref.Net((3, 8, 8))
    x = net.relu(net.conv(net.input, 4, 1))
    long = net.conv(net.conv(x, 4, 1), 4, 1)
    net.linear(net.flatten(net.add(long, net.conv(x, 4, 1))), 10)
    assert depth(net.table()) == 4
    assert depth(cnnref.table("vgg19")) == cnnref.architecture("vgg19").depth == 19


def test_the_layers_of_a_gate_add_no_depth():
    net = cnnref.Net((3, 8, 8))
    x = net.conv(net.input, 4, 1)
    gate = net.conv(net.conv(net.adaptive_avg_pool(x, 1), 2, 1), 4, 1)
    net.conv(net.multiply(x, gate), 4, 1)
    assert depth(net.table()) == 2


def test_every_figure_says_what_and_whence():
    for figure in cited.figures():
        assert all([figure.name, figure.title, figure.quantity, figure.unit])
        assert figure.quantity in confirm.COMPARED | ERRORS | {"file_mb"}
        assert figure.certainty in CERTAINTIES
        assert re.fullmatch(r"<?\d+(\.\d+)?", figure.value.text)
        assert figure.value.number == float(str(figure.value).lstrip("<"))
        # an accuracy or an error says nothing without its protocol
        assert figure.note or figure.quantity == "input"
    assert len(set(cited.figures())) == len(cited.figures()) > 480


# what is measured on several networks, or on one that has more than the catalogue's
OTHER_NETWORK = re.compile(
    r"ensemble|(?<![\w.])(?:[2-9]|\d{2,})[- ]?(?:models?|model\(s\)|nets|CNNs|convnets)(?!\w)"
    r"|sixth|wider|pre-trained",
    re.IGNORECASE,
)


def misfiled(figures):
    """The figures under a catalogue's name whose notes speak of something else."""
    known = set(cnnref.names())
    return [f for f in figures if f.name in known and OTHER_NETWORK.search(f.note)]


def test_a_figure_has_a_catalogues_name_only_where_it_is_of_that_network():
    assert misfiled(cited.figures()) == []
    alone = next(f for f in cited.published("googlenet") if "1 model(s)" in f.note)
    for note in (
        "Table 3: val, 7 model(s), 144 crop(s)",
        "TEST, ensemble (ResNet Table 5)",
        "val, 5 convnets as per Fig. 3 (a)",
        "Table 2: ILSVRC-2012 val, 1 CNN*, pre-trained on ImageNet Fall 2011",
    ):
        assert misfiled([alone._replace(note=note)]), note


def test_every_source_is_cited_in_full_and_once():
    keys = [source.key for source in cited.sources()]
    assert len(set(keys)) == len(keys)
    assert all(len(source.citation) > 20 for source in cited.sources())
    used = {row.source for row in (*cited.figures(), *site.ilsvrc())}
    assert used <= set(cited.sources())


def misdated(source):
    """What a source's dates contradict: its year, its number at arXiv, its citation, each other."""
    found = []
    dates = [date for date in (source.first, source.published) if date]
    if not all(re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", date) for date in dates):
        found.append("form")
    if source.year != int(source.first[:4] or 0):
        found.append("year")
    number = re.search(r"arXiv:(\d\d)(\d\d)\.\d{4,5}", source.citation)
    if number and source.first != f"20{number[1]}-{number[2]}":
        found.append("arXiv")
    if bool(source.venue) != bool(source.published) or source.venue not in source.citation:
        found.append("venue")
    year = re.search(r" (\d{4})$", source.venue)
    if (year and year[1] != source.published[:4]) or dates != sorted(dates):
        found.append("published")
    return found


def test_dates_of_papers_are_those_of_their_numbers_and_venues():
    assert {s.key: misdated(s) for s in cited.sources() if misdated(s)} == {}
    right = next(s for s in cited.sources() if s.key == "preact2016")
    assert misdated(right._replace(first="2016-12", year=2016)) == ["arXiv", "published"]
    assert misdated(right._replace(year=2015)) == ["year"]
    assert misdated(right._replace(venue="CVPR 2016")) == ["venue"]
    assert misdated(right._replace(published="2017-10")) == ["published"]
    assert "form" in misdated(right._replace(first="2016-13"))


def misdated_record(record):
    """What a record says otherwise than the source of its paper; [] where a program is meant."""
    source = next(s for s in cited.sources() if f"{record.paper}." in s.citation)
    said = (record.year, record.venue)
    number = re.search(r"arXiv:[\d.]+", source.citation)
    expected = (source.year, source.venue or (number[0] if number else ""))
    return [] if "/" in record.venue or said == expected else [record.name, said, expected]


def test_records_are_dated_as_the_table_of_papers_dates_them():
    records_ = [cnnref.architecture(name) for name in cnnref.names()]
    assert [found for record in records_ if (found := misdated_record(record))] == []
    vgg = cnnref.architecture("vgg16")
    assert misdated_record(vgg._replace(year=2015))
    assert misdated_record(vgg._replace(venue="CVPR 2015"))


def recorded():
    """The names of all records, also of those that the catalogue does not list yet."""
    files = (
        import_module(f"cnnref.networks.records.{file.name}")
        for file in iter_modules(records.__path__)
    )
    return {record.name for file in files for record in file.RECORDS}


def test_names_are_the_catalogues_torchvisions_or_the_sources_own():
    from torchvision_models import models

    known = recorded()
    for figure in cited.figures():
        if figure.source.key == "torchvision":
            assert hasattr(models, figure.name.removesuffix("_torchvision"))
        elif figure.name != figure.title:
            assert figure.name in known
    assert {"vgg16", "alexnet_2012"} <= known & {figure.name for figure in cited.figures()}


def test_the_challenge_by_year():
    entries = site.ilsvrc()
    assert {entry.certainty for entry in entries} <= CERTAINTIES
    winners = {entry.year: entry for entry in entries if entry.role == "winner"}
    assert sorted(winners) == list(range(2010, 2018))
    assert all(0 < entry.top5_error.number < 50 for entry in entries)
    assert all(entry.layers in ("", "shallow") or int(entry.layers) for entry in entries)
    assert [str(e.top5_error) for e in entries if e.role == "human"] == ["5.1", "12.0"]
    assert len(set(entries)) == len(entries)


def test_googlenets_table_as_printed():
    rows = site.googlenet_table1()
    assert len(rows) == len(set(rows)) == 12
    assert sum(row.params_k.number for row in rows) == pytest.approx(6797.7)
    assert rows[0][:3] == ("conv 7x7/2", "", "112x112x64")
    assert str(rows[0].params_k) == "2.7"


def test_a_network_without_figures_has_none():
    assert cited.published("alexnet_2012_nogroups") == ()
    assert {figure.title for figure in cited.published("VGG (7 nets)")} == {"VGG (7 nets)"}


def test_an_unknown_name_lists_close_matches():
    with pytest.raises(ValueError, match="Unknown network") as caught:
        cited.published("alexnet2012")
    assert str(caught.value) == ("Unknown network 'alexnet2012': did you mean alexnet_2012?")


def test_every_figure_of_a_network_of_the_catalogue_is_compared_where_anything_computes_it():
    said = Counter(map(verdict, cited.figures()))
    assert set(said) == {"agrees", "differs", "not rebuilt", "cited"}
    assert said["differs"] == len(KNOWN_DIFFERENCES)
    for figure in cited.figures():
        answered = confirm.comparable(figure) and figure.name in cnnref.names()
        assert answered == (verdict(figure) in ("agrees", "differs"))
        *_, found, how, note = line(figure)
        assert (found != "") == answered
        assert note or how != "differs"
        # nothing computes what is measured: errors, accuracies, the size of a file
        assert answered or how == "not rebuilt" or figure.quantity in ERRORS | {"file_mb"}


def test_what_is_not_rebuilt_came_after_the_lecture_or_is_no_network_of_it():
    names = {figure.title for figure in cited.figures() if verdict(figure) == "not rebuilt"}
    assert {name for name in names if "Inception" in name or "GoogLeNet" in name} == {
        "BN-GoogLeNet",
        "Inception-v2 (of arXiv 1512.00567)",
    }
    assert not {name for name in names if name.startswith(("AlexNet", "VGG", "ZFNet", "ResNet-"))}
