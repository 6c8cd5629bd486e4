"""One statement of each measure: every place reads it, and old keys say their new name."""

import inspect
import warnings

import pytest

import cnnref
from cnnref.cli.commands import BUDGET
from cnnref.cli.main import main
from cnnref.errors import RenamedWarning, UnknownNameError
from cnnref.measuring import roofline
from cnnref.tables import sweep
from cnnref.tables.budget import LIMITS, Budget
from cnnref.tables.columns import COLUMNS
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES, RENAMED, Quantity, Row, Whole, current
from cnnref.testing import assert_budget

NET = cnnref.table("googlenet")
SUFFIXES = ("", "_share", "_k", "_kb", "_m")
VIEW = View.of("lecture", (), "float16", 3)
BYTES = 2 * 3
# by the table's own methods, for three images in float16
EXACT = {
    "parameters": NET.parameters,
    "trainable": NET.trainable_parameters,
    "frozen": NET.frozen_parameters,
    "weights": sum(row.counts.weights for row in NET),
    "biases": sum(row.counts.biases for row in NET),
    "operations": 3 * NET.operations("lecture"),
    "macs": 3 * NET.macs,
    "backward_macs": 0,
    "activations": 3 * NET.mac_activations,
    "stored_bytes": 3 * NET.stored_bytes("lecture"),
    "bytes": BYTES * sum(row.out_shape.elements for row in NET),
    "peak": 3 * NET.peak_activation_bytes("float16"),
    "training": 3 * NET.training_activation_bytes("float16"),
    "parameter_bytes": 2 * NET.parameters,
    **{
        f"training_{name}": NET.training_bytes(name, batch_size=3, bytes_per_element="float16")
        for name in ("sgd", "momentum", "adam")
    },
    "moved_bytes": sum(roofline.moved_bytes(row, "float16", 3) for row in NET),
    "intensity": NET.arithmetic_intensity("float16", 3),
}


def test_every_quantity_is_what_the_table_says():
    assert {key: one.of(NET, VIEW) for key, one in QUANTITIES.items()} == EXACT
    assert [one.key for one in QUANTITIES.values()] == list(QUANTITIES)


@pytest.mark.extras
def test_every_place_has_the_keys_of_quantities():
    assert set(sweep.MEASURES) <= set(QUANTITIES)
    assert set(LIMITS) <= set(QUANTITIES) <= set(COLUMNS)
    assert set(roofline.COLUMNS) & set(QUANTITIES) == {"macs", "moved_bytes"}
    assert set(BUDGET) == {*(f"--max-{key}" for key in LIMITS), "--allow-uncounted"}
    arguments = list(inspect.signature(assert_budget).parameters)
    assert arguments[2 : len(LIMITS) + 2] == list(LIMITS)


def test_every_column_that_measures_is_a_quantity():
    sized = {key + suffix for key in QUANTITIES for suffix in SUFFIXES}
    assert {key for key, column in COLUMNS.items() if column.unit} <= sized
    for key, quantity in QUANTITIES.items():
        assert COLUMNS[key].value is quantity.value
        assert COLUMNS[key].total is quantity.total
        assert COLUMNS[key].known is not quantity.counted


@pytest.mark.parametrize("key", sweep.MEASURES)
def test_a_sweep_reads_its_measures(key, monkeypatch):
    seen = cnnref.sweep("googlenet", batch_size=[3])
    assert seen._exactly(View.of("lecture", key, "float16")).exact == [[3, EXACT[key]]]
    new = Quantity(key, "title", "things", lambda row: 1)
    monkeypatch.setattr(sweep, "QUANTITIES", {**QUANTITIES, key: new})
    grid = seen._exactly(View.of("lecture", key))
    assert (grid.heads[1], grid.exact[0][1]) == ("title (things)", len(NET))


@pytest.mark.parametrize("key", LIMITS)
def test_a_budget_reads_its_limits(key):
    budget = Budget({key: 10**15}, convention="lecture", dtype="float16", batch_size=3)
    (verdict,) = budget.verdicts(NET)
    assert (verdict.measure, verdict.used) == (key, EXACT[key])
    assert verdict.unit == QUANTITIES[key].unit.format(unit="flop")


