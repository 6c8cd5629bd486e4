"""A trace leaves no trace: the module, memory, and the settings of Python and torch stay."""

from __future__ import annotations

import copy
import gc
import itertools
import random
import warnings
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as everywhere
from traced_modules import Call

import cnnref
from cnnref.tracing.rules import tensors
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.twins import copied
from studies.peers.disturbed import (
    Fragile,
    differing,
    state,
)


class Restless(nn.Module):
    """Changes whatever it can reach while it runs, and may fail in the end."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(()))
        self.seen: list[int] = []
        self.cache: dict[str, Any] = {"maps": [], "sizes": {"last": (1,)}}
        self.plain = torch.ones(4)
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        y = self.drop(self.norm(self.conv(x)))
        self.calls += 1
        self.plain.add_(1)
        self.seen.append(1)
        self.cache["maps"].append(y)
        self.cache["sizes"]["last"] = y.shape
        self.cache["new"] = y
        self.extra = y
        self.train()
        self.conv.weight = nn.Parameter(self.conv.weight * 2)
        self.register_forward_hook(lambda *_: None)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        random.random()
        np.random.rand()
        torch.rand(1)
        if self.fails:
            raise KeyError("on purpose")
        return y


HOOKS = (
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
    "_state_dict_hooks", "_load_state_dict_pre_hooks",
)  # fmt: skip


def identity(value: Any) -> Any:
    """What tells a value from another: for tensors which, where and what is in them."""
    if isinstance(value, Tensor):
        held = value.tolist() if not value.is_meta else None
        return id(value), value.device, value.dtype, value.data_ptr(), value._version, held
    if isinstance(value, dict):
        return {key: identity(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [identity(one) for one in value]
    return value


def snapshot(module: nn.Module) -> dict[str, Any]:
    """Everything that a trace could leave behind."""
    return {
        "attributes": [
            {name: identity(value) for name, value in vars(part).items()}
            for part in module.modules()
        ],
        "classes": [type(part) for part in module.modules()],
        "hooks": [len(getattr(part, kind)) for part in module.modules() for kind in HOOKS],
        "global hooks": [
            len(getattr(everywhere, f"_global{kind}"))
            for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
        ],
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "random": (random.getstate(), torch.get_rng_state().tolist(), str(np.random.get_state())),
        "modes": (
            torch.overrides._get_current_function_mode_stack(),
            torch.utils._python_dispatch._get_current_dispatch_mode_stack(),
        ),
        "collector": gc.isenabled(),
    }


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_everything_is_as_it_was(fails: bool, training: bool) -> None:
    module = Restless(fails).train(training)
    module.norm.train(not training)
    module.conv.register_forward_hook(lambda *_: None)
    module.conv.weight.requires_grad_(False)
    before = snapshot(module)
    for _ in range(2):
        if fails:
            with pytest.raises(KeyError):
                cnnref.trace(module, (3, 8, 8))
        else:
            cnnref.trace(module, (3, 8, 8))
        assert snapshot(module) == before


CHANGES: dict[str, Callable[[Restless], Any]] = {
    "a flag": lambda m: m.norm.eval(),
    "a parameter": lambda m: m.conv.weight.data.add_(1),
    "another parameter": lambda m: setattr(m.conv, "weight", nn.Parameter(m.conv.weight.data)),
    "a buffer": lambda m: m.calls.add_(1),
    "an attribute": lambda m: setattr(m, "extra", 1),
    "a list inside": lambda m: m.cache["maps"].append(1),
    "a hook": lambda m: m.conv.register_forward_hook(lambda *_: None),
    "the random state": lambda m: torch.rand(1),
    "Python's random state": lambda m: random.random(),
    "NumPy's random state": lambda m: np.random.rand(),
    "the dtype": lambda m: m.half(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_snapshot_sees_a_change(change: str) -> None:
    module = Restless(False)
    before = snapshot(module)
    CHANGES[change](module)
    assert snapshot(module) != before


def randomness() -> tuple[Any, ...]:
    bits = np.random.get_bit_generator()
    numpys = np.random.get_state() if isinstance(bits, np.random.MT19937) else bits.state
    return random.getstate(), torch.get_rng_state().tolist(), str(numpys)


DRAWS: dict[str, Callable[[], Any]] = {
    "of torch": lambda: torch.rand(1),
    "of Python": random.random,
    "of NumPy": np.random.rand,
    # each second one was drawn with the first, and moves the generator no further
    "a normal one of torch": lambda: torch.randn(1),
    "a normal one of Python": lambda: random.gauss(0, 1),
    "a normal one of NumPy": np.random.standard_normal,
}


@pytest.mark.parametrize("draw", DRAWS)
def test_a_random_state_is_put_back_wherever_it_was(draw: str) -> None:
    def forward(x: Tensor) -> Tensor:
        with torch._C.DisableTorchFunction(), torch.utils._python_dispatch._disable_current_modes():
            DRAWS[draw]()
        return x

    put = (random.setstate, torch.set_rng_state, np.random.set_state)
    get = (random.getstate, torch.get_rng_state, np.random.get_state)
    for one in DRAWS.values():
        one()
    # half of a pair is left, then none: the generator is where it was
    for _ in range(4):
        states, before = [one() for one in get], randomness()
        for _ in range(2):
            DRAWS[draw]()
            cnnref.trace(Call(lambda x: x + 1), (4,))
        for one, kept in zip(put, states, strict=True):
            one(kept)
        cnnref.trace(Call(forward), (4,))
        assert randomness() == before
        DRAWS[draw]()


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.SFC64, np.random.Philox])
def test_another_generator_of_numpy_is_put_back_too(kind: Any) -> None:
    mine = np.random.get_bit_generator()
    np.random.set_bit_generator(kind(1))
    try:
        before = randomness()
        cnnref.trace(Call(lambda x: x * np.random.rand()), (4,))
        assert randomness() == before
    finally:
        np.random.set_bit_generator(mine)


def lazy() -> nn.Module:
    return nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5), nn.LSTM(5, 2)
    )


def test_lazy_parameters_are_counted_and_stay_to_be_made() -> None:
    module = lazy()
    names = [type(part).__name__ for part in module]
    table = cnnref.trace(module, (3, 8, 8))
    assert table.macs == 4 * 36 * 27 + 144 * 5 + 4 * 2 * (5 + 2)
    assert table == cnnref.trace(module, (3, 8, 8))
    assert [type(part).__name__ for part in module] == names
    assert nn.parameter.is_lazy(module[0].weight)
    assert nn.parameter.is_lazy(module[1].running_mean)
    # by values as by shapes
    assert list(cnnref.trace(module, (3, 8, 8), values="always")) == list(table)
    assert nn.parameter.is_lazy(module[0].weight)
    # another input makes another network of it
    assert cnnref.trace(module, (1, 9, 9)).macs == 4 * 49 * 9 + 196 * 5 + 4 * 2 * (5 + 2)
    module(torch.zeros(1, 3, 8, 8))
    assert cnnref.trace(module, (3, 8, 8)).parameters == sum(p.numel() for p in module.parameters())


def test_inputs_are_not_changed() -> None:
    class Writing(nn.Module):
        def forward(self, x: Tensor, ids: Tensor) -> Tensor:
            x += 1
            ids[0] = 7
            ids += 1
            return x[ids]

    image, ids = torch.zeros(3, 4), torch.tensor([1, 2])
    cnnref.trace(Writing(), inputs=(image, ids))
    assert image.sum() == 0
    assert ids.tolist() == [1, 2]


@pytest.mark.slow
def test_a_trace_keeps_no_weights_alive() -> None:
    module = nn.Linear(4, 4)
    cnnref.trace(module, (4,))
    weights = weakref.ref(module.weight)
    del module
    gc.collect()
    assert weights() is None


def test_a_trace_copies_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a trace makes has memory of the size of a weight."""
    made: list[int] = []
    original = torch.utils._python_dispatch.TorchDispatchMode

    class Watching(original):  # type: ignore[misc, valid-type]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            found = func(*args, **(kwargs or {}))
            real = [leaf for leaf in tensors((found,)) if not leaf.is_meta]
            made.extend(leaf.untyped_storage().nbytes() for leaf in real)
            return found

    module = nn.Sequential(nn.Conv2d(3, 64, 3), nn.Flatten(), nn.Linear(64 * 36, 100))
    with Watching():
        cnnref.trace(module, (3, 8, 8))
        assert max(made, default=0) < 1024
        module(torch.zeros(1, 3, 8, 8))
    assert max(made) >= 64 * 36 * 4


