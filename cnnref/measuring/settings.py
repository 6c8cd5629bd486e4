"""How something is to be measured: words turned into torch's own, or refused in a sentence."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import torch

from cnnref.counting.arguments import whole
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.measuring.record import MODES

__all__ = ["DTYPES", "Settings", "devices", "resolve", "resolved_device", "resolved_dtype"]

DTYPES = ("float32", "bfloat16", "float16", "float64")


class Settings(NamedTuple):
    """How a network runs: torch's device and dtype, and the rest as `measure` takes it."""

    device: torch.device
    dtype: torch.dtype
    mode: str
    batch_size: int
    channels_last: bool
    tf32: bool
    compiled: bool
    threads: int
    seconds: float
    spread: float

    @property
    def dtype_name(self) -> str:
        """The dtype without its module: "float32"."""
        return str(self.dtype).removeprefix("torch.")


def devices() -> tuple[str, ...]:
    """The kinds of devices that torch can use here, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return (*(name for name, there in found.items() if there), "cpu")


def resolved_device(device: Any) -> torch.device:
    """The device of a name; "auto" is the fastest that is there.

    Raises:
        CnnrefError: it is no kind of device that can be measured, or is not there.
    """
    if device == "auto":
        device = devices()[0]
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = torch.device("meta")
    if found.type not in ("cpu", "cuda", "mps"):
        raise CnnrefError(
            "measure: the device must be auto, cpu, cuda, cuda:1 (a card's number) or mps, "
            f"but is {str(device)!r}."
        )
    if found.type not in devices():
        raise CnnrefError(
            f"measure: the device {str(device)!r} is not there for torch {torch.__version__}; "
            f"here it can use {' and '.join(devices())}."
        )
    if found.type == "cuda":
        return _card(found)
    return torch.device(found.type)


def _card(device: torch.device) -> torch.device:
    there = torch.cuda.device_count()
    number = torch.cuda.current_device() if device.index is None else device.index
    if number >= there:
        raise CnnrefError(
            f"measure: the device 'cuda:{number}' is not there; torch sees {there} "
            f"card{'s' * (there != 1)}, numbered from 0."
        )
    return torch.device("cuda", number)


def resolved_dtype(dtype: Any) -> torch.dtype:
    """The floating dtype of a name, or torch's own.

    Raises:
        UnknownNameError: it is none that networks are measured in.
    """
    name = str(dtype).removeprefix("torch.")
    if name not in tuple(DTYPES):
        raise UnknownNameError("dtype to measure in", name, DTYPES)
    found: torch.dtype = getattr(torch, name)
    return found


def resolve(
    *,
    device: Any,
    dtype: Any,
    mode: str,
    batch_size: int,
    channels_last: bool,
    tf32: bool,
    compiled: bool,
    threads: int | None,
    seconds: float,
    spread: float,
) -> Settings:
    """The settings of a measurement.

    Raises:
        CnnrefError: a device is not there, or a number is not what it must be.
        UnknownNameError: a device, dtype or mode has no such name.
    """
    if mode not in tuple(MODES):
        raise UnknownNameError("mode", mode, MODES)
    for name, value in (("seconds", seconds), ("spread", spread)):
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            raise CnnrefError(f"measure: {name} must be a positive number, but is {value!r}.")
    place, kind = resolved_device(device), resolved_dtype(dtype)
    if tf32 and (place.type != "cuda" or kind != torch.float32):
        raise CnnrefError(
            f"measure: tf32 is a way to multiply float32 on CUDA cards, not {kind} on "
            f"{place.type}; leave it out."
        )
    if kind == torch.float64 and place.type == "mps":
        raise CnnrefError("measure: mps has no float64; measure in float32.")
    return Settings(
        device=place,
        dtype=kind,
        mode=mode,
        batch_size=whole("measure", "batch_size", batch_size, least=1),
        channels_last=bool(channels_last),
        tf32=bool(tf32),
        compiled=bool(compiled),
        threads=_threads(threads),
        seconds=float(seconds),
        spread=float(spread),
    )


def _threads(threads: int | None) -> int:
    if threads is None:
        return torch.get_num_threads()
    found = whole("measure", "threads", threads, least=1)
    most = max(os.cpu_count() or 1, torch.get_num_threads())
    if found > most:
        raise CnnrefError(
            f"measure: threads must be at most {most} on this machine, but is {found}."
        )
    return found
