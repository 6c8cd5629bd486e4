"""Gradients: the backward pass, and autograd functions that have a rule of the user's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cnnref.errors import CnnrefError
from cnnref.tracing.constants import NeedsDataError
from cnnref.tracing.isolation.classes import slots
from cnnref.tracing.isolation.process import held
from cnnref.tracing.isolation.thread import own
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.operators import UNSEEN

if TYPE_CHECKING:
    from cnnref.tracing.recorder import Recorder
    from cnnref.tracing.rules.own import OwnRules

__all__ = ["announced", "backward", "heard", "held_tensors"]

# what an input or an output may lead to, whose tensors are neither
SHARED = (nn.Module, type, ModuleType)


@contextmanager
def announced(rules: OwnRules) -> Iterator[None]:
    """Until it ends, a thread may hear what applies one of them."""
    with ExitStack() as stack:
        for graph in rules.graphs:
            stack.enter_context(held(graph, partial(_announce, graph)))
        yield


def heard(rules: OwnRules, recorder: Recorder) -> None:
    """What applies one of them in this thread comes to the recorder from now on."""
    own.graphs = {graph: partial(_told, recorder, rule) for graph, rule in rules.graphs.items()}


def _announce(graph: Any) -> Callable[[], None]:
    apply, before = graph.apply, vars(graph).get("apply")

    def announcing(*args: Any) -> Any:
        told = getattr(own, "graphs", {}).get(graph)
        return apply(*args) if told is None else told(apply, args)

    graph.apply = staticmethod(announcing)

    def undo() -> None:
        if before is None:
            del graph.apply
        else:
            graph.apply = before

    return undo


def _told(recorder: Recorder, rule: Any, apply: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return recorder.by_own_rule(rule, apply, args, {})


def backward(ledger: Ledger, module: nn.Module, outputs: object) -> int:
    """Run the backward pass, from a gradient of each output to all that takes one.

    Its rows are those of the operators that autograd calls, in the layers whose gradients they
    are. The loss is not among them.

    Returns the number of its first row.

    Raises:
        CnnrefError: no output depends on anything that takes a gradient.
    """
    first = len(ledger.layers)
    ends = [leaf for leaf in held_tensors(outputs) if leaf.requires_grad]
    if not ends:
        raise CnnrefError(
            f"{type(module).__name__} has nothing to train: no output depends on a parameter that "
            'takes a gradient; mode="inference" counts its forward pass.'
        )
    wanted = _leaves(ends)
    if not (ledger.computes or all(leaf.is_meta for leaf in wanted)):
        # an operator was given it where no function was seen
        raise NeedsDataError.of("the gradient of a tensor with values")
    with torch._C.DisableTorchFunction(), UNSEEN():  # noqa: SLF001
        gradients = [torch.ones_like(end) for end in ends]
    # of the leaves themselves, and not of what stands for them
    with torch._C.DisableTorchFunction():  # noqa: SLF001
        torch.autograd.grad(ends, wanted, gradients, allow_unused=True)
    ledger.stack[-1] = ""
    return first


def held_tensors(value: object) -> Iterator[Tensor]:
    """The tensors in a value, in order: in collections and in the attributes of any object."""
    todo, seen = [value], {}
    while todo:
        one: Any = todo.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, Tensor):
            yield one
        elif not isinstance(one, SHARED):
            todo += reversed(_inside(one))


def _inside(value: Any) -> list[Any]:
    """What an object has in its attributes, and what it goes through."""
    found = list(vars(value).values()) if hasattr(value, "__dict__") else []
    for slot in slots(type(value)):
        with suppress(AttributeError):  # nothing is in it
            found.append(slot.__get__(value))
    if isinstance(value, dict):
        found += value.values()
    elif isinstance(value, list | tuple | set | frozenset | deque):
        found += value
    return found


def _leaves(ends: list[Tensor]) -> list[Tensor]:
    """What takes a gradient of some tensors: parameters, inputs, and leaves that nobody lists."""
    found = {id(end): end for end in ends if end.is_leaf}
    todo = [end.grad_fn for end in ends if not end.is_leaf]
    seen: set[Any] = {None, *todo}
    while todo:
        node: Any = todo.pop()
        if isinstance(node, torch._C._functions.AccumulateGrad):  # type: ignore[attr-defined]  # noqa: SLF001
            found[id(node.variable)] = node.variable
        behind = {one for one, _ in node.next_functions} - seen
        seen |= behind
        todo += behind
    return list(found.values())
