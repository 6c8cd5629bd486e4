"""Autograd functions that have a rule of the user's own: PyTorch announces no call of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnref.tracing.recorder import Recorder
    from cnnref.tracing.rules.own import OwnRule, OwnRules

__all__ = ["announced"]


@contextmanager
def announced(rules: OwnRules, recorder: Recorder) -> Iterator[None]:
    """Until it ends, what applies one of them comes to the recorder."""
    before = {graph: vars(graph).get("apply") for graph in rules.graphs}
    try:
        for graph, own in rules.graphs.items():
            graph.apply = staticmethod(_told(recorder, own, graph.apply))
        yield
    finally:
        for graph, apply in before.items():
            if apply is None:
                del graph.apply
            else:
                graph.apply = apply


def _told(recorder: Recorder, own: OwnRule, apply: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: recorder.by_own_rule(own, apply, args, {})
