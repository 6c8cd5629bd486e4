"""The errata: every claim is judged once, by computation, and a change on either side is seen."""

import csv
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

import cnnref
from cnnref.counting.arithmetic import output_size
from cnnref.networks import catalog
from cnnref.specs import alexnet, vgg
from website import facts
from website import tables as page_tables
from website.data import FOLDER
from website.errata import page as errata_page
from website.errata.claims import (
    VERDICTS,
    Claim,
    claims,
    errata,
    erratum,
    judged,
    remarks,
    said_besides,
)
from website.errata.judges import closing, judge, readings, totals
from website.errata.judges import remarks as remarks_of
from website.errata.judges.formulas import Cost, parse

DATA = FOLDER / "claims.csv"
NUMERIC = re.compile(r"[\d,]+(\.\d+)?( ?[KMB]+|x)?")


def numeric():
    return [entry for entry in errata() if NUMERIC.fullmatch(entry.claim.stated)]


def verdict(key, stated, known=None):
    """The verdict on a claim that states something else."""
    statements = {claim.key: claim for claim in claims()}
    statements[key] = statements[key]._replace(stated=stated)
    return next(entry for entry in judged(statements.values()) if entry.key == key)


def next_up(stated):
    """A number with one more in its last digit."""
    digits = re.match(r"[\d,.]+", stated)[0]
    raised = str(int(re.sub(r"\D", "", digits)) + 1)
    tail = len(digits.partition(".")[2])
    raised = raised.zfill(tail + 1)
    text = f"{raised[:-tail]}.{raised[-tail:]}" if tail else raised
    text = f"{int(text):,}" if "," in digits else text
    return text + stated[len(digits) :]


def test_every_row_of_the_claims_is_judged_once():
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    judged_rows = [tuple(entry.claim[1:6]) for entry in errata()]
    assert judged_rows == [tuple(row) for row in rows]
    assert len(rows) == 250
    assert {entry.verdict for entry in errata()} == set(VERDICTS)


def test_keys_and_anchors_are_unique():
    for values in ([e.key for e in errata()], [e.anchor for e in errata()]):
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_what_does_not_agree_says_why():
    for entry in errata():
        assert entry.computed
        if entry.verdict != "agrees":
            assert len(entry.cause) > 15, entry.key
            assert entry.cause.endswith("."), entry.key
    assert {entry.verdict for entry in errata() if entry.partly} == {"wrong"}


# the rows that are known to be wrong, and what is right
WRONG = {
    "AlexNet/full table/conv4/flop (M)": "150",
    "AlexNet/worked formulas/fc6 params = C_in*C_out + C_out": "37,752,832",
    "GoogLeNet/stem totals/MFLOP": "481",
    "GoogLeNet/stem totals/VGG-16 MFLOP 224 -> 28": "9341",
    "GoogLeNet/stem totals/VGG-16 / GoogLeNet flop ratio": "19.4x",
    "GoogLeNet/stem totals/VGG-16 memory 224 -> 28 (MB)": "51.3",
    "GoogLeNet/stem totals/VGG-16 / GoogLeNet memory ratio": "6.9x",
    "GoogLeNet/stem totals/VGG-16 params 224 -> 28": "1.7M",
    "GoogLeNet/stem totals/VGG-16 / GoogLeNet params ratio": "13.9x",
    "GoogLeNet/tail table/fc/memory (KB)": "4",
    "VGG/full lecture slides/VGG-16 GFLOP": "15.5",
}


def test_the_wrong_numbers_are_these():
    found = {e.key: e.computed for e in numeric() if e.verdict == "wrong"}
    assert found == WRONG


def test_a_number_that_is_put_right_agrees():
    for entry in numeric():
        if entry.verdict != "agrees":
            assert verdict(entry.key, entry.computed).verdict == "agrees", entry.key


