"""Whatever is printed has one set of methods, with one set of arguments."""

import inspect
import json

import pytest

import cnnref
from cnnref.measuring.roofline import Ceilings, Roofline, roofline
from cnnref.tables.printable import Printed, View
from cnnref.tables.table import Table

NET = cnnref.table("alexnet")
THINGS = {
    "table": NET,
    "part": NET.top(3),
    "groups": NET.group("stage"),
    "collapsed": NET.collapse(),
    "comparison": cnnref.compare(NET, cnnref.table("zfnet")),
    "sweep": cnnref.sweep("alexnet", input_size=[128, 224]),
    "roofline": roofline(NET, Ceilings("float32", 1e12, 1e11)),
}
METHODS = [name for name in vars(Printed) if name.startswith("to_")]
WORDS = ["self", "convention", "columns", "dtype", "batch_size"]


def everything(of):
    return [of, *(inner for one in of.__subclasses__() for inner in everything(one))]


def test_no_kind_of_table_states_the_arguments_again():
    assert len(METHODS) == 7
    for one in everything(Printed):
        if one.__module__.startswith("cnnref") and one is not Printed:
            assert not set(METHODS) & set(vars(one)), one


@pytest.mark.parametrize("name", METHODS)
def test_a_view_takes_what_the_methods_take(name):
    # a frame alone can have its columns named otherwise
    own = ["keys"] if name == "to_frame" else []
    assert list(inspect.signature(getattr(Table, name)).parameters) == [*WORDS, *own]
    assert list(View._fields) == [*WORDS[1:], "terse"]


@pytest.mark.extras
@pytest.mark.parametrize("kind", THINGS)
@pytest.mark.parametrize("name", METHODS)
def test_everything_printed_has_every_method(kind, name):
    found = getattr(THINGS[kind], name)("macs", dtype="float16", batch_size=2)
    assert len(found) > 1


def test_a_roofline_as_json_has_its_ceilings_and_its_layers():
    roof = THINGS["roofline"]
    assert isinstance(roof, Roofline)
    read = json.loads(roof.to_json())
    assert read["ceilings"]["bytes_per_second"] == 1e11
    assert sum(layer["macs"] for layer in read["layers"]) == NET.macs
    assert sum(layer["allowed"] for layer in read["layers"]) == pytest.approx(read["allowed"])
    assert {layer["bound"] for layer in read["layers"]} == {"arithmetic", "memory", "free"}


def test_a_view_of_no_known_convention_is_refused():
    with pytest.raises(cnnref.CnnrefError, match="Unknown convention 'mac'"):
        View.of("mac")
