"""Tables and what is made of them behave as values; likely mistakes are told in a sentence."""

import copy
import json
import pickle

import pytest

import cnnref
from cnnref import Table
from cnnref.errors import CnnrefError
from cnnref.measuring.roofline import Ceilings, roofline
from cnnref.tables import budget, listing
from cnnref.tables.analysis import DTYPES
from cnnref.tables.printable import View


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_convention_can_be_copied_and_stays_frozen(again):
    table = cnnref.table("alexnet")
    for name in cnnref.conventions():
        twin = again(cnnref.convention(name))
        assert twin == cnnref.convention(name)
        assert table.operations(twin) == table.operations(name)
        with pytest.raises(TypeError):
            twin.prices["conv"] = {}
        for terms in twin.stores.values():
            with pytest.raises(TypeError):
                terms["elements_out"] = 0


def test_collapsed_tables_are_equal_where_their_tables_and_runs_are():
    one, same, other = (
        cnnref.table(name).collapse() for name in ("resnet50", "resnet50", "resnet101")
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != tuple(one)


def test_sweeps_are_equal_where_their_points_are():
    one, same, other = (
        cnnref.sweep("alexnet", input_size=sizes) for sizes in ([224], [224], [227])
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != list(one)


@pytest.mark.parametrize("name", ["input_shape", "name", "unused"])
def test_nothing_of_a_table_can_be_set(name):
    table = cnnref.table("alexnet")
    with pytest.raises(AttributeError):
        setattr(table, name, getattr(table, name))
    assert pickle.loads(pickle.dumps(table)) == table == copy.deepcopy(table)


TABLE = cnnref.table("alexnet")
MISTAKES = {
    "compare": (
        lambda: cnnref.compare(TABLE, "alexnet"),
        "compare: it takes two tables, as cnnref.table and cnnref.trace give them, but got "
        "'alexnet'.",
    ),
    "roofline": (
        lambda: roofline(TABLE, None),
        "roofline needs the Ceilings of a machine, as cnnref.ceilings() measures them, but got "
        "None.",
    ),
    "roofline of nothing": (
        lambda: roofline(None, Ceilings("float32", 1, 1)),
        "roofline needs a table or a measurement, but got None.",
    ),
    "columns": (
        lambda: TABLE.to_text(columns=[5]),
        "columns must be keys such as 'macs', but are [5].",
    ),
    "a column": (
        lambda: TABLE.to_csv(columns=5),
        "columns must be keys such as 'macs', but are 5.",
    ),
}


class Own:
    """As PyTorch's modules are: it can be called forward."""

    def forward(self, x):
        return x


def test_a_module_in_the_place_of_a_name_is_told_where_it_belongs():
    for call in (cnnref.table, cnnref.architecture, cnnref.model):
        with pytest.raises(
            CnnrefError, match=r"^Own is a module, .* cnnref\.trace\(module, shape\)"
        ):
            call(Own())


def test_a_row_that_is_not_there_is_named():
    with pytest.raises(IndexError, match=r"^alexnet has 22 rows, so no row 999\.$"):
        TABLE[999]
    assert TABLE[-1] is TABLE["fc8"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_likely_mistake_is_told_in_a_sentence(mistake):
    make, sentence = MISTAKES[mistake]
    with pytest.raises(CnnrefError) as caught:
        make()
    assert str(caught.value) == sentence


# ---- written as JSON and read back ----

BOOK = cnnref.table("resnet18")


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnref.names())
def test_every_table_of_the_catalogue_comes_back_equal(name: str) -> None:
    book = cnnref.table(name)
    again = Table.from_json(book.to_json("lecture", "layer,macs"))
    assert again == book
    assert (again.name, again.unused, again.whole) == (book.name, book.unused, again)


def test_the_beginning_of_a_table_is_a_table() -> None:
    assert list(Table.from_json(BOOK[:3].to_json())) == list(BOOK[:3])


def altered(**changes: object) -> str:
    return json.dumps(json.loads(BOOK[:2].to_json()) | changes)


def row(**changes: object) -> str:
    document = json.loads(BOOK[:1].to_json())
    document["rows"][0] |= changes
    return json.dumps(document)


REFUSED = {
    "nothing": ("", "Expecting value: line 1 column 1 (char 0)"),
    "a number": ("3", "it is not the JSON of a table"),
    "a merge's marks": ("<<<<<<< HEAD\n" + altered(), "Expecting value: line 1 column 1 (char 0)"),
    "a later schema": (altered(schema=2), "it has schema 2, and this code reads 1"),
    "rows put together": (BOOK.group("stage").to_json(), "it is not the JSON of a table"),
    "repeats": (BOOK.collapse().to_json(), "it is not the JSON of a table"),
    "a part": (
        BOOK[3:5].to_json(),
        "it holds a part of a table, without the rows that feed it",
    ),
    "no rows": (
        altered(rows=3),
        "something in it is not as cnnref writes it ('int' object is not iterable)",
    ),
    "no shapes": (
        row(in_shapes=None),
        "something in it is not as cnnref writes it ('NoneType' object is not iterable)",
    ),
    "a count in words": (
        row(counts={"macs": "many"}),
        "something in it is not as cnnref writes it (counts of conv1)",
    ),
    "a count below zero": (
        row(counts={"macs": -1}),
        "something in it is not as cnnref writes it (counts of conv1)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_is_refused_in_a_sentence(case: str) -> None:
    text, why = REFUSED[case]
    with pytest.raises(CnnrefError) as caught:
        Table.from_json(text)
    assert str(caught.value) == f"Table.from_json: {why}."


def test_a_traced_table_keeps_what_only_a_trace_knows() -> None:
    torch = pytest.importorskip("torch")
    frozen = torch.nn.Linear(16, 4).requires_grad_(False)
    encoder = torch.nn.TransformerEncoderLayer(16, 2, batch_first=True)
    module = torch.nn.Sequential(torch.nn.LSTM(8, 16), First(), encoder, frozen)
    traced = cnnref.trace(module, inputs=torch.zeros(5, 1, 8))
    again = Table.from_json(traced.to_json())
    assert again == traced
    assert [layer.call for layer in again] == [layer.call for layer in traced]
    assert again.frozen_parameters == traced.frozen_parameters > 0
    for name in cnnref.conventions():
        assert again.operations(name) == traced.operations(name)
        assert again["0"].explain(name) == traced["0"].explain(name)


def First() -> object:  # noqa: N802
    import torch

    class Taken(torch.nn.Module):
        def forward(self, both: tuple[torch.Tensor, object]) -> torch.Tensor:
            return both[0]

    return Taken()


# ---- what a prompt and a notebook show ----


def test_what_is_long_is_one_line_at_a_prompt_and_a_table_in_a_notebook():
    shown = {
        "<Convention fvcore: fvcore, in MACs>": cnnref.convention("fvcore"),
        f"<{len(cnnref.published('vgg16'))} published figures of vgg16>": cnnref.published("vgg16"),
        "<0 published figures>": type(cnnref.published("vgg16"))(),
    }
    for line, one in shown.items():
        assert repr(one) == line
        assert "<table" in one._repr_html_()
    prices = cnnref.convention("fvcore").prices
    rows = cnnref.convention("fvcore")._repr_html_().count("<tr>") - 1
    assert rows == sum(map(len, prices.values()))


def test_published_figures_are_a_tuple_and_print_as_a_table():
    found = cnnref.published("vgg16")
    assert isinstance(found, tuple)
    assert found[0].source.citation in found.to_csv().replace('""', '"')
    document = json.loads(found.to_json())
    assert [one["value"] for one in document["figures"]] == [str(one.value) for one in found]
    assert document["figures"][0]["source"]["key"] == found[0].source.key


def test_a_name_in_what_a_notebook_shows_is_text():
    mine = cnnref.Convention.from_dict({"name": "a<b", "base": "macs", "title": "<i>mine</i>"})
    assert "<i>" not in mine._repr_html_()


def test_a_limit_may_have_as_many_digits_as_are_read_and_no_more():
    longest = "9" * budget.LONGEST
    assert budget.amount("macs", longest) == int(longest)
    assert budget.amount("macs", f"{longest}G") == int(longest) * 10**9
    with pytest.raises(cnnref.CnnrefError, match=r"^The budget of macs must be a number such as"):
        budget.amount("macs", f"{longest}9")


def test_an_element_of_a_dtype_has_the_bytes_that_it_has_in_torch():
    torch = pytest.importorskip("torch")
    for name, size in DTYPES.items():
        assert getattr(torch, name).itemsize == size


@pytest.mark.parametrize("columns", [None, "layer", "macs,output"])
def test_json_has_the_values_of_columns_where_they_are_asked_for(columns):
    table = cnnref.table("alexnet")
    rows = listing.document(table, View.of("macs", columns))["rows"]
    wanted = set(columns.split(",")) if columns else None
    assert len(rows) == len(table)
    for row in rows:
        assert set(row["columns"]) == wanted if columns else "columns" not in row