def test_a_part_that_is_copied_in_forward_runs_and_is_watched() -> None:
    class Copying(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.part(x)
            return copy.deepcopy(self.part)(y)

    module = Copying()
    before = snapshot(module)
    names = [row.name for row in cnnref.trace(module, (4,))]
    assert names == ["part.0", "part.1", "part.0#2", "part.1#2"]
    assert snapshot(module) == before


def test_a_trace_inside_other_modes_works() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    table = cnnref.trace(module, (3, 8, 8))
    for mode in (torch.inference_mode(), torch.enable_grad(), torch.device("meta")):
        with mode:
            assert cnnref.trace(module, (3, 8, 8)) == table


def test_everything_that_a_module_may_hold_has_one_shadow() -> None:
    class Slotted(nn.Module):
        __slots__ = ("hidden",)

        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Linear(4, 4)
            self.hidden = [self.part]
            self.parts = {"one": self.part, "more": (self.part, {self.part})}
            self.bound = self.run
            self.partly = partial(self.run, self.part.weight)
            self.closed = lambda x: self.part(x)
            self.weak = weakref.ref(self.part)
            self.pair = Pair(self.part, 1)
            self.draws = torch.Generator()
            self.numbers = np.zeros(3)
            self.count = itertools.count()
            self.queue = deque([[1]], maxlen=2)

        def run(self, *_: Any) -> nn.Module:
            return self.part

    module = Slotted()
    module.register_buffer("tied", module.part.weight.data)
    module.self = [module]
    shadow = Shadow().of(module)
    part = shadow.part
    assert type(shadow) is Slotted
    assert part is not module.part
    assert shadow.hidden == [part]
    assert shadow.parts == {"one": part, "more": (part, {part})}
    assert shadow.bound() is shadow.partly() is shadow.weak() is shadow.pair.part is part
    assert shadow.partly.args[0] is part.weight
    assert shadow.closed.__closure__[0].cell_contents is shadow
    assert shadow.self == [shadow]
    assert part.weight.is_meta
    assert not module.part.weight.is_meta
    assert torch.rand(2, generator=shadow.draws).equal(torch.rand(2, generator=torch.Generator()))
    shadow.numbers += 1
    next(shadow.count)
    shadow.queue[0].append(2)
    assert (module.numbers.sum(), next(module.count), module.queue[0]) == (0, 0, [1])


class Pair(NamedTuple):
    part: nn.Module
    number: int


def test_a_shadow_can_hold_real_copies() -> None:
    """What runs on it gives the same numbers and writes to none of the original's."""
    module = Fragile().train()
    module.norm.eval()
    before, image = state(module), torch.rand(2, 3, 8, 8)
    shadow = Shadow().of(module, copied)
    torch.manual_seed(0)
    found = shadow(image)
    found.sum().backward()
    # the random state apart
    assert set(differing(before, state(module))) <= {"random state"}
    assert all(weight.grad is None for weight in module.parameters())
    torch.manual_seed(0)
    assert torch.equal(module(image), found)


def test_a_part_in_torchscript_has_a_shadow_too() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
            self.calls: int = 0
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            self.seen.add_(1)
            return self.part(x)  # type: ignore[no-any-return]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.script(Counts()).train()
    cnnref.trace(module, (4,))
    assert (module.calls, float(module.seen)) == (0, 0)
    assert all(part.training for part in module.modules())


def test_what_refers_to_a_module_from_outside_writes_nothing_to_it() -> None:
    weight = nn.Parameter(torch.ones(4, 4))
    constant = torch.ones(4)

    def forward(x: Tensor) -> Tensor:
        weight.data = weight.data.sign() * 2
        weight.requires_grad_(False)
        constant.add_(1)
        constant.data.mul_(3)
        return F.linear(x, weight, constant)

    module = Call(forward)
    module.weight = weight
    before = identity([weight, constant])
    table = cnnref.trace(module, (4,))
    assert (table.macs, table.parameters) == (16, 16)
    assert identity([weight, constant]) == before
    assert weight.requires_grad


def test_inputs_that_grow_are_left_as_they_were() -> None:
    class Cache:
        def __init__(self) -> None:
            self.keys = torch.zeros(12, 8)

    class Decodes(nn.Module):
        def forward(self, x: Tensor, seen: dict[str, list[int]], cache: Cache) -> Tensor:
            seen["steps"].append(2)
            cache.keys = torch.cat([cache.keys, x])
            return cache.keys.sum(0)

    seen, cache = {"steps": [1]}, Cache()
    cnnref.trace(Decodes(), inputs=(torch.ones(1, 8), seen, cache))
    assert seen == {"steps": [1]}
    assert (cache.keys.shape, cache.keys.device.type) == ((12, 8), "cpu")


def test_a_module_of_which_no_shadow_can_be_made_is_refused_in_a_sentence() -> None:
    class OddError(nn.Module, KeyError):
        pass

    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.trace(OddError(), (4,))
    assert str(error.value) == (
        "OddError inherits a class that is written in C, so that no shadow of it can be made: give "
        "a module that holds an object of that class instead."
    )
