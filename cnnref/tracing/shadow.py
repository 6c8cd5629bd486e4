"""A module's shadow: new objects in place of all that a call may write to, and the module is read.

Each part, container, hook and bound method has a copy, and each tensor a twin: one on the meta
device, or a copy. What has one in several places has one shadow there, too.
"""

from __future__ import annotations

import copy
import itertools
import random
import sys
import weakref
from argparse import Namespace
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import compress, repeat
from types import (
    BuiltinMethodType,
    CellType,
    FunctionType,
    MethodType,
    SimpleNamespace,
)
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from cnnref.errors import CnnrefError
from cnnref.tracing.isolation.classes import by_class, is_plain, slots
from cnnref.tracing.signature import SMALL
from cnnref.tracing.twins import Twin, on_meta

__all__ = ["Shadow"]

# of the standard library, and no more than their attributes
NAMESPACES = (SimpleNamespace, Namespace, RemovableHandle)
# a part's places for hooks
HOOKS = frozenset(name for name in vars(nn.Module()) if "hooks" in name)
# the names of those of its buffers that are not saved
NAMES = "_non_persistent_buffers_set"
# and its places for what it holds, by name
TABLES = frozenset(("_parameters", "_buffers", "_modules", NAMES))
# what holds its state out of sight
COPIED = (random.Random, itertools.count, itertools.cycle, bytearray)


class Plan(NamedTuple):
    """What of a part has a shadow, mostly as of another part of its class.

    names, kinds: of its attributes, and of what they are.
    hooks, tables, others: the names of those that have one.
    slots: what holds attributes outside of __dict__.
    """

    names: list[str]
    kinds: list[type]
    hooks: list[str]
    tables: list[str]
    others: list[str]
    slots: list[Any]


