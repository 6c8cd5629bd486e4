"""Autograd functions that have a rule of the user's own: PyTorch announces no call of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from cnnref.tracing.isolation import held, own

if TYPE_CHECKING:
    from cnnref.tracing.recorder import Recorder
    from cnnref.tracing.rules.own import OwnRules

__all__ = ["announced", "heard"]


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
