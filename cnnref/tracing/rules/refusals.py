"""What PyTorch refuses when it computes, and not on the meta device, where a trace runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any

from torch import _C, float32

from cnnref.counting.shapes import Shape, Window
from cnnref.errors import ForwardError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "alike",
    "check_bias",
    "check_groups",
    "check_output",
    "check_output_padding",
    "check_window",
    "least",
    "of_type",
    "zeros",
]

_autocast = _C._is_any_autocast_enabled  # noqa: SLF001
DIVISORS = ("kernel_size", "stride", "dilation", "groups", "num_groups")


def least(what: str, argument: str, values: Sequence[int], bound: int) -> None:
    """Nothing, if each of the values is at least the bound.

    Raises:
        ForwardError: one is not; names the argument and the values.
    """
    if any(value < bound for value in values):
        given = ", ".join(map(str, values))
        raise ForwardError(f"{what}: {argument} must be {bound} or more, but is {given}.")


def check_window(what: str, window: Window) -> None:
    """Nothing, if a window is one.

    Raises:
        ForwardError: its kernel, stride or dilation is not positive, or its padding negative.
    """
    least(what, "kernel", window.kernel, 1)
    least(what, "stride", window.stride, 1)
    least(what, "padding", window.padding, 0)
    least(what, "dilation", window.dilation, 1)


def check_groups(what: str, weight: Tensor, groups: int) -> None:
    """Nothing, if the groups divide the first axis of the weight, and no axis is empty.

    Raises:
        ForwardError: they do not, or one is.
    """
    least(what, "groups", (groups,), 1)
    least(what, "each axis of weight", tuple(weight.shape), 1)
    if weight.shape[0] % groups:
        raise ForwardError(
            f"{what}: groups must divide the first axis of its weight of {Shape(weight.shape)}, "
            f"but are {groups}."
        )


def check_output(what: str, input: Tensor, result: Tensor, rank: int) -> None:
    """Nothing, if a window fits into its input; older PyTorch lets one pass that is larger by one.

    Raises:
        ForwardError: no output is left along an axis of space; names the input.
    """
    if 0 in result.shape[-rank:]:
        raise ForwardError(
            f"{what}: its window is larger than an input of {Shape(input.shape)} with its padding."
        )


def check_bias(what: str, bias: Tensor | None, filters: int) -> None:
    """Nothing, if there is one bias for each filter, or none at all.

    Raises:
        ForwardError: there are more or fewer.
    """
    if bias is not None and tuple(bias.shape) != (filters,):
        raise ForwardError(
            f"{what}: bias must have the shape {filters}, one for each filter, but has "
            f"{Shape(bias.shape)}."
        )


def check_output_padding(what: str, more: Sequence[int], window: Window) -> None:
    """Nothing, if what is added to an output is less than a step of the window.

    Raises:
        ForwardError: it is negative, or as large as both stride and dilation.
    """
    least(what, "output_padding", more, 0)
    axes = zip(more, window.stride, window.dilation, strict=True)
    if any(added >= max(stride, span) for added, stride, span in axes):
        raise ForwardError(
            f"{what}: output_padding must be less than its stride or its dilation, but is "
            f"{', '.join(map(str, more))}."
        )


def of_type(what: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule of a normalisation, whose parameters have the input's type, or float32.

    The rule raises:
        ForwardError: they have another, as where a norm in half precision gets a float32 input.
    """

    @wraps(rule)
    def checked(result: Any, *args: Any, **kwargs: Any) -> Any:
        given = [x for x in (*args, *kwargs.values()) if hasattr(x, "dtype")]
        _check_types(what, given, {given[0].dtype, float32})
        return rule(result, *args, **kwargs)

    return checked


def alike(what: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule of a product that takes tensors of one type alone, unless autocast is on.

    The rule raises:
        ForwardError: they differ, as where a module in half precision gets a float32 input.
    """

    @wraps(rule)
    def checked(result: Any, *args: Any, **kwargs: Any) -> Any:
        given = [x for x in (*args, *kwargs.values()) if hasattr(x, "dtype")]
        _check_types(what, given, {x.dtype for x in given[:1]})
        return rule(result, *args, **kwargs)

    return checked


def _check_types(what: str, given: Sequence[Tensor], allowed: set[Any]) -> None:
    other = next((x for x in given if x.dtype not in allowed), None)
    if other is None or _autocast():
        return
    names = (str(x.dtype).removeprefix("torch.") for x in (given[0], other))
    raise ForwardError(
        f"{what}: its tensors must be of one type, but are of {' and '.join(names)}; give an input "
        "of the type of the weights."
    )


def zeros(
    rule: Callable[..., Any], func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> ForwardError:
    """What to say where PyTorch divides by an argument of a call that is zero."""
    given = signature(rule).bind(None, *args, **kwargs).arguments
    named = [name for name, value in given.items() if name in DIVISORS and _zero(value)]
    return ForwardError(f"{func.__name__}: {' and '.join(named) or 'a size'} must not be zero.")


def _zero(value: Any) -> bool:
    values = value if isinstance(value, list | tuple) else (value,)
    return any(type(one) is int and one == 0 for one in values)
