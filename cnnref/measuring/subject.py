"""What is measured: a copy of the module where it is to run, its inputs, and one step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cnnref.counting.arguments import whole
from cnnref.errors import CnnrefError
from cnnref.measuring.settings import Settings
from cnnref.networks.catalog import architecture, model
from cnnref.tracing.rules import tensors
from cnnref.tracing.shadow import Shadow
from cnnref.tracing.twins import copied

__all__ = [
    "Inputs",
    "Subject",
    "drawn",
    "first_tensors",
    "image_shape",
    "own_copy",
    "placed",
    "settle",
]

Inputs = Tensor | tuple[Any, ...] | Mapping[str, Any] | None
IMAGE = (3, 224, 224)
SEED = 0


class Subject(NamedTuple):
    """A module that nobody else has, on its device, with its inputs beside it.

    name: of the network, or of the module's class.
    image_shape, batch_size: of the first input.
    catalogued: whether it is the catalogue's network of that name.
    """

    name: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    image_shape: tuple[int, ...]
    batch_size: int
    catalogued: bool = False

    @property
    def held(self) -> tuple[Any, ...]:
        """All that takes memory before a step: weights, buffers and inputs."""
        return (*self.module.parameters(), *self.module.buffers(), self.args, self.kwargs)

    def forward(self) -> Any:
        """One call of the module."""
        return self.module(*self.args, **self.kwargs)

    def step(self, mode: str) -> Callable[[], None]:
        """One batch: a forward pass, in training the backward pass too."""
        return self._train if mode == "training" else self._infer

    def _infer(self) -> None:
        with torch.inference_mode():
            self.forward()

    def _train(self) -> None:
        with torch.enable_grad():
            means = [output.float().mean() for output in first_tensors(self.forward())]
            torch.stack(means).sum().backward()
        for weight in self.module.parameters():
            weight.grad = None


def first_tensors(outputs: Any) -> list[Tensor]:
    """The floating tensors of a module's output, whatever holds them.

    Raises:
        CnnrefError: there is none.
    """
    found = [leaf for leaf in tensors((_opened(outputs),)) if leaf.is_floating_point()]
    if not found:
        raise CnnrefError("measure: the module gives no floating tensor to measure.")
    return found


def _opened(outputs: Any) -> Any:
    if isinstance(outputs, Mapping):
        return list(outputs.values())
    held = getattr(outputs, "__dict__", None)
    return list(held.values()) if held and not isinstance(outputs, Tensor) else outputs


def own_copy(what: str | nn.Module) -> tuple[str, nn.Module]:
    """The name of a network and a module of it that nobody else has.

    Raises:
        UnknownNameError: no network has that name.
        CnnrefError: neither a name nor a module, or one that cannot be copied.
    """
    if isinstance(what, str):
        return architecture(what).name, _fresh(what)
    if isinstance(what, nn.Module):
        return type(what).__name__, _copied(what)
    raise CnnrefError(
        f"measure needs the name of a network or a torch.nn.Module, but got {what!r}."
    )


def image_shape(what: str | nn.Module, shape: Any) -> tuple[int, ...]:
    """The shape of one image: as given, or the network's own.

    Raises:
        CnnrefError: it is not made of positive whole numbers.
    """
    if shape is None:
        if not isinstance(what, str):
            return IMAGE
        size = architecture(what).input_size
        return (3, size, size)
    if not isinstance(shape, tuple | list) or not shape:
        raise CnnrefError(
            f"measure: input_shape must be the shape of one image such as {IMAGE}, "
            f"but is {shape!r}."
        )
    return tuple(whole("measure", "input_shape", size, least=1) for size in shape)


def drawn(shape: Sequence[int], dtype: str | None) -> Tensor:
    """Random numbers, or zeros where whole ones are asked for: they may be places in a table."""
    kind: torch.dtype = getattr(torch, dtype) if dtype else torch.get_default_dtype()
    if kind.is_floating_point:
        return torch.randn(*shape).to(kind)
    return torch.zeros(*shape, dtype=kind)


def batch_of(inputs: Inputs) -> int:
    """The images of the first tensor among the inputs; 0 where there is none."""
    leaf = next(tensors((inputs,)), None)
    return leaf.shape[0] if leaf is not None and leaf.dim() else 0


def placed(
    name: str, module: nn.Module, shape: tuple[int, ...], inputs: Inputs, how: Settings
) -> Subject:
    """The module on its device, in its dtype and layout, and its inputs beside it.

    Raises:
        CnnrefError: there is no tensor among the inputs.
    """
    module = module.to(device=how.device, dtype=how.dtype)
    if how.channels_last:
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    args, kwargs = _inputs(shape, inputs, how)
    leaf = next(tensors((args, kwargs)), None)
    if leaf is None or not leaf.dim():
        raise CnnrefError(f"{name}: there is no batch among its inputs; give a tensor of one.")
    return Subject(name, module, args, kwargs, tuple(leaf.shape[1:]), leaf.shape[0])


def _fresh(name: str) -> nn.Module:
    """The network with weights that are the same at every run."""
    # the processor's alone, and not every card's
    torch.default_generator.manual_seed(SEED)
    with torch.device("cpu"):
        return model(name)


def _copied(module: nn.Module) -> nn.Module:
    name = type(module).__name__
    held = [*module.named_parameters(), *module.named_buffers()]
    lazy = next((path for path, part in held if nn.parameter.is_lazy(part)), None)
    if lazy is not None:
        raise CnnrefError(f"{name}: {lazy} has no shape before the first call; call it once.")
    bare = next((path for path, part in held if part.is_meta), None)
    if bare is not None:
        raise CnnrefError(
            f"{name}: {bare} is on the meta device and has no values; build it on a device that "
            "has memory."
        )
    if any(type(part).__module__.startswith("torch._dynamo") for part in module.modules()):
        return copy.deepcopy(module)  # its shadow would run as written, and not compiled
    found: nn.Module = Shadow().of(module, copied)
    return found


def _inputs(
    shape: tuple[int, ...], inputs: Inputs, how: Settings
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if inputs is None:
        generator = torch.Generator().manual_seed(SEED)
        image = torch.randn(how.batch_size, *shape, generator=generator)
        return (_moved(image, how, {}),), {}
    made: dict[int, Tensor] = {}
    if isinstance(inputs, Mapping):
        return (), {name: _moved(value, how, made) for name, value in inputs.items()}
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    return tuple(_moved(value, how, made) for value in given), {}


def _moved(value: Any, how: Settings, made: dict[int, Tensor]) -> Any:
    """A copy of an input where the module is; whole numbers keep their type.

    made: the copies that there are: a tensor that is given twice, as to an attention that looks
    at itself, stays one.
    """
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, how, made) for part in value)
    if not isinstance(value, Tensor):
        return value
    if id(value) in made:
        return made[id(value)]
    kind = how.dtype if value.is_floating_point() else value.dtype
    rows = how.channels_last and value.dim() == 4
    layout = torch.channels_last if rows else torch.preserve_format
    made[id(value)] = value.detach().to(how.device, kind, copy=True, memory_format=layout)
    return made[id(value)]


def settle(subject: Subject) -> None:
    """Give the batch norms of fresh weights the statistics of one batch.

    Without it the sums along a hundred shortcuts leave the range of float16.
    """
    module = subject.module.eval()
    norms = [(part, part.momentum) for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm, _ in norms:
        # the norms alone: in training some networks run heads that they do not run otherwise
        norm.train().momentum = 1.0
    # two images, for norms whose maps have one position
    images = [torch.cat([image[:1], image[:1].flip(-1)]) for image in subject.args]
    with torch.no_grad():
        module(*images)
    for norm, momentum in norms:
        norm.eval().momentum = momentum
