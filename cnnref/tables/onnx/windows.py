"""Convolutions, transposed ones and pools of any rank, and what changes the size of a map.

Source of the sizes: the ONNX operator reference, Conv, ConvTranspose, MaxPool and Resize.
"""

from __future__ import annotations

from math import floor, prod

from cnnref.counting.arithmetic import output_size
from cnnref.counting.layer import Constants
from cnnref.counting.shapes import Counts, Window
from cnnref.errors import ShapeError
from cnnref.tables.onnx.calls import Call, Found, Rule, Sizes, UnknownError, float32

__all__ = ["RULES"]

Ends = list[tuple[int, int]]


def _conv_at(weight: int, bias: int) -> Rule:
    def rule(call: Call) -> Found:
        """Each output is a sum over one filter: C_in / G * K * K MACs."""
        shape, filters = call.sizes(), call.sizes(weight)
        window, ends = _window(call, shape, filters[2:])
        _check(shape, filters[1] * window.groups, filters[0], window)
        out = (shape[0], filters[0], *_positions(shape[2:], window, ends))
        outputs = prod(out)
        macs = outputs * prod(filters[1:])
        counts = Counts(macs=macs, bias_adds=outputs * call.biased(bias))
        return Found("conv", (out,), counts, window, (0,), (weight,), call.biases(bias))

    return rule


def _conv_transpose(call: Call) -> Found:
    """Each input is spread over one filter: C_out / G * K * K MACs."""
    shape, filters = call.sizes(), call.sizes(1)
    window, ends = _window(call, shape, filters[2:])
    channels = filters[1] * window.groups
    _check(shape, filters[0], channels, window)
    more = call.many("output_padding") or (0,) * len(ends)
    size = call.many("output_shape")
    axes = zip(shape[2:], window.kernel, window.stride, window.dilation, ends, more, strict=True)
    sizes = tuple((n - 1) * s - sum(end) + d * (k - 1) + 1 + m for n, k, s, d, end, m in axes)
    if call.text("auto_pad").startswith("SAME"):  # also where the kernel is shorter than the stride
        sizes = tuple(n * s for n, s in zip(shape[2:], window.stride, strict=True))
    out = (shape[0], channels, *(size[-len(ends) :] if size else sizes))
    if min(out) < 1:
        raise ShapeError(f"a padding of {window.padding} leaves nothing of the output")
    counts = Counts(
        macs=prod(shape) * prod(filters[1:]),
        bias_adds=prod(out) * call.biased(2),
        window_taps=prod(out) * filters[0] // window.groups * prod(window.kernel),
    )
    return Found("conv_transpose", (out,), counts, window, (0,), (1,), call.biases(2))


def _check(shape: Sizes, channels: int, filters: int, window: Window) -> None:
    if shape[1] != channels:
        raise ShapeError(f"its weights take {channels} channels, but its input has {shape[1]}")
    if channels % window.groups or filters % window.groups:
        raise ShapeError(f"{window.groups} groups do not divide {channels} channels into {filters}")


def _max_pool(call: Call) -> Found:
    """Each output is the largest of K * K taps."""
    return _pool(call, "max_pool")


def _avg_pool(call: Call) -> Found:
    """Each output is the mean of K * K taps, of those on the input unless it is said."""
    found = _pool(call, "avg_pool")
    padded = found.window is not None and any(found.window.padding)
    left_out = padded and not call.whole("count_include_pad")
    constants: Constants = (("count_include_pad", 0),) if left_out else ()
    return found._replace(constants=constants)


def _lp_pool(call: Call) -> Found:
    return _pool(call, "lp_pool")


def _pool(call: Call, op: str) -> Found:
    shape, kernel = call.sizes(), call.many("kernel_shape")
    if kernel is None:
        raise UnknownError
    window, ends = _window(call, shape, kernel)
    out = (*shape[:2], *_positions(shape[2:], window, ends))
    # the second output of a largest value is where it stands
    return Found(op, (out, out), Counts(window_taps=prod(out) * prod(kernel)), window)


def _whole_map(op: str) -> Rule:
    def rule(call: Call) -> Found:
        """One output for each channel, of all its positions."""
        shape = call.sizes()
        out = (*shape[:2], *(1 for _ in shape[2:]))
        return Found(op, (out,), Counts(window_taps=prod(shape)))

    return rule