def test_a_number_that_is_changed_does_not_agree():
    statements = {claim.key: claim for claim in claims()}
    other = {}
    for entry in numeric():
        highest = max(entry.computed, entry.claim.stated, key=readings.number)
        claim = entry.claim._replace(stated=next_up(highest))
        ruling = judge(claim, {**statements, claim.key: claim})
        if ruling.verdict != "wrong":
            other[claim.key] = ruling.cause
    # one more than 1 M is the count of a MAC as two
    doubled = "It agrees where a multiply and an add are two operations."
    assert other == {"GoogLeNet/tail table/fc/flop (M)": doubled}


@pytest.mark.parametrize(
    ("key", "stated"),
    [
        ("AlexNet/worked formulas/conv1 W'", "219/4+1 = 56"),
        ("AlexNet/worked formulas/conv1 W'", "220/4+1 = 55"),
        ("VGG/text/5x5 params", "26C^2"),
        ("VGG/text/5x5 params", "25C^3"),
        ("VGG/text/two 3x3 flops", "18C^2H"),
        ("VGG/text/C x 2H x 2W: flops", "36HWC"),
        ("VGG/text/same receptive field", "7x7 = two 3x3"),
    ],
)
def test_a_changed_formula_is_wrong(key, stated):
    assert verdict(key, stated).verdict == "wrong"


@pytest.mark.parametrize(
    ("stated", "cause"),
    [
        ("219/4+1 = 56", "The left side is 55.75."),
        ("220/4+1 = 55", "The left side is 56."),
        ("224/4+1 = 57", "It is not the formula with the sizes of conv1 put in."),
        ("220/4 = 55", "It is not the formula with the sizes of conv1 put in."),
    ],
)
def test_a_worked_formula_is_told_which_of_its_sides_is_wrong(stated, cause):
    assert verdict("AlexNet/worked formulas/conv1 W'", stated).cause == cause


def test_formulas_with_biases_agree():
    for key in ("VGG/text/5x5 params", "VGG/text/2C x H x W: params"):
        entry = erratum(key)
        assert entry.verdict == "convention"
        assert verdict(key, entry.computed).verdict == "agrees"
    assert erratum("VGG/text/two 3x3 params").computed == "18C^2 + 2C"


def test_polynomials_are_those_of_counted_layers():
    assert parse("36HWC^2").at(2, 3, 5) == Cost(3, 1, 2, 1).counts("macs", 2, 3, 5)
    assert parse("36HWC^2").at(2, 3, 5) != Cost(3, 1, 1, 1).counts("macs", 2, 3, 5)


@pytest.fixture
def fresh():
    """Tables are laid out anew, and are again afterwards."""
    facts.lookup.cache_clear()
    yield
    facts.lookup.cache_clear()


def changed_by_fault():
    return {e.key for e, before in zip(judged(claims()), errata(), strict=True) if e != before}


def test_a_fault_in_alexnets_spec_is_seen(fresh, monkeypatch):
    errata()
    right = catalog.table

    def narrow(name, **options):
        net = cnnref.Net((3, options.get("input_size") or 224, options.get("input_size") or 224))
        if name != "alexnet":
            return right(name, **options)
        conv = net.conv
        monkeypatch.setattr(
            net, "conv", lambda x, n, k, **o: conv(x, 96 if o["name"] == "conv1" else n, k, **o)
        )
        alexnet.alexnet(net, 1000)
        return net.table()

    monkeypatch.setattr(facts, "table", narrow)
    changed = changed_by_fault()
    assert {
        "AlexNet/full table/conv1/filters",
        "AlexNet/full table/conv1/flop (M)",
        "AlexNet/full table/conv2/in C",
        "AlexNet/worked formulas/output elements",
    } <= changed
    assert not any("VGG" in key for key in changed)


