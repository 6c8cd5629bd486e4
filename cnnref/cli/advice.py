"""What to type instead of what people type first: other libraries' models, weights, calls."""

from __future__ import annotations

import re
from pathlib import Path

from cnnref.errors import CnnrefError

__all__ = ["instead"]

# how a library's model of a name is built
LIBRARIES = {
    "timm": "timm:create_model --arg model_name={}",
    "torchvision": "torchvision.models:{}",
}
# timm:resnet50, timm/resnet50, timm.create_model:resnet50, torchvision:resnet50
MODEL = re.compile(r"(timm(?:\.create_model)?|torchvision)[:/](?!create_model$|models[:/.])(\w+)")
WEIGHTS = frozenset((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".onnx", ".h5"))
CALL = re.compile(r"([^()]+:[\w.]+)\((.*)\)")


def instead(target: str) -> CnnrefError | None:
    """The error for a target of a form that is none of ours; None where there is no advice.

    >>> str(instead("timm:resnet50"))
    "'timm:resnet50' is written timm:create_model --arg model_name=resnet50."
    """
    if model := MODEL.fullmatch(target):
        library = model[1].partition(".")[0]
        return CnnrefError(f"{target!r} is written {LIBRARIES[library].format(model[2])}.")
    if call := CALL.fullmatch(target):
        return CnnrefError(f"{target!r}: arguments stand apart, {call[1]}{_arguments(call[2])}.")
    if Path(target).suffix.lower() in WEIGHTS:
        return CnnrefError(
            f"{target!r} names weights, and costs are of code: write a function that gives the "
            "model, as one that loads it, and type FILE.py:FUNCTION."
        )
    return None


def _arguments(written: str) -> str:
    """What was written in parentheses, as options; what has no name gets one from its writer."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    named = [part.replace(" ", "") if "=" in part else f"NAME={part}" for part in parts]
    return "".join(f" --arg {part}" for part in named)