def _window(call: Call, shape: Sizes, kernel: Sizes) -> tuple[Window, Ends]:
    """The window of an operator, and what is added at both ends of each axis.

    The padding of a window is that in front: where its positions begin.
    """
    rank = len(kernel)
    given = {name: call.many(name) for name in ("strides", "dilations", "pads")}
    stride, dilation = (given[name] or (1,) * rank for name in ("strides", "dilations"))
    groups, ceil = call.whole("group", 1), bool(call.whole("ceil_mode"))
    if rank != len(shape) - 2 or not rank == len(stride) == len(dilation):
        raise ShapeError(f"a window of {rank} axes does not fit its input")
    if min(*kernel, *stride, *dilation, groups) < 1 or len(given["pads"] or ()) not in (
        0,
        2 * rank,
    ):
        raise ShapeError("its kernel, stride, dilation and groups must be positive")
    ends = _ends(call, shape[2:], kernel, stride, dilation, given["pads"])
    padding = tuple(front for front, _ in ends)
    return Window(tuple(kernel), stride, padding, dilation, groups, ceil), ends


def _ends(
    call: Call, size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: Sizes | None
) -> Ends:
    rank, same = len(kernel), call.text("auto_pad", "NOTSET")
    if not same.startswith("SAME"):
        whole = pads if pads and same != "VALID" else (0,) * (2 * rank)
        return list(zip(whole[:rank], whole[rank:], strict=True))
    ends = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        if call.node.op == "ConvTranspose":
            total = max(0, d * (k - 1) + 1 - s)
        else:
            total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        less, more = total // 2, total - total // 2
        ends.append((less, more) if same == "SAME_UPPER" else (more, less))
    return ends


def _positions(size: Sizes, window: Window, ends: Ends) -> list[int]:
    """As many as fit the input with what is added at its ends."""
    axes = zip(size, window.kernel, window.stride, window.dilation, ends, strict=True)
    found = []
    for n, k, s, d, (front, back) in axes:
        out = output_size(n + front + back, k, s, 0, d, window.ceil_mode)
        # a window that rounding up adds may not start behind the input
        late = window.ceil_mode and out > 1 and (out - 1) * s >= n + front
        found.append(out - late)
    return found


def _resize(call: Call) -> Found:
    """An interpolation to a size, or by a factor of each axis.

    A factor of 32 bits is only near that of the framework: the size that the file states decides.
    """
    shape = call.sizes()
    axes = call.many("axes") or tuple(range(len(shape)))
    scales = call.node.attributes.get("scales")
    place = 1 if len(call.values) == 2 else 2
    sizes = list(shape)
    if call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise UnknownError
    if call.has(3) and call.sizes(3) != (0,):
        for axis, size in zip(axes, call.wholes(3), strict=True):
            sizes[axis] = size
    else:
        factors = scales if isinstance(scales, tuple) else call.data(place)
        for axis, factor in zip(axes, factors, strict=True):
            sizes[axis] = floor(float32(shape[axis] * float(factor)))  # type: ignore[arg-type]
        if call.stated is not None and len(call.stated) == len(shape):
            sizes = [
                made if said is None else said
                for made, said in zip(sizes, call.stated, strict=True)
            ]
    return Found("interpolate", (tuple(sizes),))


def _lrn(call: Call) -> Found:
    """Each element is divided by a sum over n neighbouring channels."""
    shape, size = call.sizes(), call.needed("size")
    window = Window((size,), (1,), (size // 2,), (1,))
    given = (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    names = {"bias": "k"}
    constants = tuple((names.get(name, name), call.number(name, value)) for name, value in given)
    counts = Counts(window_taps=size * prod(shape))
    return Found("lrn", (shape,), counts, window, constants=constants)


def _blocks(call: Call) -> Found:
    """Channels into positions, B x B of them, or back."""
    n, channels, height, width = call.sizes()
    block = call.needed("blocksize")
    if call.node.op == "DepthToSpace":
        out = (n, channels // block**2, height * block, width * block)
        return Found("pixel_shuffle", (out,))
    return Found("pixel_unshuffle", ((n, channels * block**2, height // block, width // block),))


def _roi_align(call: Call) -> Found:
    shape, regions = call.sizes(), call.sizes(1)
    sides = call.whole("output_height", 1), call.whole("output_width", 1)
    return Found("roi_align", ((regions[0], shape[1], *sides),), maps=None)


def _grid_sample(call: Call) -> Found:
    shape, grid = call.sizes(), call.sizes(1)
    return Found("grid_sample", ((*shape[:2], *grid[1:-1]),), maps=None)


RULES: dict[str, Rule] = {
    "Conv": _conv_at(1, 2),
    "ConvInteger": _conv_at(1, 9),
    "QLinearConv": _conv_at(3, 8),
    "ConvTranspose": _conv_transpose,
    "MaxPool": _max_pool,
    "AveragePool": _avg_pool,
    "LpPool": _lp_pool,
    "GlobalAveragePool": _whole_map("adaptive_avg_pool"),
    "GlobalMaxPool": _whole_map("adaptive_max_pool"),
    "Resize": _resize,
    "Upsample": _resize,
    "LRN": _lrn,
    "DepthToSpace": _blocks,
    "SpaceToDepth": _blocks,
    "RoiAlign": _roi_align,
    "GridSample": _grid_sample,
}
