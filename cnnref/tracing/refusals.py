"""Why an operator gives no shapes on the meta device: it needs values, or nobody said which."""

from __future__ import annotations

import re
from typing import Any

import torch

from cnnref.tracing.constants import NeedsDataError

__all__ = ["refused"]

BY_VALUE = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
# aten::_unique2: attempted to run; register_meta function for torch.nonzero() raises
NAMED = re.compile(r"(\w+)::(\w+)|torch\.(\w+)\(\)")


def refused(error: Exception, packet: Any = None) -> Exception | None:
    """An error in place of one that PyTorch raised, and None where that says all.

    packet: the operator; else it is read from the message.
    """
    packet = packet or _named(str(error))
    if packet is None:
        return None
    name = packet.__name__
    overloads = [getattr(packet, overload) for overload in packet.overloads()]
    if any(tag in overload.tags for overload in overloads for tag in BY_VALUE):
        return NeedsDataError.of(name.strip("_0123456789"))
    if "no fake impl" not in str(error):
        return None
    place = f"torch.ops.{overloads[0].namespace}.{name}"
    return NotImplementedError(
        f"PyTorch does not know the shape of what {name} gives: register one with "
        f"torch.library.register_fake, or give trace rules={{{place}: cnnref.Opaque(output, rule)}}"
    )


def _named(message: str) -> Any:
    found = NAMED.search(message)
    if found is None:
        return None
    space, name = (found[1], found[2]) if found[2] else ("aten", found[3])
    return getattr(getattr(torch.ops, space), name, None)
