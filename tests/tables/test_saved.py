"""A table that was written as JSON is read back equal; what is no such table is refused."""

from __future__ import annotations

import json

import pytest

import cnnref
from cnnref import CnnrefError, Table

BOOK = cnnref.table("resnet18")


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
