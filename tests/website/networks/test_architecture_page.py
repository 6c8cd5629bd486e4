"""Pages of networks: every row once, the tables' own totals, links that lead somewhere."""

import csv
import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnref
from cnnref.networks.published import published
from website import citations as confirm
from website.data import books
from website.facts import lookup
from website.measured import site as site_measured
from website.networks import costs as cost_tables
from website.networks import files as site_networks
from website.networks import page as architecture_page
from website.networks.index import network_index
from website.networks.layer_tree import layer_tree, place, runs

ROOT = Path(__file__).resolve().parents[3]
GENERATED = ROOT / "docs" / "generated"
# of each kind: small, with groups, branching, deep and deepest, pre-activation, another's data set
SOME = ("alexnet_2012", "vgg16", "googlenet_aux", "inception_v3", "resnet50", "resnet1202_cifar")
SOME += ("preact_resnet50", "enet", "plain18")
HEAVIEST = 400_000


class Reader(HTMLParser):
    """The ids, links, rows and exact values of some HTML."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.rows, self.values = [], [], 0, []
        self.open = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.open.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.rows += tag == "tr" and "id" in given
        if tag == "data":
            self.values.append((tuple(self.open), float(given["value"])))

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass


HOSTILE = '<script>alert(1)</script> {{ x }} **b** `c` [d](e) {: onclick="f" } $g$ ![h](i) "j" & k'


@pytest.mark.parametrize("field", ["title", "authors", "paper", "venue", "source", "differences"])
def test_what_a_record_says_is_text_on_its_page(field, monkeypatch):
    """The site's own Markdown makes nothing of it: no element, no attribute, no macro."""
    import markdown
    import yaml
    from mkdocs.config import load_config

    config = load_config(str(ROOT / "mkdocs.yml"))

    def shown():
        _, front, body = architecture_page.markdown("vgg16").split("---", 2)
        made = {"extensions": config.markdown_extensions, "extension_configs": config.mdx_configs}
        record = architecture_page.parts("vgg16", records()["vgg16"])["record"]
        return yaml.safe_load(front), body, markdown.markdown(body, **made) + record

    usual = shown()[2]
    hostile = cnnref.architecture("vgg16")._replace(**{field: HOSTILE})
    monkeypatch.setattr(architecture_page, "architecture", lambda _: hostile)
    front, body, html = shown()
    assert not any(mark in text for text in front.values() for mark in '<"')
    assert "{{" not in body
    assert not re.search(r"\sonclick=[\"']", html)
    elements = re.compile(r"<(script|img|strong|code|a|span)\b")
    assert Counter(elements.findall(html)) == Counter(elements.findall(usual))


def records():
    return books()


def alike(one, two):
    """Whether two runs of rows do the same on the same shapes, each reading from as far back."""
    return [
        (a.op, a.in_shapes, a.out_shape, a.window, a.counts, [i - s for s in a.inputs])
        == (b.op, b.in_shapes, b.out_shape, b.window, b.counts, [j - s for s in b.inputs])
        for (i, a), (j, b) in zip(one, two, strict=True)
    ]


@pytest.mark.parametrize("name", cnnref.names())
def test_runs_hold_every_row_once_and_only_what_is_alike(name):
    table = lookup(name)
    members = {}
    for row, layer in enumerate(table):
        members.setdefault(layer.block, []).append((row, layer))
    shown, folded = [], []
    for stage in table.group("stage"):
        for run in runs(table, [r for r, layer in enumerate(table) if layer.stage == stage]):
            shown += run.rows
            for other in run.blocks[1:]:
                folded += [row for row, _ in members[other]]
                assert all(alike(members[run.blocks[0]], members[other]))
    assert sorted(shown + folded) == list(range(len(table)))


def test_a_block_that_differs_is_not_folded_in():
    def rows(widths):
        net = cnnref.Net((8, 16, 16))
        x = net.input
        for number, width in enumerate(widths):
            with net.stage("body"), net.block(f"block{number}"):
                y = net.conv(net.relu(net.conv(x, width, 1)), 8, 1)
                x = net.add(x, y)
        table = net.table()
        return [run.blocks for run in runs(table, range(len(table)))]

    assert rows([4, 4, 4]) == [("block0", "block1", "block2")]
    assert rows([4, 5, 4]) == [("block0",), ("block1",), ("block2",)]
    assert rows([4, 4, 5]) == [("block0", "block1"), ("block2",)]


