"""Where a trace failed, on one line beside the error, and what input would have fitted there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from torch import Tensor, nn

from cnnref.counting.shapes import Shape
from cnnref.errors import ForwardError
from cnnref.tables.table import Table
from cnnref.tracing.constants import NeedsDataError, asked
from cnnref.tracing.modules import Watch
from cnnref.tracing.rows import shape
from cnnref.tracing.rules import tensors
from cnnref.tracing.rules.operation import sizes

__all__ = ["stopped", "told"]

NESTED = (
    "Nested tensors have no shape in common that a trace could write down: pad them, or "
    "give the module that makes them a rule, trace(..., rules={Class: rule})."
)
# which PyTorch 2.9 adds to the length of a nested tensor, and cannot
LENGTH = "ConstantIntNode"
AXES = ("L", "H x W", "D x H x W")


def stopped(watch: Watch, error: Exception, table: Table) -> Exception:
    """The error that tells where a trace stopped, with the rows until then as its `table`.

    What PyTorch itself raises becomes one of ours, so that one clause catches all of a trace.
    """
    raised, length = str(error), LENGTH in str(error)
    nested = NESTED if length or "NestedTensor" in raised else raised
    found: Any = ForwardError(nested) if length or type(error) is RuntimeError else error
    where, name = place(watch, error), asked(error)
    if isinstance(error, NeedsDataError):
        error.args = NeedsDataError.of(name, where).args
    found.add_note(told(watch, error))
    found.table = table
    found.asked = name and f"{name} in {where}"
    return found  # type: ignore[no-any-return]


def place(watch: Watch, error: BaseException) -> str:
    """The layer that ran, and its class."""
    if watch.error is not error or watch.failed is None:
        return "the module itself"
    path, part, _ = watch.failed
    return f"{path or 'the module itself'} ({type(part).__name__})"


def told(watch: Watch, error: BaseException) -> str:
    """The layer that ran, the shapes that it got, and what it takes, where its class tells that."""
    if watch.error is not error or watch.failed is None:
        return "cnnref.trace was in the module itself."
    _, part, args = watch.failed
    given = list(tensors(args))
    got = f", which got {' and '.join(map(_text, given))}" if given else ""
    advice = _call(part, error) or (_advice(part, given[0]) if given else "")
    where = place(watch, error).removesuffix(")")
    return f"cnnref.trace was in {where}{got}){advice and f': {advice}'}."


def _call(part: nn.Module, error: BaseException) -> str:
    """What forward takes where it was called with too little or too much, and what none takes."""
    if asked(error) and not isinstance(error, NeedsDataError):
        return 'values="auto" runs it once, where shapes do not tell what it gives'
    if not isinstance(error, TypeError) or "forward()" not in str(error):
        return ""
    names = [
        f"*{name}" if one.kind is one.VAR_POSITIONAL else name
        for name, one in signature(type(part).forward).parameters.items()
    ]
    return f"forward takes {', '.join(names[1:]) or 'no input'}"


def _text(tensor: Tensor) -> str:
    return str(shape(tensor))


def _advice(part: Any, given: Tensor) -> str:
    for kinds, advice in _ADVICE.items():
        if isinstance(part, kinds):
            try:
                return _of_dtype(part, given) or advice(part, given)
            except (
                AttributeError,
                IndexError,
                TypeError,
                ValueError,
            ):  # a subclass of another form
                return ""
    return ""


def _of_dtype(part: nn.Module, given: Tensor) -> str:
    weights = [weight for weight in part.parameters() if weight.is_floating_point()]
    wanted = {weight.dtype for weight in weights} - {given.dtype}
    if not wanted or isinstance(part, nn.Embedding | nn.EmbeddingBag):
        return ""
    name, other = (str(kind).removeprefix("torch.") for kind in (wanted.pop(), given.dtype))
    return f"its weights are of {name}, and the input is of {other}"


def _at(given: Tensor, axis: int, size: int) -> str:
    """The shape that was given, with another size on one axis."""
    fitting = list(given.shape)
    fitting[axis] = size
    return str(Shape(fitting[1:] if fitting[0] == 1 and len(fitting) > 1 else fitting))


def _channels(part: Any, given: Tensor, wanted: int, rank: int | None) -> str:
    """What is wrong with the axes or the channels of a feature map of a rank, if anything is."""
    if rank is not None and given.dim() not in (rank + 1, rank + 2):
        batch = ", and its shape is given without the batch" if given.dim() > rank + 2 else ""
        return f"it takes maps of {wanted} x {AXES[rank - 1]}{batch}"
    axis = 1 if rank is None or given.dim() == rank + 2 else 0
    if given.shape[axis] == wanted:
        return ""
    word = "channel" + "s" * (wanted != 1)
    return f"it takes {wanted} {word}, so that {_at(given, axis, wanted)} would fit"


def _window(part: Any, given: Tensor, rank: int) -> str:
    """What is wrong with the size of a map, which must have room for a window."""
    kernel = sizes(part.kernel_size, rank)
    padding = (0,) * rank if isinstance(part.padding, str) else sizes(part.padding, rank)
    dilation = sizes(getattr(part, "dilation", 1), rank)
    axes = zip(kernel, padding, dilation, strict=True)
    least = [d * (k - 1) + 1 - 2 * p for k, p, d in axes]
    if all(size >= need for size, need in zip(given.shape[-rank:], least, strict=True)):
        return ""
    need = Shape(max(1, size) for size in least)
    return f"its window needs a map of {need} or more, so that a larger input would fit"


def _conv(part: Any, given: Tensor) -> str:
    rank = len(part.kernel_size)
    found = _channels(part, given, part.in_channels, rank)
    return found or ("" if part.transposed else _window(part, given, rank))


def _pool(part: Any, given: Tensor) -> str:
    rank = int(type(part).__name__.rstrip("d")[-1])
    return _window(part, given, rank)


def _last(name: str) -> Callable[[Any, Tensor], str]:
    def advice(part: Any, given: Tensor) -> str:
        wanted = getattr(part, name)
        over = tuple(wanted) if isinstance(wanted, Sequence) else (wanted,)
        if tuple(given.shape[-len(over) :]) == over:
            return ""
        features = f"{Shape(over)} features" if over != (1,) else "1 feature"
        fitting = Shape((*given.shape[: -len(over)], *over))
        shown = fitting[1:] if len(fitting) > len(over) and fitting[0] == 1 else fitting
        return f"it takes {features} on its last axis, so that {Shape(shown)} would fit"

    return advice


def _numbers(part: Any, given: Tensor) -> str:
    if not given.is_floating_point():
        return ""
    return "it takes whole numbers, such as an input of dtype int64"


def _norm(part: Any, given: Tensor) -> str:
    return _channels(part, given, getattr(part, "num_features", None) or part.num_channels, None)


_ADVICE: dict[Any, Callable[[Any, Tensor], str]] = {
    nn.modules.conv._ConvNd: _conv,  # noqa: SLF001
    nn.Linear: _last("in_features"),
    (nn.modules.batchnorm._NormBase, nn.GroupNorm): _norm,  # noqa: SLF001
    (nn.LayerNorm, nn.RMSNorm): _last("normalized_shape"),
    (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d): _pool,
    (nn.RNNBase, nn.RNNCellBase): _last("input_size"),
    nn.MultiheadAttention: _last("embed_dim"),
    (nn.Embedding, nn.EmbeddingBag): _numbers,
}
