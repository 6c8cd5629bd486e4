"""What becomes of a module that is counted while something else happens to it.

A signal comes at a random moment of a count, as Ctrl-C does; eight threads count one module; a
thread counts a module that is being trained. Run as a module with TOOL TRIAL SIGNALS, it puts one
counter to one of the three in this process and prints one JSON object.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack as functions
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack as operators

from studies.peers.tools import BY_NAME, Tool, quiet

__all__ = ["Disturbed", "Fragile", "beside", "differing", "interrupted", "run", "state", "together"]

THREADS, ROUNDS, STEPS = 8, 10, 30
SEED = 0
TORCH = torch.__version__.partition("+")[0]
Count = Callable[[nn.Module, Tensor], Any]


class Sealed(OrderedDict[str, int]):
    """A configuration that refuses to be changed, once it is made."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("sealed")

    def clear(self) -> None:
        raise TypeError("sealed")


class Fragile(nn.Module):
    """Hooks, a parametrisation, mixed flags, a sealed dict, and state that forward writes.

    learns: whether forward writes to its weights, as binarised layers do.
    """

    calls: Tensor

    def __init__(self, learns: bool = True) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
        self.norm, self.drop = nn.BatchNorm2d(4), nn.Dropout(0.5)
        self.layers = nn.Sequential(*[nn.Linear(6, 6) for _ in range(12)])
        self.sealed = Sealed(width=4)
        self.seen: list[int] = []
        self.plain = torch.ones(4)
        self.register_buffer("calls", torch.zeros(()))
        self.layers[0].register_forward_hook(lambda part, given, found: found + 1)
        self.told = self.tell
        self.learns = learns
        self.norm.eval()

    def tell(self, x: Tensor) -> Tensor:
        self.seen.append(1)
        return x

    def forward(self, x: Tensor) -> Tensor:
        x = self.told(self.drop(self.norm(self.conv(x))))
        if self.learns:
            self.calls += 1
            self.plain.data.add_(1)
            weight: Any = self.layers[1].weight
            weight.data = weight.data.sign()
        found: Tensor = self.layers(x).mean((2, 3))
        return found


def state(module: nn.Module) -> dict[str, Any]:
    """Everything about a module and its process that a count could leave changed."""
    parts = list(module.modules())
    return {
        "training flags": [part.training for part in parts],
        "parameters": [_told(tensor) for tensor in module.parameters()],
        "buffers": {name: _told(tensor) for name, tensor in module.named_buffers()},
        "attributes": [{name: _told(one) for name, one in vars(part).items()} for part in parts],
        "modes": (functions(), operators()),
        "grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "random state": (random.getstate(), torch.get_rng_state().tolist()),
        "default dtype and device": (torch.get_default_dtype(), torch.get_default_device()),
        "functions of torch": [
            id(getattr(home, name))
            for home in (F, torch, Tensor)
            for name in ("linear", "conv2d", "relu", "dropout", "matmul", "add", "softmax")
            if hasattr(home, name)
        ],
    }