class Shadow:
    """The shadows of one call: of its module, its inputs, and of whatever these hold.

    numbers: of the forms of tensors that are kept until it ends, by identity.
    """

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self._tensor_of: Twin = on_meta
        self._known: dict[int, Any] = {}
        # an id belongs to its object for as long as that is kept
        self._kept: list[Any] = []
        self._originals: dict[int, Tensor] = {}
        self._ways: dict[type, Way | None] = WAYS.copy()
        self._flat: set[tuple[Any, ...]] = set()
        self._plans: dict[type, Plan] = {}

    def of(self, value: Any, tensor: Twin = on_meta) -> Any:
        """The shadow of any object; of what cannot be written to, itself.

        tensor: what stands for a tensor: `on_meta`, `as_map` or `copied`.
        """
        self._tensor_of = tensor
        with torch._C.DisableTorchFunction():  # noqa: SLF001
            return self._of(value)

    def mine(self, tensor: Tensor) -> Tensor:
        """The twin of a tensor of what has a shadow; any other as it is."""
        return self._known.get(id(tensor), tensor)  # type: ignore[no-any-return]

    def original(self, twin: Tensor) -> Tensor | None:
        """What a tensor is the twin of; None for any other."""
        return self._originals.get(id(twin))

    def twins(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Each tensor that has a twin, and that."""
        for value in self._known.values():
            if isinstance(value, Tensor) and (original := self.original(value)) is not None:
                yield original, value

    def also(self, twin: Tensor, original: Tensor) -> None:
        """Know one more twin, as x.data is one where x is."""
        self._originals[id(twin)] = original
        self._kept.append(twin)

    def _of(self, value: Any) -> Any:
        kind = type(value)
        try:
            way = self._ways[kind]
        except KeyError:
            way = self._ways[kind] = _way(kind)
        if way is None:
            return value
        found = self._known.get(id(value))
        return way(self, value) if found is None else found

    def _is(self, value: Any, shadow: Any) -> Any:
        self._known[id(value)] = shadow
        self._kept.append(value)
        return shadow

    def _lasting(self, values: Iterable[Any]) -> bool:
        """Whether nothing among some values can be written to."""
        return not any(map(self._ways.get, map(type, values), UNKNOWN))

    def _is_flat(self, value: tuple[Any, ...]) -> bool:
        """Whether a tuple is known to hold what cannot be written to, as most are sizes."""
        try:
            if value in self._flat:
                return True
        except TypeError:  # it holds a list
            return False
        if self._lasting(value):
            self._flat.add(value)
            return True
        return False

    def _filled(self, names: dict[Any, Any]) -> dict[Any, Any]:
        """A dict with shadows for all that it holds."""
        ways = map(self._ways.get, map(type, names.values()), UNKNOWN)
        for name, value in list(compress(names.items(), ways)):
            names[name] = self._of(value)
        return names

    def _tensor(self, value: Tensor) -> Tensor:
        found = self._known[id(value)] = self._tensor_of(value, self.numbers)
        if found is value:
            self._kept.append(value)
            return value
        self._originals[id(found)] = value
        if names := value.__dict__:
            vars(found).update(self._filled(names.copy()))
        if (hooks := value._backward_hooks) and found.is_leaf and found.requires_grad:  # noqa: SLF001
            for hook in self._hooks(hooks).values():
                found.register_hook(hook)
        return found

    def _part(self, value: nn.Module) -> Any:
        kind = type(value)
        if (found := self._new(value, kind)) is value:
            raise CnnrefError(
                f"{kind.__name__} inherits a class that is written in C, so that no shadow of it "
                "can be made: give a module that holds an object of that class instead."
            )
        names = value.__dict__.copy()
        plan = self._plans.get(kind)
        # lists, which take less to make and to compare than tuples
        if not plan or plan[0] != [*names] or plan[1] != [*map(type, names.values())]:
            plan = self._plans[kind] = self._plan(kind, names)
        _, _, hooks, tables, others, slots = plan
        for name in hooks:  # of which most are empty
            one = names[name]
            names[name] = self._hooks(one) if one else OrderedDict()
        for name in tables:
            one = names[name].copy()
            names[name] = self._table(one) if one and name != NAMES else one
        for name in others:
            one = names[name]
            if type(one) is not tuple or not self._is_flat(one):
                names[name] = self._of(one)
        object.__setattr__(found, "__dict__", names)
        if slots:
            self._slotted(value, found, slots)
        return found

    def _plan(self, kind: type, names: dict[str, Any]) -> Plan:
        kinds, last = [*map(type, names.values())], _last_plan(kind)
        if last and last[0].kinds == kinds and last[0].names == [*names]:
            return last[0]
        shadowed = [*compress(names, map(self._ways.get, kinds, UNKNOWN))]
        hooks = [name for name in shadowed if name in HOOKS]
        tables = [name for name in shadowed if name in TABLES]
        others = [name for name in shadowed if name not in HOOKS | TABLES]
        plan = Plan([*names], kinds, hooks, tables, others, slots(kind))
        if LASTING.issuperset(kinds):
            last[:] = [plan]
        return plan

    def _table(self, names: dict[str, Any]) -> dict[str, Any]:
        """What a part holds by name."""
        for name, one in names.items():
            if one is not None:
                names[name] = self._of(one)
        return names

    def _hooks(self, value: Any) -> Any:
        """Hooks are their author's: of what they hold outside, only the parts have shadows."""
        kept = [one for one in value.values() if not self._reaches_part(one)]
        self._known.update((id(one), one) for one in kept)
        self._kept += kept
        return self._of(value)

    def _reaches_part(self, value: Any) -> bool:
        """Whether a module is among what an object holds."""
        todo, seen = [value], {id(value)}
        while todo:
            one = todo.pop()
            if isinstance(one, nn.Module):
                return True
            held = [found for found in _held(one) if id(found) not in seen]
            seen.update(map(id, held))
            todo += held
        return False

    def _object(self, value: Any) -> Any:
        found = self._new(value, type(value))
        return found if found is value else self._attributes(value, found)

    def _new(self, value: Any, kind: type) -> Any:
        """An object of the same class, without a call of what the class does to make one."""
        try:
            return self._is(value, object.__new__(kind))
        except TypeError:  # its base is written in C
            return self._is(value, value)

    def _attributes(self, value: Any, found: Any) -> Any:
        if names := getattr(value, "__dict__", None):
            vars(found).update(self._filled(names.copy()))
        self._slotted(value, found, slots(type(value)))
        return found

    def _slotted(self, value: Any, found: Any, slots: list[Any]) -> None:
        """The attributes that a class has outside of __dict__."""
        for slot in slots:
            try:
                slot.__set__(found, self._of(slot.__get__(value)))
            except AttributeError:  # nothing is in it
                continue

    def _scripted(self, module: Any) -> Any:
        """A module of TorchScript, whose attributes and parts are out of sight, in C++."""
        from torch.jit._recursive import wrap_cpp_module

        return self._is(module, wrap_cpp_module(self._in_c(module._c)))  # noqa: SLF001

    def _in_c(self, module: Any) -> Any:
        found, in_c = copy.copy(module), torch._C  # noqa: SLF001
        for name, part in in_c.ModuleDict(module).items():
            found.setattr(name, self._in_c(part))
        kind: Any = in_c.ConcreteModuleType.from_jit_type(module._type())  # noqa: SLF001
        for name in kind.get_attributes():  # tensors, lists and dicts
            value = module.getattr(name)
            if (twin := self._of(value)) is not value:
                found.setattr(name, twin)
        return found

    def _ordered(self, value: OrderedDict[Any, Any]) -> OrderedDict[Any, Any]:
        kind = type(value)
        found: OrderedDict[Any, Any] = self._is(value, OrderedDict.__new__(kind))
        if value:
            for name, one in list(OrderedDict.items(value)):
                # past what a subclass does, which may refuse
                OrderedDict.__setitem__(found, self._of(name), self._of(one))
        if kind is not OrderedDict:
            self._attributes(value, found)
        return found

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        kind = type(value)
        found: dict[Any, Any] = self._is(value, dict.__new__(kind))
        if value:
            held = self._filled(dict.copy(value))
            if not self._lasting(held):
                held = {self._of(name): one for name, one in held.items()}
            dict.update(found, held)
        if kind is not dict:
            self._attributes(value, found)
            if isinstance(value, defaultdict):
                found.default_factory = self._of(value.default_factory)  # type: ignore[attr-defined]
        return found

    def _list(self, value: list[Any]) -> list[Any]:
        kind = type(value)
        found: list[Any] = self._is(value, list.__new__(kind))
        held = list.copy(value)
        list.extend(found, held if self._lasting(held) else map(self._of, held))
        if kind is not list:
            self._attributes(value, found)
        return found

    def _set(self, value: set[Any]) -> set[Any]:
        kind = type(value)
        found: set[Any] = self._is(value, set.__new__(kind))
        if value:
            set.update(found, map(self._of, set.copy(value)))
        if kind is not set:
            self._attributes(value, found)
        return found

    def _deque(self, value: deque[Any]) -> deque[Any]:
        kind = type(value)
        found: deque[Any] = self._is(value, deque.__new__(kind))
        deque.__init__(found, [self._of(one) for one in list(value)], value.maxlen)
        if kind is not deque:
            self._attributes(value, found)
        return found

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if self._lasting(value):
            return value
        parts = [self._of(one) for one in value]
        if all(old is new for old, new in zip(value, parts, strict=True)):
            return value
        kind: Any = type(value)
        named = hasattr(kind, "_fields") or kind is tuple
        return self._is(value, tuple.__new__(kind, parts) if named else kind(parts))  # type: ignore[no-any-return]

    def _frozenset(self, value: frozenset[Any]) -> frozenset[Any]:
        return self._is(value, frozenset.__new__(type(value), map(self._of, value)))  # type: ignore[no-any-return]

    def _method(self, value: MethodType) -> Any:
        function, owner = self._of(value.__func__), self._of(value.__self__)
        if function is value.__func__ and owner is value.__self__:
            return value
        return MethodType(function, owner)

    def _builtin(self, value: BuiltinMethodType) -> Any:
        """A method of an object in C, as the append of a list."""
        owner = self._of(value.__self__)
        return value if owner is value.__self__ else getattr(owner, value.__name__)

    def _function(self, value: FunctionType) -> Any:
        """A function with the parts that it closes over; of what is compiled, as it is written.

        What else it closes over is not the module's, and is shared.
        """
        written = getattr(value, "_torchdynamo_orig_callable", None)
        if written is not None:
            return self._is(value, self._of(written))
        if not self._reaches_part(value):
            return self._is(value, value)
        cells = tuple(
            self._of(cell) if self._reaches_part(cell) else cell for cell in value.__closure__ or ()
        )
        found = FunctionType(value.__code__, value.__globals__, value.__name__, None, cells or None)
        self._is(value, found)
        found.__defaults__ = self._of(value.__defaults__)
        found.__kwdefaults__ = self._of(value.__kwdefaults__)
        found.__qualname__ = value.__qualname__
        vars(found).update(self._filled(vars(value).copy()))
        return found

    def _cell(self, value: CellType) -> CellType:
        found: CellType = self._is(value, CellType())
        with suppress(ValueError):  # nothing is in it
            found.cell_contents = self._of(value.cell_contents)
        return found

    def _partial(self, value: partial[Any]) -> Any:
        args = self._of(value.args)
        found = type(value)(self._of(value.func), *args, **self._filled(dict(value.keywords)))
        self._attributes(value, found)
        return self._is(value, found)

    def _reference(self, value: weakref.ref[Any]) -> Any:
        target = value()
        return value if target is None else weakref.ref(self._of(target))

    def _proxy(self, value: Any) -> Any:
        target = value.__repr__.__self__
        return weakref.proxy(self._of(target))

    def _generator(self, value: torch.Generator) -> torch.Generator:
        return self._is(value, value.clone_state())  # type: ignore[no-any-return]

    def _deep(self, value: Any) -> Any:
        return self._is(value, copy.deepcopy(value))

    def _array(self, value: Any) -> Any:
        """A small array of NumPy is copied, and a large one cannot be written to."""
        if value.size <= SMALL and value.dtype.kind != "O":
            return self._is(value, value.copy())
        found = value.view()
        found.flags.writeable = False
        return self._is(value, found)


Way = Callable[[Shadow, Any], Any]
WAYS: dict[type, Way | None] = {
    **dict.fromkeys((bool, int, float, complex, str, bytes, type(None), type, torch.Size)),
    **dict.fromkeys((torch.dtype, torch.device, type(torch), slice, range)),
    OrderedDict: Shadow._ordered,  # noqa: SLF001
    Tensor: Shadow._tensor,  # noqa: SLF001
    nn.Parameter: Shadow._tensor,  # noqa: SLF001
    FunctionType: Shadow._function,  # noqa: SLF001
    MethodType: Shadow._method,  # noqa: SLF001
    BuiltinMethodType: Shadow._builtin,  # noqa: SLF001
    CellType: Shadow._cell,  # noqa: SLF001
    weakref.ref: Shadow._reference,  # noqa: SLF001
    weakref.ProxyType: Shadow._proxy,  # noqa: SLF001
    weakref.CallableProxyType: Shadow._proxy,  # noqa: SLF001
    torch.Generator: Shadow._generator,  # noqa: SLF001
}
# for subclasses, the first that fits
_KINDS: tuple[tuple[type | tuple[type, ...], Way], ...] = (
    (Tensor, Shadow._tensor),  # noqa: SLF001
    (torch.jit.ScriptModule, Shadow._scripted),  # noqa: SLF001
    (nn.Module, Shadow._part),  # noqa: SLF001
    (NAMESPACES, Shadow._object),  # noqa: SLF001
    (OrderedDict, Shadow._ordered),  # noqa: SLF001
    (dict, Shadow._dict),  # noqa: SLF001
    (list, Shadow._list),  # noqa: SLF001
    (tuple, Shadow._tuple),  # noqa: SLF001
    (set, Shadow._set),  # noqa: SLF001
    (frozenset, Shadow._frozenset),  # noqa: SLF001
    (deque, Shadow._deque),  # noqa: SLF001
    (partial, Shadow._partial),  # noqa: SLF001
    (COPIED, Shadow._deep),  # noqa: SLF001
)


# of a class that has not been met
UNKNOWN = repeat(Shadow._of)  # noqa: SLF001


# classes that last, so that a plan of an earlier trace may hold them
LASTING = frozenset((*WAYS, dict, list, tuple, set, frozenset))


@by_class
def _way(kind: type) -> Way | None:
    for bases, way in _KINDS:
        if issubclass(kind, bases):
            return way
    if "numpy" in sys.modules and issubclass(kind, sys.modules["numpy"].ndarray):
        return Shadow._array  # noqa: SLF001
    if kind.__module__.startswith("numpy.random"):
        return Shadow._deep  # noqa: SLF001
    return Shadow._object if is_plain(kind) else None  # noqa: SLF001


def _held(value: Any) -> list[Any]:
    """What an object holds, of what may hold a module."""
    kind = type(value)
    if kind is CellType:
        try:
            return [value.cell_contents]
        except ValueError:  # nothing is in it
            return []
    if kind is FunctionType:
        return [*(value.__closure__ or ()), *(value.__defaults__ or ())]
    if kind is MethodType:
        return [value.__self__]
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    return list(vars(value).values()) if is_plain(kind) and hasattr(value, "__dict__") else []


@by_class
def _last_plan(_: type) -> list[Plan]:
    """The last plan of a class, if any."""
    return []
