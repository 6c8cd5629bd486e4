"""The thread that a trace runs in: interrupts, other threads, what is left in it, its depth."""

from __future__ import annotations

import gc
import json
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import BaseTorchDispatchMode
from traced_modules import Call, Gate, Gated

import cnnref
from cnnref.errors import CnnrefError
from cnnref.sources import built
from cnnref.tracing.isolation import thread
from studies.peers.disturbed import (
    STEPS,
    Fragile,
    Interrupt,
    beside,
    differing,
    interrupted,
    ours,
    signalled,
    state,
    together,
)


class Moment:
    """Has a signal come at one call of the thread that traces, or of the one that waits for it.

    The thread that traces goes on when the signal has arrived: nothing here depends on time.
    Nor does anything on what else was done in this process, whose garbage is left for later: as it
    goes, it calls functions too.
    """

    def __init__(self, number: int, waits: bool) -> None:
        self.number, self.waits, self.calls = number, waits, 0
        self._arrived = threading.Event()

    @property
    def came(self) -> bool:
        return self.calls >= self.number

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code is thread._serve.__code__:
            return
        self.calls += 1
        if self.calls != self.number:
            return
        if self.waits:
            signal.raise_signal(signal.SIGALRM)
        else:
            main: Any = threading.main_thread().ident
            signal.pthread_kill(main, signal.SIGALRM)
            self._arrived.wait()

    def arrive(self, *_: object) -> None:
        self._arrived.set()
        raise Interrupt

    def of(self, module: nn.Module, image: Tensor) -> None:
        """Trace a module."""
        install = sys.setprofile if self.waits else threading.setprofile
        before, collects = signal.signal(signal.SIGALRM, self.arrive), gc.isenabled()
        gc.disable()
        install(self)
        try:
            cnnref.trace(module, inputs=image)
        finally:
            install(None)
            signal.signal(signal.SIGALRM, before)
            if collects:
                gc.enable()


# an interrupt where an object goes is told, and comes again
told = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.slow
@told
@pytest.mark.parametrize("waits", [False, True], ids=["tracing", "waiting"])
def test_an_interrupt_at_any_moment_changes_nothing_and_arrives(waits: bool) -> None:
    image, whole = torch.ones(1, 3, 8, 8), Moment(0, waits)
    for _ in range(3):  # what is learned once is
        whole.calls = 0
        whole.of(Fragile(), image)
    came, start = 0, threading.Thread.start
    for number in np.unique(np.linspace(1, whole.calls - 5, 60).astype(int)):
        module = Fragile().train()
        module.norm.eval()
        before = state(module)
        moment = Moment(int(number), waits)
        try:
            moment.of(module, image)
            arrived = False
        except Interrupt:
            arrived = True
        # a trace that needs fewer calls than the first is over before its moment
        assert arrived == moment.came
        came += moment.came
        assert differing(before, state(module)) == []
        assert threading.Thread.start is start
    assert came > 20


@told
def test_an_interrupt_at_a_random_moment_changes_nothing() -> None:
    found = interrupted(ours, 10)
    assert (found.get("others", 0), found["changed"], found["what"]) == (0, 0, {})


def in_place(module: nn.Module, image: Tensor) -> Any:
    """A counter as others are: it works on the module, and sets back what it thinks of."""
    flags = [part.training for part in module.modules()]
    with torch.no_grad():
        module.eval()(image)
    for part, flag in zip(module.modules(), flags, strict=True):
        part.training = flag
    return list(flags)


def test_what_works_in_place_is_seen_to_change_something() -> None:
    assert interrupted(in_place, 5)["changed"] > 0
    assert beside(in_place)["same"] < STEPS


@pytest.mark.parametrize("others", [None, torch.float16])
def test_a_default_dtype_is_put_back_by_who_set_it(others: torch.dtype | None) -> None:
    class Typing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            torch.set_default_dtype(torch.float64)
            put = partial(torch.set_default_dtype, others) if others else torch.get_default_dtype
            thread = threading.Thread(target=put)
            thread.start()
            thread.join()
            return x + 1

    for count in (cnnref.trace, partial(cnnref.measure, device="cpu", seconds=0.02)):
        try:
            count(Typing(), (3,))
            assert torch.get_default_dtype() is (others or torch.float32)
        finally:
            torch.set_default_dtype(torch.float32)