@pytest.mark.parametrize("name", SOME)
def test_the_tree_has_an_id_for_every_row_stage_and_block(name):
    table, found = lookup(name), Reader(layer_tree(lookup(name)))
    assert max(Counter(found.ids).values()) == 1
    wanted = {place(table, stage, "stage") for stage in table.group("stage")}
    wanted |= {place(table, block, "block") for block in table.group("block") if block}
    assert wanted <= set(found.ids)
    rows = {place(table, layer.name) for layer in table}
    assert len(rows & set(found.ids)) == found.rows
    # a script links each row to itself when a reader opens what it stands in
    assert found.links == []


@pytest.mark.parametrize("name", SOME)
def test_the_stages_of_the_tree_add_up_to_the_network(name):
    table, found = lookup(name), Reader(layer_tree(lookup(name)))
    stages = [value for path, value in found.values if path.count("details") == 1]
    assert sum(stages[::2]) == table.parameters
    assert sum(stages[1::2]) == table.macs


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_a_page_has_a_part_for_each_place_and_its_links_lead_somewhere(name):
    parts = architecture_page.parts(name, records()[name])
    html = "".join(parts.values()) + site_networks.books(name) + site_measured.of_network(name)
    frame = architecture_page.markdown(name, {"vgg.md", "alexnet.md"})
    wanted = re.findall(r'data-part="(\w+)"', frame)
    built = ["books", "adding_up", "measured"]
    assert sorted(wanted) == sorted([*(key for key, text in parts.items() if text), *built])
    found = Reader(html)
    assert max(Counter(found.ids).values()) == 1
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.ids
        elif link.startswith("../generated/"):
            assert (ROOT / "docs" / link.removeprefix("../")).is_file()
        elif link.startswith(f"../{site_networks.CODE}/"):
            assert link.removeprefix(f"../{site_networks.CODE}/") in site_networks.books_of(name)
        elif not link.startswith("../errata.html#claim-"):
            assert link in architecture_page.downloads(name)
    assert len(html.encode()) + 40_000 < HEAVIEST
    assert f"{len(lookup(name))} of {len(lookup(name))} rows agree" in html


@pytest.mark.parametrize("name", cnnref.names())
def test_the_frame_names_the_network_and_its_neighbours(name):
    frame = architecture_page.markdown(name, ["vgg.md"])
    record = cnnref.architecture(name)
    assert f"\n# {record.title}\n" in frame
    title = json.loads(re.search(r"^title: (.*)$", frame, re.MULTILINE)[1])
    assert unescape(title) == record.title
    order = cnnref.names()
    near = {order[i] for i in (order.index(name) - 1, order.index(name) + 1) if 0 <= i < len(order)}
    assert set(re.findall(r"\]\((\w+)\.md\)", frame)) == near | {"index"}
    assert ("(../vgg.md)" in frame) == name.startswith("vgg")
    for path in architecture_page.books(name).values():
        assert (Path(cnnref.__file__).parent / path).is_file()


def test_places_without_parts_are_refused():
    frame = "".join(
        architecture_page.placeholder(part)
        for part in [
            *architecture_page.parts("vgg11", records()["vgg11"]),
            "books",
            "adding_up",
            "measured",
        ]
    )
    html = site_networks.fill(frame, "networks/vgg11.md")
    assert "data-part" not in html
    assert f'data-code="../{site_networks.CODE}/specs/vgg.py.js"' in html
    code = site_networks.shown("specs/vgg.py")
    assert "def conv_unit" in re.sub(r"<[^>]*>", "", code)
    # as the theme shows code
    assert re.search(r"<pre>.*?<code>", code)
    assert '<figure class="chart" data-chart="vgg11-adding-up"' in html
    assert site_networks.fill(frame, "networks/index.md") == frame
    assert site_networks.fill(frame, "vgg11.md") == frame
    short = frame.replace(architecture_page.placeholder("memory"), "")
    with pytest.raises(site_networks.PartError, match=r"networks/vgg11\.md: the page has places"):
        site_networks.fill(short, "networks/vgg11.md")


