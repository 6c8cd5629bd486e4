"""measure: the time and the memory of one network on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnref.errors import CnnrefError
from cnnref.measuring.calls import (
    Pass,
    UsedWeights,
    failing,
    first_not_finite,
    output_bytes,
    ran,
    traced,
)
from cnnref.measuring.fitting import need, refuse_too_large, too_large
from cnnref.measuring.isolation import as_it_was, synchronize, timed
from cnnref.measuring.machine import machine
from cnnref.measuring.memory import held_bytes, peak_bytes, prepare_profiler
from cnnref.measuring.record import LayerTime, Measurement
from cnnref.measuring.roofline import moved_bytes
from cnnref.measuring.settings import Settings, resolve
from cnnref.measuring.subject import (
    Inputs,
    Subject,
    batch_of,
    first_tensors,
    image_shape,
    own_copy,
    placed,
    settle,
)
from cnnref.networks.catalog import table
from cnnref.tables.table import Table
from cnnref.tracing.isolation.thread import apart

__all__ = ["measure"]

Progress = Callable[[str], None]


def measure(
    what: str | nn.Module,
    input_shape: tuple[int, ...] | None = None,
    batch_size: int = 1,
    device: Any = "auto",
    dtype: Any = "float32",
    channels_last: bool = False,
    mode: str = "inference",
    *,
    inputs: Inputs = None,
    compile: bool = False,
    tf32: bool = False,
    threads: int | None = None,
    layers: bool = True,
    seconds: float = 10.0,
    spread: float = 0.05,
    progress: Progress | None = None,
) -> Measurement:
    """The time, throughput and peak memory of a network on this machine.

    A copy of the module runs, in a thread of its own; the module, torch's settings and the random
    states are left as they were, also when the measurement fails or is interrupted. The settings
    and torch's random numbers are one for the process: other threads have them too meanwhile.

    what: a name of the catalogue, built with fresh weights, or a torch.nn.Module.
    input_shape: of one image, filled with random numbers; the catalogue's own unless given, and
        (3, 224, 224) for a module.
    batch_size: images at once.
    device: "auto" for the fastest there is, "cpu", "cuda", "cuda:1" or "mps".
    dtype: of weights and inputs: "float32", "bfloat16", "float16" or "float64".
    channels_last: lay maps out with their channels side by side.
    mode: "inference", or "training" for a forward and a backward pass without an optimiser.
    inputs: example tensors in place of input_shape and batch_size, as `trace` takes them.
    compile: run what torch.compile makes of it; what it has made before in this process is
        forgotten.
    tf32: let a CUDA card round the factors of float32 products to TF32.
    threads: of the CPU; as torch is set unless given.
    layers: also take the time of each layer, in an inference that is not compiled.
    seconds: the longest that repeating may take, layers apart; it ends when the quartiles are
        within `spread` of the median.
    progress: told what is being done, one short line at a time, as by `print`; nothing is said
        unless it is given.

    Raises:
        CnnrefError: a setting cannot be had here, the batch does not fit into memory, or the
            output is not finite; the message names the layer or the remedy.
        UnknownNameError: no network, device, dtype or mode has that name.
        Exception: what the module's own forward raises, with a note of the layer.

    >>> import cnnref
    >>> found = cnnref.measure("resnet20_cifar", device="cpu", seconds=0.1)
    >>> found.macs, len(found.layers) == len(cnnref.table("resnet20_cifar"))
    (40551040, True)
    """
    how = resolve(
        device=device,
        dtype=dtype,
        mode=mode,
        batch_size=batch_size,
        channels_last=channels_last,
        tf32=tf32,
        compiled=compile,
        threads=threads,
        seconds=seconds,
        spread=spread,
    )
    if how.device.type == "cpu":
        prepare_profiler()
    # its memory is free before the settings are set back
    run = partial(_run, what, input_shape, inputs, how, layers, progress or (lambda _: None))
    return apart(run, partial(as_it_was, how))


def _run(
    what: str | nn.Module,
    input_shape: tuple[int, ...] | None,
    inputs: Inputs,
    how: Settings,
    layers: bool,
    progress: Progress,
) -> Measurement:
    progress("building")
    name, module = own_copy(what)
    shape = image_shape(what, input_shape)
    _refuse_nothing_to_train(name, module, how)
    seen = traced(module, shape, inputs)
    how = how._replace(batch_size=batch_of(inputs) or how.batch_size)
    wanted = need(module, seen.table, how, seen.whole_batch) if seen else None
    if wanted is not None:
        refuse_too_large(name, wanted, how)
    with too_large(name, wanted, how):
        found = placed(name, module, shape, inputs, how)
        if isinstance(what, str):
            found = found._replace(catalogued=True)
            settle(found)
        try:
            return _measured(found, seen, how, layers, progress)
        except (CnnrefError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            where = failing(found, seen, how.mode) if seen else ""
            if where:
                error.add_note(
                    f"cnnref.measure was in {where}, in {how.dtype_name} on {how.device}."
                )
            raise


def _refuse_nothing_to_train(name: str, module: nn.Module, how: Settings) -> None:
    if how.mode == "training" and not any(w.requires_grad for w in module.parameters()):
        raise CnnrefError(
            f"{name}: no weight requires a gradient, so there is nothing to train; measure "
            "inference, or set requires_grad."
        )


def _measured(
    found: Subject, seen: Pass | None, how: Settings, layers: bool, progress: Progress
) -> Measurement:
    how = how._replace(batch_size=found.batch_size)
    progress("running once")
    parameters, macs = _counted(found, seen, how)
    held = held_bytes(found.held)
    rows: tuple[LayerTime, ...] = ()
    if seen and layers and how.mode == "inference" and not how.compiled:
        progress("timing layers")
        rows = _layers(found, seen, how)
    found.module.train(how.mode == "training")
    running, spent = _compiled(found, how, progress)
    step = running.step(how.mode)
    progress("timing")
    taken = timed(step, how)
    progress("watching memory")
    return Measurement(
        network=found.name,
        machine=machine(how.device, how.threads),
        date=datetime.now(UTC).date().isoformat(),
        input_shape=found.image_shape,
        batch_size=how.batch_size,
        dtype=how.dtype_name,
        mode=how.mode,
        channels_last=how.channels_last,
        tf32=how.tf32,
        compiled=how.compiled,
        time=taken,
        parameters=parameters,
        macs=macs,
        output_bytes=output_bytes(found, seen) if seen else None,
        held_bytes=held,
        peak_bytes=peak_bytes(step, how.device),
        layers=rows,
        compile_seconds=spent,
    )


def _counted(found: Subject, seen: Pass | None, how: Settings) -> tuple[int, int]:
    """Parameters in use, and MACs of one image by torch's own counter; the output is finite.

    Raises:
        CnnrefError: the output is not finite; the message names the first such layer.
    """
    found.module.eval()
    with torch.no_grad(), UsedWeights() as used, FlopCounterMode(display=False) as counter:
        outputs = first_tensors(found.forward())
    if not all(bool(output.isfinite().all()) for output in outputs):
        where = first_not_finite(found, seen) if seen else ""
        raise CnnrefError(
            f"{found.name}: in {how.dtype_name} the output is not finite"
            + (f", {where} is the first layer that gives inf or nan" if where else "")
            + "; give inputs and weights that stay in range, or a wider dtype."
        )
    return used.elements, int(counter.get_total_flops()) // (2 * how.batch_size)


def _layers(found: Subject, seen: Pass, how: Settings) -> tuple[LayerTime, ...]:
    seconds = ran(found, seen, min(2.0, how.seconds))
    if seconds is None:
        return ()
    size = how.dtype.itemsize
    times = 1 if seen.whole_batch else how.batch_size
    return tuple(
        LayerTime(row.name, row.op, times * row.macs, moved_bytes(row, size, times), taken)
        for row, taken in zip(_named(found, seen), seconds, strict=True)
    )


def _named(found: Subject, seen: Pass) -> Table:
    """The rows under the names of the network's spec, where it has one."""
    if not found.catalogued:
        return seen.table
    height, width = found.image_shape[1:]
    return table(found.name, input_size=(height, width))


def _compiled(found: Subject, how: Settings, progress: Progress) -> tuple[Subject, float]:
    """The subject as it runs, and how long its compilation took."""
    if not how.compiled:
        return found, 0.0
    progress("compiling")
    started = time.perf_counter()
    # past a number of modules of one class it would run what is not compiled, without a word
    torch.compiler.reset()
    module: Any = torch.compile(found.module, dynamic=False)
    running = found._replace(module=module)
    running.step(how.mode)()
    synchronize(how.device)
    return running, time.perf_counter() - started