def test_an_interrupt_ends_a_forward_that_would_not_end() -> None:
    class Endless(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            while True:
                x = x + 1

    before = threading.active_count()
    with pytest.raises(Interrupt), signalled(0.3):
        cnnref.trace(Endless(), (3,))
    assert threading.active_count() == before


def test_an_interrupt_while_a_module_is_built_leaves_no_mode() -> None:
    def endless() -> nn.Module:
        while True:
            torch.empty(1)

    with pytest.raises(Interrupt), signalled(0.3):
        built(endless, {})
    assert torch.overrides._get_current_function_mode_stack() == []
    assert not torch.empty(1).is_meta


def test_eight_threads_trace_one_module_alike() -> None:
    found = together(ours)
    assert found["counts"] == found["right"] == 80
    assert found["what"] == []


def test_training_beside_a_trace_is_as_without_one() -> None:
    found = beside(ours)
    assert (found["same"], found["failed"]) == (STEPS, 0)
    assert found["counts"] > 0


def test_what_is_global_is_held_for_the_tracing_thread_alone() -> None:
    """Another thread that runs in the middle of a trace finds everything as it was."""
    seen: list[Any] = []
    gate = Gate.apply

    def settings() -> Any:
        torch.rand(1)
        return (
            torch.is_grad_enabled(),
            torch.backends.mha.get_fastpath_enabled(),
            torch.overrides._get_current_function_mode_stack(),
            torch.utils._python_dispatch._get_current_dispatch_mode_stack(),
            torch.utils._python_dispatch.is_in_torch_dispatch_mode(),
            Gate.apply(torch.ones(1, 4), torch.ones(4, 4)).is_meta,
        )

    beside, come, gone = Thread(target=lambda: look_at()), Event(), Event()

    def look_at() -> None:
        come.wait()
        seen.append(settings())
        gone.set()

    def look(x: Tensor) -> Tensor:
        come.set()
        gone.wait()
        return x

    usual = settings()
    beside.start()
    rules = {Gate: lambda result, x, weight: 1}
    cnnref.trace(nn.Sequential(Call(look), Gated()), (4,), rules=rules)
    assert seen == [usual]
    assert Gate.apply == gate


# gradients are set back by the trace itself, and inference mode when its object goes
LEFT: dict[str, Callable[[], Any]] = {
    "no forward gradients": lambda: torch.autograd.forward_ad._set_fwd_grad_enabled(
        False
    ).__enter__(),
    "hooks on what is saved": lambda: torch.autograd.graph.save_on_cpu().__enter__(),
    "autocast": lambda: torch.autocast("cpu").__enter__(),
    "the type of autocast": lambda: torch.set_autocast_dtype("cpu", torch.float16),
    "no cache of autocast": lambda: torch.set_autocast_cache_enabled(False),
    "a mode of functions": lambda: torch.device("meta").__enter__(),
    "a default device": lambda: torch.set_default_device("meta"),
}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.filterwarnings("ignore")
def test_a_thread_is_kept_unless_something_is_left_in_it(left: str) -> None:
    seen: list[tuple[int, Any]] = []

    def look(x: Tensor) -> Tensor:
        seen.append((threading.get_ident(), thread._mine()))
        return x + 1

    def leave(x: Tensor) -> Tensor:
        LEFT[left]()
        return x

    kept = thread._KEPT
    for module in (Call(look), Call(look)):
        cnnref.trace(module, (3,))
    (worker,) = kept
    cnnref.trace(Call(leave), (3,))
    assert kept == []
    cnnref.trace(Call(look), (3,))
    assert kept != [worker]
    (first, how), second, last = seen
    assert second == (first, how)
    assert last[1] == how
    # what stays when a thread ends would be found by every test that comes after
    assert not nn.modules.module._has_any_global_hook()


def test_a_mode_of_operators_that_is_left_goes() -> None:
    def leave(x: Tensor) -> Tensor:
        BaseTorchDispatchMode().__enter__()
        return x + 1

    thread._KEPT.clear()
    assert len(cnnref.trace(Call(leave), (3,))) == 1
    (worker,) = thread._KEPT  # which ends where something is left
    cnnref.trace(Call(leave), (3,))
    assert [worker] == thread._KEPT


def test_what_is_left_would_be_found_by_the_next_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "_mine", lambda: ())
    seen: list[torch.dtype] = []

    def leave(x: Tensor) -> Tensor:
        seen.append(torch.get_autocast_dtype("cpu"))
        torch.set_autocast_dtype("cpu", torch.float16)
        return x

    thread._KEPT.clear()
    for _ in range(2):
        cnnref.trace(Call(leave), (3,))
    assert seen == [torch.bfloat16, torch.float16]
    thread._KEPT.clear()