def test_the_year_of_a_published_figure_is_no_quantity():
    cells = re.findall(r"<td>([^<]*)</td>", cost_tables.held_against("googlenet"))
    assert "2014" in cells
    assert "2,014" not in cells


@pytest.mark.parametrize("name", ["alexnet", "inception_v4", "preact_resnet18"])
def test_files_hold_what_the_table_holds(name):
    table, files = lookup(name), architecture_page.downloads(name)
    assert sorted(files) == [f"{name}.json", f"{name}.svg", f"{name}.tex"]
    record = json.loads(files[f"{name}.json"])
    assert [row["name"] for row in record["rows"]] == [layer.name for layer in table]
    assert record["totals"]["operations"] == table.macs
    assert files[f"{name}.tex"] == table.to_latex("macs")
    ET.fromstring(files[f"{name}.svg"])
    assert files == architecture_page.downloads(name)


@pytest.mark.parametrize("name", SOME)
def test_bars_hold_each_cost_and_add_up(name):
    table, found = lookup(name), Reader(cost_tables.stage_bars(lookup(name)))
    values = [value for _, value in found.values]
    body, foot = values[:-3], values[-3:]
    assert foot == [table.stored_bytes("lecture"), table.parameters, table.macs]
    assert [sum(body[i::3]) for i in range(3)] == foot
    lengths = re.findall(r"--share:([\d.]+)", cost_tables.stage_bars(table))
    assert Counter(lengths)["1.000"] >= 3
    assert all(0 <= float(length) <= 1 for length in lengths)
    assert len(found.links) == len(table.group("stage"))


def test_layer_bars_have_the_rows_that_the_lecture_lists():
    table = lookup("vgg16")
    found = Reader(cost_tables.layer_bars(table))
    assert found.links == [f"#{place(table, layer.name)}" for layer in table.listed("lecture")]
    assert [value for _, value in found.values][2:-3:3] == [
        layer.macs for layer in table.listed("lecture")
    ]


def test_every_convention_and_every_kind_of_memory_is_told():
    table = lookup("vgg16")
    told = cost_tables.conventions(table)
    for name in cnnref.conventions():
        assert f"<code>{name}</code>" in told
        assert f"{table.operations(name):,}" in told
    memory = cost_tables.memory(table)
    for value in (table.peak_activation_bytes(), table.training_activation_bytes()):
        assert f"{value:,}" in memory


@pytest.mark.parametrize("name", cnnref.names())
def test_every_published_figure_is_shown_with_its_verdict(name):
    figures = published(name)
    held, errors = cost_tables.held_against(name), cost_tables.errors(name)
    comparable = [figure for figure in figures if confirm.comparable(figure)]
    assert held.count('<th scope="row">') == len(comparable)
    agreeing = [figure for figure in comparable if confirm.confirm(figure).agrees]
    assert held.count('class="agrees">agrees<') == len(agreeing)
    # a figure that differs has its reason
    assert "differs: <" not in held
    for figure in figures:
        if not confirm.comparable(figure):
            text = str(figure.value)
            assert text in errors or f"{int(text):,}" in errors


def test_the_index_has_every_network_with_exact_values():
    html = network_index(cnnref.names(), records())
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", html)
    assert len(rows) == len(cnnref.names())
    for row, name in zip(rows, cnnref.names(), strict=True):
        assert f'<a href="{name}.html">' in row
        values = [int(value) for value in re.findall(r'data-value="(\d+)"', row)]
        table = lookup(name)
        assert values[3:5] == [table.parameters, table.macs]
        assert values[-1] == int(records()[name]["rows_differing"]) == 0


def test_the_committed_records_name_every_network():
    with (GENERATED / "networks.csv").open(encoding="utf-8", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == list(cnnref.names())


@pytest.mark.parametrize(("rows", "opened"), [(60, True), (61, False)])
def test_the_rows_of_a_small_network_are_shown_opened(rows: int, opened: bool) -> None:
    net = cnnref.Net((3, 8, 8))
    x = net.input
    with net.stage("body"):
        for _ in range(rows):
            x = net.relu(x)
    assert bool(re.search("<details[^>]* open[ >]", layer_tree(net.table()))) == opened
