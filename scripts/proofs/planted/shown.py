"""Why a fault that changes no row changes no value either; what is not shown here is missed.

A reason holds where its condition does, and only if the operator, with the fault and without,
gives the same bits on random maps of the size at hand.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Window
from cnnref.tracing.rules import FUNCTIONS
from proofs.planted.layers import Function
from proofs.planted.model import Fault, Run
from proofs.planted.spec import Call, Plot
from proofs.planted.spec import Fault as SpecFault
from proofs.planted.watch import Event

__all__ = ["kept_apart", "reason_in_model", "reason_in_spec", "same_values"]

# operators whose output may lie where their input does
SHARING = ("add", "dropout", "flatten", "relu", "slice")

NO_PADDING = "there is no padding to count in the mean or to leave out"
TRAINING = "momentum moves the running statistics, in training only"
INFERENCE = "at inference dropout hands its input on"
ALONE = "one map alone is joined along no axis"
THIN = "the axis that is added has one element"
APART = "nothing that runs later reads what working in place would overwrite"


def reason_in_spec(plot: Plot, fault: SpecFault) -> str:
    """Why a fault of a spec that changes no row has no effect; "" where that is not shown."""
    call = plot.calls[fault.number]
    if call.method == "avg_pool" and fault.what.startswith("count_include_pad"):
        return NO_PADDING if _pads_nothing(plot.row(fault.number)[0].window, call) else ""
    if call.method == "layer_norm" and fault.what == "axes +1":
        return THIN if _adds_nothing(call) else ""
    return ""


def _pads_nothing(window: Window | None, call: Call) -> bool:
    if window is None or any(window.padding):
        return False
    names = {"kernel_size": "kernel", "stride": "stride", "padding": "padding"}
    options: dict[str, Any] = {name: getattr(window, field) for name, field in names.items()}
    options["ceil_mode"] = window.ceil_mode
    counted, left = (nn.AvgPool2d(**options, count_include_pad=flag) for flag in (True, False))
    return same_values(counted, left, (_random(call.maps[0].shape),), {})


def _adds_nothing(call: Call) -> bool:
    shape, axes = call.maps[0].shape, call.options["axes"]
    if shape[-axes - 1] != 1:
        return False
    few, more = (nn.LayerNorm(tuple(shape[-count:])) for count in (axes, axes + 1))
    return same_values(few, more, (_random(shape),), {})


def reason_in_model(run: Run, fault: Fault) -> str:
    """Why a fault of a model that changes no row has no effect; "" where that is not shown."""
    event = run.events[fault.number]
    found = next((reason for reason, holds in REASONS.items() if holds(run, event, fault)), "")
    return found if found and _equal_here(event, fault) else ""


def _no_padding(_: Run, event: Event, fault: Fault) -> bool:
    counts = fault.what == "count_include_pad flipped"
    return counts and not _any(_argument(event, "padding"))


def _in_training_only(_: Run, event: Event, fault: Fault) -> bool:
    norm = isinstance(event.callee, nn.BatchNorm1d | nn.BatchNorm2d) and not event.callee.training
    return norm and event.callee.track_running_stats and fault.what.startswith("momentum")


def _at_inference(_: Run, event: Event, fault: Fault) -> bool:
    return isinstance(event.callee, nn.Dropout | nn.Dropout2d) and not event.callee.training


def _alone(_: Run, event: Event, fault: Fault) -> bool:
    joins = event.callee is torch.cat and len(event.args[0]) == 1
    return joins and fault.what.startswith("argument 1 ")


def _not_overwritten(run: Run, event: Event, fault: Fault) -> bool:
    row = run.row.get(event.number)
    return fault.what == "inplace flipped" and row is not None and kept_apart(run.truth, row)


REASONS: dict[str, Callable[[Run, Event, Fault], bool]] = {
    NO_PADDING: _no_padding,
    TRAINING: _in_training_only,
    INFERENCE: _at_inference,
    ALONE: _alone,
    APART: _not_overwritten,
}


def kept_apart(rows: Sequence[Layer], number: int) -> bool:
    """Whether no row after this one reads memory as it was before this one.

    Rows whose operator may work in place, or make a view, share their input's memory.
    """
    root: dict[int, int] = {-1: -1}
    for place, row in enumerate(rows):
        root[place] = root[row.inputs[0]] if row.inputs and row.op in SHARING else place
    shared = {place for place in root if place < number and root[place] == root[number]}
    return all(shared.isdisjoint(row.inputs) for row in rows[number + 1 :])


def same_values(was: Function, now: Function, args: tuple[Any, ...], kwargs: Any) -> bool:
    """Whether two functions give the same bits; each gets maps of its own."""
    results = []
    for function in (was, now):
        given = tree_map(lambda one: one.clone() if isinstance(one, Tensor) else one, args)
        with torch.no_grad():
            results.append(function(*given, **kwargs))
    return torch.equal(*results)


_equal: dict[tuple[object, ...], bool] = {}  # a deep network asks the same again and again


def _equal_here(event: Event, fault: Fault) -> bool:
    shapes = tuple(one.shape for one in event.args if isinstance(one, Tensor))
    asked = (repr(event.callee), fault.what, shapes, str(event.kwargs))
    if asked not in _equal:
        args = tree_map(_real, event.args)
        was = _on_cpu(event.callee)
        now: Any = fault.make(was)
        if isinstance(was, nn.Module) and now.state_dict().keys() == was.state_dict().keys():
            now.load_state_dict(was.state_dict())
        _equal[asked] = same_values(was, now, args, event.kwargs)
    return _equal[asked]


def _on_cpu(callee: Any) -> Any:
    """A module as a copy with random weights; a function as it is."""
    if not isinstance(callee, nn.Module):
        return callee
    module = copy.deepcopy(callee).to_empty(device="cpu")
    for weight in (*module.parameters(), *module.buffers()):
        if weight.is_floating_point():
            weight.data.uniform_(0.5, 1.5)
    return module


def _real(value: Any) -> Any:
    return _random(value.shape) if isinstance(value, Tensor) else value


def _random(shape: Sequence[int]) -> Tensor:
    return torch.empty((1, *shape) if len(shape) == 3 else tuple(shape)).normal_()


def _argument(event: Event, name: str) -> Any:
    if isinstance(event.callee, nn.Module):
        return getattr(event.callee, name)
    given = signature(FUNCTIONS[event.callee]).bind(None, *event.args, **event.kwargs)
    given.apply_defaults()
    return given.arguments[name]


def _any(value: Any) -> bool:
    return any(value) if isinstance(value, tuple | list) else bool(value)
