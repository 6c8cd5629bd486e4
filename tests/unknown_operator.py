"""An operator that no rule counts: of somebody's own, with a shape."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["mystery"]


@torch.library.custom_op("unknown::mystery", mutates_args=())
def mystery(x: Tensor) -> Tensor:
    return x.clone()


@mystery.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)