def test_a_fault_in_vggs_spec_changes_totals_ratios_and_sentences(fresh, monkeypatch):
    errata()
    widths = {"1": 32, "2": 64, "3": 128, "4": 256, "5": 512}
    real = vgg.conv_unit

    def wide(net, x, filters, name, norm):
        return real(net, x, widths[name[0]], name, norm)

    monkeypatch.setattr(vgg, "conv_unit", wide)
    after = {e.key: e for e in judged(claims())}
    assert after["VGG/design rules/claim#2"].verdict == "agrees"
    assert after["VGG/full lecture slides/VGG-16 GFLOP"].computed != "15.5"
    assert erratum("VGG/design rules/claim#2").verdict == "wrong"


def test_the_chart_of_the_closing_sentences_answers_for_itself(monkeypatch):
    networks = closing.chart()
    assert len(networks) == 14
    assert verdict_on("Inception-v4: ResNet + Inception") == "wrong"
    joined = networks | {}
    monkeypatch.setattr(closing, "lookup", lambda name: facts.lookup("inception_resnet_v2"))
    assert verdict_on("Inception-v4: ResNet + Inception") == "agrees"
    few = {name: n for name, n in joined.items() if not name.startswith(("resnet", "inception"))}
    monkeypatch.setattr(closing, "chart", lambda: few)
    assert verdict_on("VGG: highest memory, most operations") == "agrees"
    slow = few | {"googlenet": few["googlenet"]._replace(accuracy=60.0)}
    monkeypatch.setattr(closing, "chart", lambda: slow)
    assert verdict_on("GoogLeNet: very efficient") == "wrong"
    heavy = few | {"alexnet_2012": few["vgg19"]._replace(name="alexnet_2012")}
    monkeypatch.setattr(closing, "chart", lambda: heavy)
    assert verdict_on("AlexNet: low compute, lots of parameters") == "wrong"


def test_which_networks_come_before_alexnet_is_said_while_it_is_so(monkeypatch):
    sentence = "AlexNet: low compute, lots of parameters"
    networks = closing.chart()
    assert closing.JUDGES[sentence](sentence).cause.endswith("only the latter has fewer MACs.")
    cheaper = networks["enet"]._replace(book=facts.lookup("squeezenet1_1"))
    larger = networks["vgg19"]._replace(name="another")
    for other in (networks | {"enet": cheaper}, networks | {"vgg19": larger}):
        monkeypatch.setattr(closing, "chart", lambda other=other: other)
        assert closing.JUDGES[sentence](sentence)[1:3] == ("agrees", "")


def verdict_on(sentence):
    return closing.JUDGES[sentence](sentence).verdict


def test_ratios_follow_from_their_totals():
    memory = "GoogLeNet/stem totals/VGG-16 memory 224 -> 28 (MB)"
    ratio = erratum("GoogLeNet/stem totals/VGG-16 / GoogLeNet memory ratio")
    assert ratio.roots == (memory,)
    assert ratio.explanation.endswith(f"Root: {memory}.")
    flops = erratum("GoogLeNet/stem totals/VGG-16 / GoogLeNet flop ratio")
    assert len(flops.roots) == 2
    assert "would give 17.9x" in flops.cause
    assert set(ratio.roots + flops.roots) <= {e.key for e in errata() if e.verdict == "wrong"}


def test_the_wrong_totals_are_those_of_a_network_with_one_convolution_less():
    rows = [row for row in totals.start("vgg16") if row.op == "conv"]
    left = [row for row in rows if row.name != "conv3_3"]
    assert readings.printed(Fraction(sum(row.macs for row in left), 10**6), "7485") == "7485"
    assert readings.printed(Fraction(4 * sum(r.activations for r in left), 2**20), "9.9") == "42.9"
    assert readings.printed(Fraction(sum(r.parameters for r in left), 10**6), "1.1M") == "1.1M"
    for name in ("MFLOP 224 -> 28", "memory 224 -> 28 (MB)", "params 224 -> 28"):
        cause = erratum(f"GoogLeNet/stem totals/VGG-16 {name}").cause
        assert "conv3_2 or conv3_3" in cause
        assert cause.endswith("the start of VGG-13.")


