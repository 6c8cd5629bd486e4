"""Operators with subgraphs: the branch that an If takes is walked, and what is not is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_files import BOOL, FLOAT, graph, helper, onnx, table, weight, wholes

import cnnref


def truth(name: str, value: bool) -> Any:
    return helper.make_tensor(name, BOOL, [], [value])


def body(nodes: list[Any], outputs: list[Any], inputs: tuple[Any, ...] = (), held: Any = ()) -> Any:
    return helper.make_graph(nodes, "body", list(inputs), outputs, list(held))


def stated(name: str, *sizes: int, dtype: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, sizes)


def branch(channels: int, then: str = "y.weight", *, held: bool = False) -> Any:
    """A convolution of the x around it, by weights that are its own or stand around it too."""
    tensors = [weight(then, channels, 2, 1, 1)] if held else []
    conv = helper.make_node("Conv", ["x", then], ["made"])
    return body([conv], [stated("made", 1, channels, 4, 4)], held=tensors)


def conditional(*, known: bool | None, size: Any = (1, 3, 4, 4)) -> Any:
    """x under an If of two convolutions, and a convolution of what it makes."""
    condition = ["c"] if known is not None else ["fed"]
    inner = {"then_branch": branch(3), "else_branch": branch(3, "n.weight")}
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], "most", keepdims=0),
        helper.make_node("Cast", ["most"], ["fed"], "fed", to=BOOL),
        helper.make_node("If", condition, ["y"], "choice", **inner),
        helper.make_node("Conv", ["y", "z.weight"], ["z"]),
    ]
    held = [weight("y.weight", 3, 2, 1, 1), weight("n.weight", 3, 2, 1, 1)]
    held += [weight("z.weight", 5, 3, 1, 1), *([truth("c", known)] if known is not None else [])]
    model = graph(nodes, {"x": [1, 2, 4, 4]}, held, opset=17)
    if size:
        model.graph.value_info.append(stated("y", *size))
    return model


@pytest.mark.parametrize(("known", "name"), [(True, "y"), (False, "n")])
def test_the_branch_of_a_known_condition_is_walked(known: bool, name: str, tmp_path: Path) -> None:
    model = conditional(known=known, size=None)
    found = table(model, tmp_path, strict=True)[2:]
    assert [(row.name, row.macs) for row in found] == [(name, 16 * 6), ("z", 16 * 15)]
    assert (found[1].inputs, sum(row.parameters for row in found)) == ((2,), 6 + 15)


def test_a_condition_on_sizes_is_known(tmp_path: Path) -> None:
    """As PyTorch exports a squeeze: where the axis is longer, the branch is the map itself."""
    squeezed = body([helper.make_node("Squeeze", ["x", "axis"], ["a"])], [stated("a", 2, 4)])
    kept = body([helper.make_node("Identity", ["x"], ["b"])], [stated("b", 1, 2, 4)])
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "axis"], ["n"]),
        helper.make_node("Equal", ["n", "axis"], ["c"]),
        helper.make_node("If", ["c"], ["y"], then_branch=squeezed, else_branch=kept),
        helper.make_node("MatMul", ["y", "w"], ["z"]),
    ]
    model = graph(nodes, {"x": [1, 2, 4]}, [wholes("axis", 1), weight("w", 4, 5)], opset=17)
    found = table(model, tmp_path, strict=True)
    assert [(row.op, row.macs) for row in found] == [("alias", 0), ("linear", 2 * 20)]


def test_branches_that_call_their_weights_alike_have_their_own(tmp_path: Path) -> None:
    inner = {"then_branch": branch(2, "w", held=True), "else_branch": branch(2, "w", held=True)}
    nodes = [
        helper.make_node("If", ["c"], ["first"], **inner),
        helper.make_node("If", ["c"], ["second"], **inner),
        helper.make_node("Add", ["first", "second"], ["y"]),
    ]
    model = graph(nodes, {"x": [1, 2, 4, 4]}, [truth("c", True)], opset=17)
    found = table(model, tmp_path, strict=True)
    assert (found.macs, found.parameters) == (2 * 64, 2 * 4)
    # what a branch makes is not seen outside
    nodes.append(helper.make_node("Relu", ["made"], ["z"]))
    with pytest.raises(cnnref.CnnrefError, match="reads 'made', which nothing before it makes"):
        table(graph(nodes, {"x": [1, 2, 4, 4]}, [truth("c", True)], opset=17), tmp_path)


def test_a_condition_that_depends_on_the_input_marks_the_row(tmp_path: Path) -> None:
    model = conditional(known=None)
    with pytest.raises(cnnref.CnnrefError, match="no rule counts If in choice; these rows"):
        table(model, tmp_path, strict=True)
    with pytest.warns(cnnref.UncountedWarning, match="If in choice; these rows"):
        found = table(model, tmp_path)[2:]
    assert [(row.name, row.counted, row.macs) for row in found] == [
        ("choice", False, 0), ("z", True, 16 * 15)
    ]  # fmt: skip
    assert (found[0].inputs, found[0].out_shape, found[0].parameters) == ((1, -1), (3, 4, 4), 12)
    # no size is stated of what it makes
    with pytest.raises(cnnref.CnnrefError, match=r"If in choice, Conv in z\.Conv; these"):
        table(conditional(known=None, size=None), tmp_path, strict=True)


def test_a_condition_of_one_branch_within_another(tmp_path: Path) -> None:
    """What the inner subgraph reads is read by the outer one."""
    inner = helper.make_node("If", ["d"], ["i"], then_branch=branch(3), else_branch=branch(3))
    outer = body([inner], [stated("i", 1, 3, 4, 4)])
    held = [weight("y.weight", 3, 2, 1, 1), weight("c", 1, dtype=BOOL), truth("d", True)]
    node = helper.make_node("If", ["c"], ["y"], "choice", then_branch=outer, else_branch=branch(3))
    with pytest.warns(cnnref.UncountedWarning, match="If in choice; these rows"):
        (row,) = table(graph([node], {"x": [1, 2, 4, 4]}, held, opset=17), tmp_path)
    assert (row.inputs, row.parameters) == ((-1,), 6)


def test_an_operator_with_a_list_of_subgraphs_reads_what_each_reads(tmp_path: Path) -> None:
    held = [weight("y.weight", 3, 2, 1, 1), weight("n.weight", 3, 2, 1, 1)]
    several = [branch(3), branch(3, "n.weight")]
    node = helper.make_node("Choose", ["c"], ["y"], "choice", domain="own", bodies=several)
    model = graph([node], {"c": [1], "x": [1, 2, 4, 4]}, held)
    model.graph.value_info.append(stated("y", 1, 3, 4, 4))
    with pytest.warns(cnnref.UncountedWarning, match="Choose in choice; these rows"):
        (row,) = table(model, tmp_path)
    assert (len(row.inputs), row.parameters) == (2, 6 + 6)


def looped(captured: str) -> Any:
    """Four times a product with what is captured, from a constant on."""
    step = body(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("MatMul", ["state", captured], ["next"]),
        ],
        [stated("on", dtype=BOOL), stated("next", 1, 4)],
        (
            stated("i", dtype=onnx.TensorProto.INT64),
            stated("go", dtype=BOOL),
            stated("state", 1, 4),
        ),
    )
    nodes = [
        helper.make_node("Loop", ["times", "", "start"], ["y"], "loop", body=step),
        helper.make_node("MatMul", ["x", "y"], ["z"], "last"),
    ]
    held = [wholes("times", 4), weight("start", 4, 4), weight("w", 4, 4)]
    model = graph(nodes, {"x": [4, 4]}, held, opset=17)
    model.graph.value_info.append(stated("y", 4, 4))
    return model


def test_a_loop_that_captures_a_map_is_marked(tmp_path: Path) -> None:
    with pytest.warns(cnnref.UncountedWarning, match="Loop in loop; these rows"):
        loop, last = table(looped("x"), tmp_path)
    assert (loop.counted, loop.inputs, last.inputs, last.macs) == (False, (-1,), (-1, 0), 64)
    # of constants alone it is one, whose sizes the file says
    (last,) = table(looped("w"), tmp_path, strict=True)
    assert (last.op, last.inputs, last.macs) == ("linear", (-1,), 64)
