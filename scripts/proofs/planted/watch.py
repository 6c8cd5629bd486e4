"""A clean pass through a model: calls of its layers and functions, and the parts around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnref.tracing.rules import FUNCTIONS
from proofs.planted.layers import Function, leaf

__all__ = ["Event", "Part", "Watch"]


class Event(NamedTuple):
    """One call of a layer, or of a function that has a rule, in the clean pass.

    path: of the layer, or of the module that calls the function.
    turn: which call of this layer it is; of a function, how many with a rule ran before it.
    part: the number of the smallest part of the network around it.
    """

    number: int
    path: str
    callee: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    turn: int
    part: int


class Part(NamedTuple):
    """A module with others in it, as it is called: on one map.

    calls: how many calls of functions with a rule, and of each layer, came before.
    """

    path: str
    module: nn.Module
    given: Tensor
    calls: Counter[str]


class Watch(TorchFunctionMode):
    """Notes the calls of layers and functions, and the parts around them."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.parts: list[Part] = []
        self._calls: Counter[str] = Counter()  # "" is that of all functions
        self._own: dict[str, nn.Module] = {}
        self._paths: dict[int, str] = {}
        self._around: list[tuple[str, int | None]] = []

    @contextmanager
    def modules(self, module: nn.Module) -> Iterator[None]:
        """Watch the calls of a network's modules."""
        self._own = dict(module.named_modules())
        hooks = torch.nn.modules.module
        handles = (
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def follow(self, module: nn.Module) -> None:
        """Know the parts of what runs in the network's place: a trace runs a shadow of it.

        A pass that loads PyTorch's compiler is done again, and then only the second is noted.
        """
        self.events, self.parts, self._calls = [], [], Counter()
        self._paths = {id(part): path for path, part in module.named_modules()}

    def _enter(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        path = self._paths.get(id(module))
        if path is None:
            return
        own = self._own[path]
        if leaf(own):
            self._note(path, own, args, {}, self._calls[path])
            self._calls[path] += 1
        self._around.append((path, self._part(path, own, args)))

    def _part(self, path: str, module: nn.Module, args: tuple[Any, ...]) -> int | None:
        """The number of a new part, that of the part around it, or for a layer None."""
        if leaf(module):
            return None
        if len(args) != 1 or not isinstance(args[0], Tensor):
            return self._around[-1][1]
        self.parts.append(Part(path, module, args[0], self._calls.copy()))
        return len(self.parts) - 1

    def _leave(self, module: nn.Module, *_: object) -> None:
        if id(module) in self._paths:
            self._around.pop()

    def _note(self, path: str, callee: Any, args: Any, kwargs: Any, turn: int) -> None:
        part = self._around[-1][1]
        assert part is not None
        # a list as it is now: a model may let it grow
        held = tuple([*one] if isinstance(one, list) else one for one in args)
        self.events.append(Event(len(self.events), path, callee, held, kwargs, turn, part))

    def __torch_function__(
        self, func: Function, types: object, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in FUNCTIONS:
            path, part = self._around[-1]
            if part is not None:
                self._note(path, func, args, kwargs or {}, self._calls[""])
            self._calls[""] += 1
        return func(*args, **(kwargs or {}))
