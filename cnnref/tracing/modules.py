"""The parts of a module while it is watched: their paths, inference mode, and which one runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from cnnref.errors import CnnrefError
from cnnref.tracing.inside import METHODS, Inner, layer_call
from cnnref.tracing.ledger import Ledger
from cnnref.tracing.operators import UNSEEN
from cnnref.tracing.rows import Row
from cnnref.tracing.rules import tensors

if TYPE_CHECKING:
    from cnnref.tracing.recorder import Recorder
    from cnnref.tracing.rules.own import OwnRule, OwnRules

__all__ = ["Watch", "paths", "unwrapped"]

# wrappers hand a call on to the one module in them, and are no part of its path
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
QUANTISED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized")
# look at the values of what passes, and hand it on
OBSERVERS = "torch.ao.quantization.observer"
# stand beside the quantised ones, for networks that are to become such
NOT_YET = frozenset({"FloatFunctional", "FXFloatFunctional"})


class _Traits(NamedTuple):
    """What a class of modules tells: the attribute of what it wraps, and of which kind it is."""

    wraps: str
    scripted: bool
    quantised: bool
    observes: bool


# by class: to ask every part would take longer
_KNOWN: dict[type, _Traits] = {}


def _traits(kind: type) -> _Traits:
    return _KNOWN.get(kind) or _KNOWN.setdefault(kind, _told_by(kind))


def _told_by(kind: type) -> _Traits:
    name, home = kind.__name__, kind.__module__
    compiled = name == "OptimizedModule" and home.startswith("torch._dynamo")
    wraps = "_orig_mod" if compiled else "module" if issubclass(kind, WRAPPERS) else ""
    scripted = issubclass(kind, torch.jit.ScriptModule)
    observes = any(base.__module__ == OBSERVERS for base in kind.__mro__)
    quantised = home.startswith(QUANTISED) and name not in NOT_YET
    return _Traits(wraps, scripted, quantised, observes)


def inner(module: nn.Module) -> nn.Module:
    """What a wrapper runs: the module of torch.compile, of DataParallel; of any other, itself."""
    wraps = _traits(type(module)).wraps
    return getattr(module, wraps) if wraps else module


def unwrapped(module: nn.Module) -> nn.Module:
    """The module without the wrappers around it."""
    while (within := inner(module)) is not module:
        module = within
    return module


def paths(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every part once, by the first path that leads to it; a wrapper has that of what it wraps."""
    seen: set[int] = set()
    todo: list[tuple[str, nn.Module]] = [("", module)]
    while todo:
        path, part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield path, part
        if (_KNOWN.get(type(part)) or _traits(type(part))).wraps:
            todo.append((path, inner(part)))
        elif parts := part._modules:  # noqa: SLF001
            start = f"{path}." if path else ""
            children = [(start + name, child) for name, child in parts.items() if child is not None]
            todo += reversed(children)


def _handed_on(x: Any) -> Any:
    return x


class Watch:
    """Puts every part into inference mode, or training, and follows which one runs.

    Raises:
        CnnrefError: a part is quantised, whose weights are out of sight.
    """

    def __init__(
        self,
        ledger: Ledger,
        parts: Iterable[tuple[str, nn.Module]],
        recorder: Recorder,
        rules: OwnRules | None = None,
        training: bool = False,
    ) -> None:
        self._training = training
        self.error: BaseException | None = None
        self.failed: tuple[str, nn.Module, tuple[Any, ...]] | None = None
        self._ledger = ledger
        self._recorder = recorder
        self._layers: dict[type[nn.Module], Inner | None] = {}
        self._stack = ledger.stack
        self._thread = get_ident()
        self._watched: list[dict[str, Any]] = []
        for path, part in parts:
            self._watch(path, part, rules.of(part) if rules else None)

    def __deepcopy__(self, _: object) -> Watch:
        # forward may copy a part, which then goes on to be watched
        return self

    def _watch(self, path: str, part: nn.Module, own: OwnRule | None) -> None:
        kind = type(part)
        traits = _KNOWN.get(kind) or _traits(kind)
        if traits.quantised:
            raise CnnrefError(
                f"{path or 'the module'} is quantised ({type(part).__name__}) and hides its "
                "weights: trace the network that it was made of, which has the same MACs."
            )
        mine = part.__dict__
        # a part of TorchScript whose forward has several forms shows none: it is in C++
        forward = inner(part) if traits.wraps else getattr(part, "forward", None)
        if traits.scripted and hasattr(part, "training"):
            part.training = self._training
        mine["training"] = self._training
        if "_compiled_call_impl" in mine:
            mine["_compiled_call_impl"] = None
        if traits.observes:
            forward = _handed_on
        parts = list(part.children()) if traits.scripted else mine["_modules"]
        if own is not None or not parts:
            self._ledger.leaves.add(path)
        if forward is None:
            return
        within = None if parts or own is not None else self._within(kind, mine)
        mine["forward"] = partial(self._run, path, part, forward, own, within)
        self._watched.append(mine)

    def _within(self, kind: type[nn.Module], mine: dict[str, Any]) -> Inner | None:
        """What a layer calls, if that is as PyTorch wrote it."""
        try:
            found = self._layers[kind]
        except KeyError:
            found = self._layers[kind] = layer_call(kind) if self._recorder.direct else None
        return found if found is not None and mine.keys().isdisjoint(METHODS) else None

    def end(self) -> None:
        """Let go of the parts, which then take their memory with them."""
        for mine in self._watched:
            mine.pop("forward", None)

    def _run(
        self,
        path: str,
        part: nn.Module,
        forward: Callable[..., Any],
        own: OwnRule | None,
        within: Inner | None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if get_ident() != self._thread:
            called = f"{path} ({type(part).__name__})"
            self._ledger.elsewhere = self._ledger.elsewhere or called
            return forward(*args, **kwargs)
        self._stack.append(path)
        try:
            if within is not None and len(args) == 1 and not kwargs:
                found = self._recorder.layer(within, part, args[0])
                if found is not None:
                    return found
            if own is not None:
                return self._by_own_rule(part, forward, own, args, kwargs)
            return forward(*args, **kwargs)
        except BaseException as error:
            if error is not self.error:
                self.error, self.failed = error, (path, part, args)
            raise
        finally:
            self._stack.pop()

    def _by_own_rule(
        self,
        part: nn.Module,
        forward: Callable[..., Any],
        own: OwnRule,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """One row for a whole part, with all that it learns."""
        from cnnref.tracing.rules.own import answer

        ledger = self._ledger
        with ledger.silent():
            stated = None if ledger.computes else own.output
            made = stated(part, *args, **kwargs) if stated else forward(*args, **kwargs)
        result = ledger.twin(made)
        learned = dict(part.named_parameters())
        biases = tuple(p for name, p in learned.items() if name.rpartition(".")[2] == "bias")
        weights = tuple(p for name, p in learned.items() if name.rpartition(".")[2] != "bias")
        with torch._C.DisableTorchFunction(), UNSEEN():  # noqa: SLF001
            found = answer(own, result, (part, *args), kwargs, weights, biases)
        given = [*tensors((args, kwargs)), *weights, *biases]
        ledger.write(Row(found, given, result), given, result)
        return result
