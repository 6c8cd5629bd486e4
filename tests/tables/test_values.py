"""Tables and what is made of them behave as values; likely mistakes are told in a sentence."""

import copy
import pickle

import pytest

import cnnref
from cnnref.errors import CnnrefError
from cnnref.measuring.roofline import Ceilings, roofline


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


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_likely_mistake_is_told_in_a_sentence(mistake):
    make, sentence = MISTAKES[mistake]
    with pytest.raises(CnnrefError) as caught:
        make()
    assert str(caught.value) == sentence