def test_slips_are_found_by_computing_them():
    right = [readings.Reading(1481, "agrees")]
    assert "exchanged: 1,481 became 1,418" in readings.decide("1,418", right).cause
    cut = readings.decide("2.4", [readings.Reading(Fraction(249, 100), "agrees")])
    assert (cut.computed, cut.cause) == ("2.5", "The digits after 2.4 were cut off, not rounded.")
    unknown = readings.decide("7", right)
    assert unknown.cause.startswith("We do not know where 7 comes from: none of ")
    with pytest.raises(ValueError, match="'about 7' does not begin with a number"):
        readings.decide("about 7", right)


def test_a_memory_in_whole_megabytes_is_told_as_one():
    found = verdict("GoogLeNet/stem table/conv (7x7)/memory (KB)", "3")
    assert (found.verdict, found.computed) == ("wrong", "3,136")
    assert found.cause == (
        "The layer keeps 3,136.0 KB, which rounds to 3,136. It is 3 only when rounded to whole MB."
    )


def test_conv4s_count_is_not_reproduced_and_the_tries_are_many():
    cause = erratum("AlexNet/full table/conv4/flop (M)").cause
    assert int(re.search(r"none of (\d+) slips", cause)[1]) > 50
    # by another way: no single size in its formula gives it
    for size in range(1, 60):
        assert round(256 * size * size * 384 * 9 / 1e6) != 145
    assert [n for n in range(200, 300) if 144.5e6 <= n * 169 * 3456 < 145.5e6] == [248, 249]
    assert "248 or 249 filters" in cause


def test_the_sizes_of_poolings_agree_by_both_ways_of_rounding():
    for size in (112, 56):
        assert output_size(size, 3, 2, 1) == output_size(size, 3, 2, ceil_mode=True)


def test_an_unknown_key_or_claim_is_named():
    with pytest.raises(ValueError, match="Unknown claim") as caught:
        erratum("AlexNet/full table/conv4/flops")
    assert "did you mean AlexNet/full table/conv4/flop (M)" in str(caught.value)
    odd = Claim("VGG/x/claim", "VGG", "x", "", "claim", "It is deep")
    with pytest.raises(ValueError, match="Unknown claim 'VGG/x/claim'"):
        list(judged([odd]))
    cell = Claim("k", "AlexNet", "full table", "conv1", "colour", "3")
    with pytest.raises(ValueError, match="Unknown quantity 'colour'"):
        list(judged([cell]))


def test_the_file_has_a_line_for_each_claim():
    lines = list(errata_page.rows())
    assert len(lines) == 250
    assert all(len(line) == len(errata_page.CSV_COLUMNS) for line in lines)
    path = Path(cnnref.__file__).parent.parent / "docs" / "generated" / "errata.csv"
    with path.open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file)][1:] == lines


def test_the_mark_says_what_is_wrong_and_leads_to_the_row():
    text = errata_page.mark("AlexNet/full table/conv4/flop (M)", "../")
    assert text == (
        '<a class="erratum" href="../errata.html#claim-alexnet-full-table-conv4-flop-m" '
        'aria-label="≠ 145: the lecture has 145, which is wrong; it is 150." '
        'title="≠ 145: the lecture has 145, which is wrong; it is 150.">≠ 145</a>'
    )
    assert "which is only partly true" in errata_page.mark("VGG/design rules/claim#2")
    assert "by another convention" in errata_page.mark("AlexNet/full table/fc6/params (k)")
    with pytest.raises(ValueError, match="agrees; take the mark off"):
        errata_page.mark("AlexNet/full table/conv1/filters")


