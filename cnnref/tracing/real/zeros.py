"""How many of the weights that a row reads are zero, as pruning leaves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Call
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.rows import Row
from cnnref.tracing.twins import Way

__all__ = ["with_zeros"]


def with_zeros(way: Way) -> Way:
    """The way of a trace whose rows know how many of the weights that they read are zero."""
    return way._replace(ledger=_looking(way.ledger))


def _looking(kind: Callable[..., Ledger]) -> Callable[..., Ledger]:
    base: Any = kind

    class Looking(base):  # type: ignore[misc]
        """A ledger of a kind that looks at the weights behind each row, where these have values."""

        def write(self, row: Row, given: list[Tensor], result: Any) -> None:
            before = len(self.layers)
            super().write(row, given, result)
            if row.weights and len(self.layers) > before:
                read = [self.valued(given[number]) for number in row.weights]
                known = [weight for weight in read if weight is not None]
                if len(known) == len(read):
                    self.layers[-1] = _noted(self.layers[-1], known)

    return Looking


def _noted(layer: Layer, weights: list[Tensor]) -> Layer:
    # forward asks for none of these numbers
    with _disable_current_modes():
        read = sum(weight.numel() for weight in weights)
        zeros = read - sum(int(torch.count_nonzero(weight)) for weight in weights)
    call = layer.call or Call()
    further = (*call.counts, ("weights_read", read), ("zeros", zeros))
    return layer._replace(call=call._replace(counts=further))