def test_a_thread_ends_when_nobody_can_give_it_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(
        thread._thread, "start_new_thread", lambda function, args: started.append(args)
    )
    worker = thread._Worker()
    ((errands, end, _),) = started
    del worker
    thread._serve(errands, end, [])
    assert errands.empty()


def test_a_thread_has_as_deep_a_stack_as_is_allowed_by_now() -> None:
    cnnref.trace(nn.ReLU(), (3,))
    (worker,) = thread._KEPT
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(before + 500)
        cnnref.trace(nn.ReLU(), (3,))
        assert thread._KEPT[0].room > worker.room
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes of this kind")
def test_a_child_of_the_process_traces_too() -> None:
    code = (
        "import os, cnnref; from torch import nn; net = nn.Linear(3, 4)\n"
        "cnnref.trace(net, (3,)); child = os.fork()\n"
        "macs = cnnref.trace(net, (3,)).macs\n"
        "if child == 0: os._exit(macs)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "12"


# ---- how deep modules may be nested ----


def nested(depth):
    module = nn.Conv2d(3, 4, 1)
    for _ in range(depth):
        module = nn.Sequential(module)
    return module


def deepest():
    """The deepest nest that PyTorch runs from here."""
    image = torch.zeros(1, 3, 2, 2)
    low, high = 1, sys.getrecursionlimit()
    while high - low > 1:
        middle = (low + high) // 2
        try:
            nested(middle)(image)
            low = middle
        except RecursionError:
            high = middle
    return low


@pytest.fixture
def allowed(request):
    """So many calls inside each other, whatever a test before has set."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield request.param
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("allowed", [1000, 8000], indirect=True)
def test_what_pytorch_runs_is_counted_however_deep(allowed):
    limit, depth = sys.getrecursionlimit(), deepest()
    assert depth > allowed // 5
    table = cnnref.trace(nested(depth), (3, 2, 2))
    assert [row.macs for row in table] == [48]
    assert table[0].name == ".".join(["0"] * depth)
    assert sys.getrecursionlimit() == limit


def test_what_is_deeper_is_refused_in_a_sentence():
    limit = sys.getrecursionlimit()
    with pytest.raises(CnnrefError, match="holds is nested too deeply for"):
        cnnref.trace(nested(3 * limit), (3, 2, 2))
    assert sys.getrecursionlimit() == limit


def test_a_limit_that_is_set_meanwhile_stays():
    class Sets(nn.Module):
        def forward(self, x):
            sys.setrecursionlimit(1234)
            return x.relu()

    before = sys.getrecursionlimit()
    try:
        cnnref.trace(Sets(), (3, 2, 2))
        assert sys.getrecursionlimit() == 1234
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("number", "name"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_a_constant_that_is_no_finite_number_stands_in_json_by_its_name(number, name):
    table = cnnref.trace(nn.BatchNorm2d(3, eps=number), (3, 2, 2))
    document = json.loads(table.to_json(), parse_constant=pytest.fail)
    assert document["rows"][0]["constants"] == [["eps", name]]


def test_what_is_no_number_in_both_is_no_difference():
    a, b = (cnnref.trace(nn.BatchNorm2d(3, eps=float("nan")), (3, 2, 2)) for _ in "ab")
    assert cnnref.compare(a, b) == []
    other = cnnref.trace(nn.BatchNorm2d(3, eps=1.0), (3, 2, 2))
    (found,) = cnnref.compare(a, other)
    assert found.field == "eps"
    json.loads(cnnref.compare(a, other).to_json(), parse_constant=pytest.fail)


def test_an_input_that_no_tensor_holds_is_refused():
    for sizes in ((10**30,), (10**10, 10**10), (2**61,)):
        with pytest.raises(CnnrefError, match="takes more bytes than a tensor can have"):
            cnnref.trace(nn.ReLU(), sizes)
    assert cnnref.trace(nn.ReLU(), (2**60,))[0].activations == 2**60