def test_a_ledger_marks_the_cells_that_the_lecture_has_otherwise():
    text = page_tables.ledger("alexnet@227")
    cells = re.findall(r'<a class="(erratum[^"]*)" href="errata.html#([^"]*)"[^>]*>([^<]*)<', text)
    assert cells == [
        ("erratum in-cell", "claim-alexnet-full-table-conv4-flop-m", "150"),
        ("erratum mild in-cell", "claim-alexnet-full-table-flatten-memory-kb", "0"),
        ("erratum mild in-cell", "claim-alexnet-full-table-fc6-params-k", "37,753"),
        ("erratum mild in-cell", "claim-alexnet-full-table-fc7-params-k", "16,781"),
        ("erratum mild in-cell", "claim-alexnet-full-table-fc8-params-k", "4,097"),
    ]
    assert '<td class="num"><a class="erratum in-cell" href="errata.html#' in text
    grid = page_tables.captioned(facts.lookup("alexnet@227"), "lecture")
    assert errata_page.marked(grid, "alexnet@227").cells == grid.cells
    assert page_tables.ledger("vgg11").count("erratum") == 0
    assert page_tables.ledger("vgg16").count("in-cell") == 4
    assert page_tables.ledger("vgg16", "macs").count("in-cell") == 0


def test_the_page_shows_every_claim_once():
    page = errata_page.tables()
    rows = re.findall(r'<tr id="([^"]*)"', page)
    assert sorted(rows) == sorted(entry.anchor for entry in errata())
    shown = sum(
        errata_page.items(name, partly=partly).count("<section>")
        for name, partly in [("wrong", False), ("wrong", True), ("convention", False)]
    )
    assert shown == sum(e.verdict in ("wrong", "convention") for e in errata())
    assert ">250<" in errata_page.count()
    with pytest.raises(ValueError, match="Unknown verdict 'right'"):
        errata_page.count("right")


DOCS = Path(cnnref.__file__).parent.parent / "docs"
CHAPTERS = sorted(page for page in DOCS.glob("*.md") if page.name != "errata.md")
TABLE = re.compile(r'[{ ,](?:table|excerpt)\("([^"]+)"')


def marked_somewhere(texts):
    """The claims that a chapter marks: by a macro, or in a table whose cell is another."""
    joined = "".join(texts)
    found = set(re.findall(r'erratum\("([^"]+)"\)', joined))
    ledgers = "".join(page_tables.ledger(key) for key in set(TABLE.findall(joined)))
    anchors = set(re.findall(r'errata\.html#([^"]+)"', ledgers))
    return found | {entry.key for entry in errata() if entry.anchor in anchors}


def test_whatever_the_lecture_has_otherwise_is_marked_in_a_chapter():
    texts = [page.read_text(encoding="utf-8") for page in CHAPTERS]
    expected = {e.key for e in (*errata(), *remarks()) if e.verdict != "agrees"}
    # the row of the auxiliary table has no other place than its own errata, and in the tables of
    # stacks the page counts as the lecture does there: without biases, and in numbers, not bytes
    aside = {key for key in expected if key.startswith(("GoogLeNet/tail table/fc/", "VGG/text/"))}
    assert expected - marked_somewhere(texts) <= aside
    lost = [text.replace('{{ erratum("VGG/design rules/claim#3") }}', "") for text in texts]
    assert "VGG/design rules/claim#3" in expected - marked_somewhere(lost)


def test_a_mark_tells_wrong_from_otherwise():
    assert ">≠ 37,725,832</a>" in errata_page.mark(
        "AlexNet/worked formulas/fc6 params = C_in*C_out + C_out"
    )
    mild = errata_page.mark("VGG/text/5x5 params")
    assert 'class="erratum mild"' in mild
    assert ">lecture: 25C<sup>2</sup></a>" in mild
    assert 'aria-label="lecture: 25C2: the lecture has' in mild
    assert ">lecture</a>" in errata_page.mark("AlexNet/worked formulas/claim")
    excepted = errata_page.mark("VGG/design rules/claim#2")
    assert 'class="erratum mild"' in excepted
    assert ">lecture: with exceptions</a>" in excepted
    assert ">≠ lecture</a>" in errata_page.mark("Comparing Complexity/summary/claim#1")