def test_a_share_is_of_what_is_known():
    whole = Whole(NET, VIEW)
    shares = [whole.share("macs", row) for row in whole.rows]
    assert sum(shares) == pytest.approx(100)
    row = Row(0, NET[0], whole)
    assert (row.number, row.layer, row.whole, row.times, row.label) == (0, NET[0], whole, 1, "")
    assert whole.share("macs", row) == shares[0]


# ---- keys of earlier versions ----


def uses(old):
    """Where an old key could be written, and what is written there now."""
    new = RENAMED[old]
    if new in COLUMNS:
        yield lambda key: NET.to_csv("lecture", f"layer,+{key}")
        yield lambda key: NET.sorted(key, "lecture").numbers
    if new in COLUMNS and COLUMNS[new].total:
        yield lambda key: NET.group("stage").to_csv("lecture", [key])
        yield lambda key: list(NET.group("stage").sorted(key, "lecture"))
    if new in sweep.MEASURES:
        yield lambda key: cnnref.sweep("alexnet", input_size=128).to_csv("lecture", key)
    if new in LIMITS:
        yield lambda key: Budget({key: 10}).verdicts(NET)


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_key_still_works_and_says_its_new_name(old):
    new = RENAMED[old]
    assert old not in {*COLUMNS, *sweep.MEASURES, *LIMITS, *QUANTITIES}
    found = list(uses(old))
    assert found
    for use in found:
        with pytest.warns(RenamedWarning) as said:
            then = use(old)
        assert {str(one.message) for one in said} == {f"{old!r} is now called {new!r}."}
        # where the reader wrote it
        assert {one.filename for one in said} == {__file__}
        assert then == use(new)


def test_a_key_of_today_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for key in (*COLUMNS, *QUANTITIES):
            assert current(key) == key
    with pytest.raises(UnknownNameError, match="Unknown column 'peaks': did you mean peak"):
        NET.to_csv("macs", "peaks")


@pytest.mark.parametrize(
    ("line", "notes"),
    {
        "table alexnet --columns layer,+live_bytes": ["'live_bytes' is now called 'peak'."],
        "table alexnet --sort flop_m": ["'flop_m' is now called 'operations_m'."],
        "table alexnet --group stage --columns params_k,memory_kb": [
            "'params_k' is now called 'parameters_k'.",
            "'memory_kb' is now called 'stored_bytes_kb'.",
        ],
        "sweep alexnet --input-size 128 --columns +peak_bytes": [
            "'peak_bytes' is now called 'peak'."
        ],
        "table alexnet --quiet --max-params 70M": [
            "'--max-params' is now called '--max-parameters'."
        ],
        "table alexnet --quiet --max-params=70M --max-macs 1G": [
            "'--max-params' is now called '--max-parameters'."
        ],
    }.items(),
)
def test_the_command_line_says_it_in_one_line(capsys, line, notes):
    assert main(line.split()) == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == [f"cnnref: {note}" for note in notes]
    new = line
    for old, key in RENAMED.items():
        new = new.replace(f"max-{old}", f"max-{key}").replace(f"+{old}", f"+{key}")
    new = new.replace("flop_m", "operations_m").replace("params_k", "parameters_k")
    assert main(new.replace("memory_kb", "stored_bytes_kb").split()) == 0
    assert capsys.readouterr() == (out, "")


def test_the_backward_pass_begins_with_its_first_row():
    nn = pytest.importorskip("torch").nn
    table = cnnref.trace(nn.Linear(5, 4, bias=False), (5,), mode="training")
    rows = Whole(table, VIEW).rows
    first = next(row for row in rows if row.number == table.ran.backward)
    assert first.layer.macs
    found = [QUANTITIES["backward_macs"].value(row) for row in rows]
    assert found == [row.layer.macs * (row.number >= first.number) for row in rows]
    assert sum(found) == table.macs - sum(row.macs for row in table[: first.number])


def test_a_quantity_is_named_without_a_convention_and_headed_with_its_unit():
    named = {key: one.noun for key, one in QUANTITIES.items()}
    titles = {key: one.title for key, one in QUANTITIES.items()}
    assert named == titles | {"operations": "operations"}
    headed = {key: one.header for key, one in QUANTITIES.items()}
    assert headed == titles | {"stored_bytes": "memory (bytes)"}
    assert titles["operations"] == "{unit}s"
