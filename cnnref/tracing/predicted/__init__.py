"""What the common functions give, worked out from shapes: running them on meta takes far longer.

Only plain cases are worked out: one dtype, shapes that fit. All else is left to PyTorch, its
errors among them; its shape functions load its compiler, which takes seconds. Tests hold each
answer against PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cnnref.tracing.predicted import pointwise, products, windows
from cnnref.tracing.predicted.shapes import META, Found

__all__ = ["predicted"]


def predicted(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call on meta tensors gives; None where that is left to PyTorch."""
    rule = RULES.get(func)
    if rule is None:
        return None
    try:
        found = rule(*args, **kwargs)
    except (TypeError, ValueError, IndexError):  # of an argument in an unusual form
        return None
    if found is None or isinstance(found, Tensor) or isinstance(found[0], Tensor):
        return found
    size, like = found
    return torch.empty(size, dtype=like.dtype, device=META)


RULES: dict[Any, Callable[..., Found]] = {**windows.RULES, **products.RULES, **pointwise.RULES}