def _told(value: Any) -> Any:
    """What tells a value from another: for tensors which, where and what is in them."""
    if isinstance(value, Tensor):
        held = None if value.is_meta else value.detach().flatten().tolist()
        return id(value), value.data_ptr(), value._version, held  # noqa: SLF001
    if isinstance(value, dict):
        return {name: _told(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return id(value) if callable(value) else value


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [what for what, value in before.items() if after[what] != value]


class Interrupt(KeyboardInterrupt):
    """Raised by a signal, as Ctrl-C raises its own."""


@contextmanager
def signalled(seconds: float) -> Iterator[None]:
    """A real signal after so many seconds, unless it is over by then."""

    def handler(*_: object) -> None:
        raise Interrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def interrupted(count: Count, signals: int, seed: int = SEED) -> dict[str, Any]:
    """Counts with a signal at a random moment of each: how many were cut short, and what changed.

    others: errors that arrived in place of the interrupt.
    """
    image, draw = torch.ones(1, 3, 8, 8), random.Random(seed)
    usual = min(_seconds(count, Fragile(), image) for _ in range(5))
    found: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for _ in range(signals):
        module = Fragile().train()
        module.norm.eval()
        before = state(module)
        try:
            with signalled(draw.uniform(1e-5, 1.2 * usual)):
                count(module, image)
            found["whole"] += 1
        except Interrupt:
            found["interrupted"] += 1
        except BaseException:
            found["others"] += 1
        what = differing(before, state(module))
        found["changed"] += bool(what)
        changed.update(what)
        _put_back()
    return {"signals": signals, **found, "what": dict(changed)}


def _seconds(count: Count, module: nn.Module, image: Tensor) -> float:
    started = perf_counter()
    count(module, image)
    return perf_counter() - started


def _put_back() -> None:
    """What a count left on, so that the next begins as the first did."""
    in_c: Any = torch._C  # noqa: SLF001
    for _ in functions():
        in_c._pop_torch_function_stack()  # noqa: SLF001
    for _ in operators():
        in_c._pop_torch_dispatch_stack(None)  # noqa: SLF001
    torch.set_grad_enabled(True)


def together(count: Count) -> dict[str, Any]:
    """One module counted in eight threads at once: how many counts are right, what changed."""
    image, module = torch.ones(1, 3, 8, 8), Fragile(learns=False).train()
    module.norm.eval()
    right, before, found = count(Fragile(learns=False), image), state(module), []

    def go() -> None:
        for _ in range(ROUNDS):
            try:
                found.append(count(module, image) == right)
            except Exception:
                found.append(False)

    threads = [threading.Thread(target=go) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    what = differing(before, state(module))
    _put_back()
    return {"counts": len(found), "right": sum(found), "what": what}


def beside(count: Count) -> dict[str, Any]:
    """Steps of training while a thread counts the module: how many losses are as without it.

    Each operator has one thread of the processor: of more, those that are done early wait for the
    others at each of these small maps, on a busy machine for minutes.
    """
    used = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _beside(count)
    finally:
        torch.set_num_threads(used)


def _beside(count: Count) -> dict[str, Any]:
    alone = _trained(None)
    over, counted, failed = threading.Event(), [0], [0]

    def watch(module: nn.Module) -> None:
        while not over.is_set():
            try:
                count(module, torch.ones(1, 3, 8, 8))
                counted[0] += 1
            except Exception:
                failed[0] += 1

    module = _trainee()
    thread = threading.Thread(target=watch, args=(module,))
    thread.start()
    try:
        found = _trained(module)
    finally:
        over.set()
        thread.join()
        _put_back()
    same = sum(one == other for one, other in zip(alone, found, strict=True))
    return {"steps": STEPS, "same": same, "counts": counted[0], "failed": failed[0]}


def _trainee() -> nn.Module:
    torch.manual_seed(SEED)
    return Fragile(learns=False).train()


def _trained(module: nn.Module | None) -> list[float]:
    """The loss of each step, and nothing where a step fails."""
    module = module or _trainee()
    torch.manual_seed(SEED + 1)
    optimiser = torch.optim.SGD(module.parameters(), 0.01)
    losses = []
    for _ in range(STEPS):
        try:
            loss = module(torch.rand(4, 3, 8, 8)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        except Exception:
            losses.append(float("nan"))
    return losses


def ours(module: nn.Module, image: Tensor) -> Any:
    import cnnref

    return list(cnnref.trace(module, inputs=image))


def deepspeed(module: nn.Module, image: Tensor) -> Any:
    profiler: Any = import_module("deepspeed.profiling.flops_profiler")
    options = {"print_profile": False, "as_string": False, "warm_up": 0}
    return profiler.get_model_profile(module, args=[image], **options)[1]


OURS = "cnnref"
OWN: dict[str, Count] = {OURS: ours, "DeepSpeed": deepspeed}
TOOLS = (OURS, "torchinfo", "fvcore", "thop", "ptflops pytorch", "ptflops aten", "DeepSpeed")


def counter(name: str) -> Count:
    tool: Tool | None = BY_NAME.get(name)
    return OWN[name] if tool is None else lambda module, image: tool.total(module, (image,))


def version(name: str) -> str:
    from importlib.metadata import version as of

    tool = BY_NAME.get(name)
    return "" if name == OURS else of("deepspeed") if tool is None else tool.version


Disturbed = dict[str, Any]
TRIALS = ("interrupted", "together", "beside")


def put_to(name: str, trial: str, signals: int) -> Disturbed:
    with quiet():
        if trial == "interrupted":
            return interrupted(counter(name), signals)
        return together(counter(name)) if trial == "together" else beside(counter(name))


def run(signals: int, tools: list[str] | None, output: str | None) -> int:
    """Each counter and trial in a process of its own; what is not installed is left out.

    signals: for cnnref; a tenth of them for each of the others.
    """
    from studies.output import write
    from studies.peers.records import PEERS

    found = []
    for name in tools or TOOLS:
        number = signals if name == OURS else max(1, signals // 10)
        try:
            trials = {trial: _outcome(name, trial, number) for trial in TRIALS}
            found.append({"tool": name, "version": version(name).partition("+")[0], **trials})
        except (RuntimeError, ModuleNotFoundError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    record = {"date": datetime.now(UTC).date().isoformat(), "torch": TORCH, "tools": found}
    write(output or PEERS / "disturbed.json", json.dumps(record, indent=1) + "\n")
    return 0


def _outcome(name: str, trial: str, signals: int) -> Disturbed:
    from studies.peers.trial_records import CrashError, in_process

    try:
        found: Disturbed = in_process("disturbed", name, trial, str(signals))
    except CrashError as crash:
        return {"crashed": str(crash)}
    return found


if __name__ == "__main__":
    print(json.dumps(put_to(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
