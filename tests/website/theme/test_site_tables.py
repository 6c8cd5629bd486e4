"""What the site makes of every table: a region to scroll, figures to the right, a link."""

import pytest

from website.markup import line, link, table
from website.theme import tables as site_tables

COUNTS = """<h2 id="a">Costs<a class="headerlink" href="#a">¶</a></h2>
<table><thead><tr><th>network</th><th>M MACs</th></tr></thead>
<tbody><tr><td>a</td><td>1,814</td></tr><tr><td>b</td><td>41</td></tr></tbody></table>"""
LINK = '<p class="counted"><a href="{}conventions.html">How these are counted</a></p>'


def test_a_table_scrolls_in_a_region_named_after_its_heading():
    page = site_tables.wrap(COUNTS + COUNTS.partition("\n")[2])
    assert page.count('<div class="table-scroll" role="region"') == 2
    assert 'aria-label="Costs, table" tabindex="0"><table class="ledger"><thead>' in page
    assert 'aria-label="Costs, table 2"' in page
    assert page.count('scope="col"') == 4


def test_a_region_is_not_put_into_a_region():
    region = '<div class="table-scroll"><table class="ledger"><tr><td>1</td></tr></table></div>'
    assert site_tables.wrap(region) == region


def test_columns_of_figures_stand_to_the_right_with_their_heading():
    page = site_tables.wrap(COUNTS)
    assert '<th class="num" scope="col">M MACs</th>' in page
    assert '<td class="num">1,814</td>' in page
    assert "<td>a</td>" in page
    mixed = COUNTS.replace("<td>41</td>", "<td>11 x 11</td>")
    assert 'class="num"' not in site_tables.wrap(mixed)


def test_a_sentence_in_a_cell_may_break_on_a_phone_and_a_name_may_not():
    told = "a sentence of more letters than a phone has"
    page = site_tables.wrap(
        COUNTS.replace("<td>a</td>", f'<td style="text-align: left">{told}</td>')
    )
    assert f'<td class="long" style="text-align: left">{told}</td>' in page
    assert "<td>b</td>" in page
    # a heading breaks anyway; what has a class of its own, or lines of its own, goes by that
    lines = told.replace(" ", "<br>")
    for tag in (f"<th>{told}</th>", f'<td class="mark">{told}</td>', f"<td>{lines}</td>"):
        assert 'class="long"' not in site_tables.wrap(COUNTS.replace("<td>a</td>", tag))


@pytest.mark.parametrize("root", ["", "../"])
def test_a_table_of_counts_leads_to_how_they_are_counted(root):
    assert site_tables.wrap(COUNTS, root).endswith("</table></div>" + LINK.format(root))


def test_the_first_cell_of_a_row_tells_too():
    table = COUNTS.replace("M MACs", "AlexNet").replace("<td>a</td>", "<td>parameters</td>")
    assert LINK.format("") in site_tables.wrap(table)


def test_each_heading_of_a_table_is_read_by_itself():
    heads = ["network", "layers", "parameters (M)", "year"]
    rows = [line("a", ["8", "61.1", "2012"])]
    assert site_tables.wrap(table(heads, rows)).endswith(LINK.format(""))
    assert "counted" not in site_tables.wrap(table([*heads[:2], "years"], rows))


@pytest.mark.parametrize(
    ("table", "root"),
    [
        (COUNTS, None),
        (COUNTS.replace("<td>a</td>", '<td><a href="conventions.html#macs">a</a></td>'), ""),
        (COUNTS.replace("M MACs", "year"), ""),
        (COUNTS.replace("<table>", '<table class="ledger errata">'), ""),
        (COUNTS.replace("M MACs", "year").replace("41", "has 41 parameters"), ""),
    ],
)
def test_other_tables_do_not(table, root):
    assert "How these are counted" not in site_tables.wrap(table, root)


def test_a_phone_folds_secondary_columns_and_says_how_many():
    heads = ["network", "year", "layers", "parameters (M)", "M MACs"]
    page = site_tables.wrap(table(heads, [line("a", ["2012", "8", "61.1", "714"])]))
    assert page.count("data-second") == 4
    assert '<label class="fold"><input type="checkbox">show 2 more columns</label>' in page
    assert "fold" not in site_tables.wrap(table(heads[:4], [line("a", ["2012", "8", "61.1"])]))


def test_only_tables_of_sentences_are_searched():
    page = site_tables.wrap(table(["a"], [line("b", [])]))
    assert page.count("data-search-exclude") == 1
    assert "exclude" not in site_tables.wrap(table(["a"], [line("b", [])], kind="prose"))


def test_a_long_table_has_the_place_of_its_filter():
    rows = [line(str(n), ["x"]) for n in range(site_tables.FILTERED_FROM)]
    place = '<p class="table-filter"></p><div'
    assert place in site_tables.wrap(table(["a", "b"], rows))
    assert place not in site_tables.wrap(table(["a", "b"], rows[1:]))


def test_a_network_alone_in_the_first_cell_leads_to_its_page():
    page = site_tables.wrap(table(["network", "a"], [line("VGG-16", ["VGG-19"])]), "../")
    assert '<th scope="row"><a href="../networks/vgg16.html">VGG-16</a></th>' in page
    assert "vgg19" not in page
    linked = site_tables.wrap(table(["network"], [line(link("VGG-16", "x"), [])]))
    assert "networks/" not in linked