def test_a_chapter_ends_with_what_its_slides_have_otherwise_in_words():
    for page in CHAPTERS:
        text = page.read_text(encoding="utf-8")
        for chapter in re.findall(r'slides\("([^"]*)"\)', text):
            box = errata_page.slides(chapter)
            wrong = [e for e in errata() if (e.claim.chapter, e.verdict) == (chapter, "wrong")]
            assert [f'href="errata.html#{e.anchor}"' in box for e in wrong] == [True] * len(wrong)
            assert box.count("<li>") == len(wrong) > 0
    said = re.sub(r"<[^>]+>", "", errata_page.slides("AlexNet"))
    assert "the lecture has 37,725,832, but it is 37,752,832. Two" in said
    assert {entry.claim.chapter for entry in errata()} == {
        chapter
        for page in CHAPTERS
        for chapter in re.findall(r'slides\("([^"]*)"\)', page.read_text(encoding="utf-8"))
    }
    with pytest.raises(ValueError, match="Unknown chapter 'LeNet'"):
        errata_page.slides("LeNet")


def test_what_the_notes_say_besides_has_a_verdict_too():
    assert [entry.claim for entry in remarks()] == list(said_besides())
    assert {claim.stated for claim in said_besides()} & {c.stated for c in claims()} == set()
    verdicts = Counter((entry.verdict, entry.partly) for entry in remarks())
    assert verdicts == {
        ("agrees", False): 8, ("wrong", True): 2, ("convention", False): 2,
    }  # fmt: skip
    for entry in remarks():
        assert entry.computed
        assert entry.verdict == "agrees" or entry.cause.endswith("."), entry.key
    page = errata_page.besides()
    assert re.findall(r'<section id="([^"]*)"', page) == [entry.anchor for entry in remarks()]
    assert len({e.anchor for e in (*errata(), *remarks())}) == len(errata()) + len(remarks())


def by_start(start):
    return next(entry for entry in remarks() if entry.claim.stated.startswith(start))


def test_the_computed_side_of_the_sentences_is_what_the_tables_say():
    convs = [
        layer for name in remarks_of.VGGS for layer in cnnref.table(name) if layer.op == "conv"
    ]
    threes = sum(layer.window.kernel == (3, 3) for layer in convs)
    computed = by_start("All convolutions").computed
    assert computed.startswith(f"{threes} of {len(convs)} in")
    assert "2.3x the parameters" in by_start("VGG-16 is a much").computed
    assert "18 of 18" in by_start("1x1 layers").computed
    assert "7.9x the memory" in by_start("GoogLeNet reduces").cause
    assert by_start("Local response").computed.endswith("none of them after 2014")


def test_a_fault_in_a_spec_changes_what_the_sentences_come_to(fresh, monkeypatch):
    right = catalog.table

    def other(name, **options):
        return right({"vgg16_c": "vgg16", "zfnet": "zfnet_b"}.get(name, name), **options)

    monkeypatch.setattr(facts, "table", other)
    again = {entry.claim.stated: entry.verdict for entry in judged(said_besides())}
    changed = {e.claim.stated for e in remarks() if again[e.claim.stated] != e.verdict}
    assert len(changed) == 2
    assert {stated.split()[0] for stated in changed} == {"All", "AlexNet"}


def test_a_hypothesis_is_judged_as_one():
    entry = by_start("So deeper models should")
    assert entry.verdict == "agrees"
    assert entry.cause.startswith("An expectation and a hypothesis, put as such.")
    assert "ResNet-1202 on CIFAR-10 errs more" in entry.cause
    assert "a rule of VGG's design" in erratum("VGG/design rules/claim#2").cause


def test_a_mark_beside_a_value_in_millions_says_its_own_unit():
    assert ">≠ 13.6 GFLOP</a>" in errata_page.mark("VGG/full lecture slides/VGG-16 GFLOP")
    assert ">≠ 42.9 MB</a>" in errata_page.mark(
        "GoogLeNet/stem totals/VGG-16 memory 224 -> 28 (MB)"
    )
