"""A user's program in which every public name stands, with the type that it must have."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, assert_type

from torch import Tensor, nn

import cnnref
from cnnref import (
    Ceilings,
    CnnrefError,
    Convention,
    Counts,
    DataWarning,
    FeatureMap,
    ForwardError,
    Layer,
    MissingExtraError,
    Net,
    OpaqueRule,
    Operation,
    RenamedWarning,
    Shape,
    ShapeError,
    Table,
    UncountedWarning,
    UnknownNameError,
    Window,
)
from cnnref.testing import assert_budget
from cnnref.typing import (
    Agreement,
    Allowed,
    Architecture,
    ByConvention,
    Comparison,
    CountedKind,
    Difference,
    Drawing,
    Figures,
    Groups,
    LayerTime,
    Machine,
    Measurement,
    Published,
    Quartiles,
    Ran,
    ReceptiveField,
    Repeat,
    Repeats,
    Roofline,
    Source,
    Sweep,
    SweepPoint,
    Value,
)


class Doubled(nn.Module):
    """A module that a trace does not know."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2


def block(net: Net, x: FeatureMap, channels: int) -> FeatureMap:
    """A block of a user's own spec."""
    with net.stage("conv2"), net.block("conv2_1"):
        y = net.relu(net.batch_norm(net.conv(x, channels, 3, padding=1)))
        return net.add(x, y)


def stated() -> Table:
    """A spec of a user's own."""
    net = Net((3, 32, 32))
    x = block(net, net.conv(net.input, 8, (3, 3), padding=1, bias=False), 8)
    net.linear(net.flatten(net.adaptive_avg_pool(x, 1)), 10)
    return assert_type(net.table(), Table)


def rows(table: Table) -> None:
    """What is asked of a table and of its rows."""
    first: Layer = assert_type(table[0], Layer)
    assert_type(table[1:], Table)
    assert_type(first.out_shape, Shape)
    assert_type(first.window, Window | None)
    assert_type(first.counts, Counts)
    assert_type(first.operations("flops"), int)
    assert_type(first.padding_macs, int)
    assert_type(first.explain("flops"), str)
    assert_type(table.operations("fvcore"), int)
    assert_type(table.macs + table.parameters + table.mac_activations, int)
    assert_type(table.stored_bytes("lecture"), int)
    assert_type(table.receptive_fields(), tuple[ReceptiveField, ...])
    assert_type(table.to_markdown(), str)
    picture: Drawing = assert_type(table.draw(), Drawing)
    assert_type(picture.standalone(), str)
    assert_type(table.to_mermaid(), str)
    assert_type(table.ran, Ran)
    groups: Groups = assert_type(table.group("stage"), Groups)
    assert_type(groups["conv2"], Table)
    repeats: Repeats = assert_type(table.collapse(), Repeats)
    assert_type(repeats[0], Repeat)


def catalogue(name: str) -> None:
    """What the catalogue says of a network."""
    assert_type(cnnref.names(), tuple[str, ...])
    record: Architecture = assert_type(cnnref.architecture(name), Architecture)
    assert_type(record.title, str)
    assert_type(cnnref.table(name, input_size=(224, 192)), Table)
    assert_type(cnnref.model(name), nn.Module)
    agreed: Agreement = assert_type(cnnref.check(name), Agreement)
    assert_type(agreed.rows_differing, int)
    cited: Figures = assert_type(cnnref.published(name), Figures)
    assert_type(cited.to_markdown(), str)
    for figure in cited:
        assert_type(figure, Published)
        value: Value = assert_type(figure.value, Value)
        source: Source = assert_type(figure.source, Source)
        assert_type(f"{value} {source.key}", str)


def traced() -> Table:
    """A trace with a rule of a user's own."""

    def cost(y: Tensor, module: Doubled, x: Tensor) -> Operation:
        window = Window((1, 1), (1, 1), (0, 0))
        return Operation("doubled", (x,), y, window, Counts(macs=y.numel()))

    def output(module: Doubled, x: Tensor) -> Tensor:
        return x

    rules: Mapping[Any, Any] = {Doubled: OpaqueRule(output, cost)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UncountedWarning)
        warnings.simplefilter("error", RenamedWarning)
        warnings.simplefilter("error", DataWarning)
        return assert_type(cnnref.trace(Doubled(), (3, 8, 8), rules=rules), Table)


def together(a: Table, b: Table) -> None:
    """Two tables, or one at several settings."""
    found: Comparison = assert_type(cnnref.compare(a, b), Comparison)
    differences: Sequence[Difference] = found
    assert_type([str(one) for one in differences], list[str])
    points: Sweep = assert_type(cnnref.sweep("alexnet", input_size=[128, 224]), Sweep)
    point: SweepPoint = assert_type(points[0], SweepPoint)
    assert_type(point.table, Table)
    assert_type(assert_budget(a, macs="5G"), Table)
    counted: ByConvention = assert_type(a.by_convention(["macs", "thop"]), ByConvention)
    kind: CountedKind = counted[0]
    assert_type(kind.difference, str)


def read() -> Table:
    """A network that is there as a file alone."""
    return assert_type(cnnref.from_onnx("docs/examples/small.onnx", (3, 64, 64)), Table)


def conventions() -> Convention:
    """A convention of a user's own."""
    assert_type(cnnref.conventions(), tuple[str, ...])
    assert_type(cnnref.convention("lecture"), Convention)
    return Convention.from_dict({"name": "mine", "base": "macs"})


def on_this_machine(name: str) -> None:
    """A measurement under the ceilings of a machine, measured or stated."""
    stated_ceilings = Ceilings("float32", 1e12, 1e11)
    assert_type(cnnref.ceilings(), Ceilings)
    found: Measurement = assert_type(cnnref.measure(name), Measurement)
    assert_type(found.machine, Machine)
    assert_type(found.time, Quartiles)
    assert_type(found.layers, tuple[LayerTime, ...])
    roof: Roofline = assert_type(cnnref.roofline(cnnref.table(name), stated_ceilings), Roofline)
    assert_type(roof[0], Allowed)


def refused() -> str:
    """What may be caught."""
    try:
        stated()
    except (ForwardError, MissingExtraError, ShapeError, UnknownNameError) as error:
        return str(error)
    except CnnrefError:
        return ""
    return "nothing"
