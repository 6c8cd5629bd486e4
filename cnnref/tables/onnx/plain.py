"""Operators without MACs that compute: elementwise ones, norms and reductions."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnnref.counting.layer import Constants
from cnnref.tables.onnx.calls import Call, Found, Rule, Sizes, UnknownError, broadcast, short

__all__ = ["RULES"]

# fmt: off
# of one map each, by what PyTorch calls them
UNARY = {
    "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh",
    "Atan": "atan", "Atanh": "atanh", "Ceil": "ceil", "Celu": "celu", "Cos": "cos",
    "Cosh": "cosh", "CumSum": "cumsum", "DequantizeLinear": "fake_quantize", "Elu": "elu",
    "Erf": "erf", "Exp": "exp", "Floor": "floor", "Gelu": "gelu", "HardSigmoid": "hardsigmoid",
    "HardSwish": "hardswish", "IsInf": "isinf", "IsNaN": "isnan", "LeakyRelu": "leaky_relu",
    "Log": "log", "LogSoftmax": "log_softmax", "Mish": "mish", "Neg": "neg",
    "Not": "logical_not", "QuantizeLinear": "fake_quantize", "Reciprocal": "reciprocal",
    "Relu": "relu", "Round": "round", "Selu": "selu", "Shrink": "hardshrink",
    "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin", "Sinh": "sinh", "Softmax": "softmax",
    "Softplus": "softplus", "Softsign": "softsign", "Sqrt": "sqrt", "Swish": "silu", "Tan": "tan",
    "Tanh": "tanh", "ThresholdedRelu": "threshold", "LpNormalization": "divide",
}
# of several, spread over one another
JOINS = {
    "Add": "add", "And": "logical_and", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor", "Div": "divide", "Equal": "eq", "Greater": "gt",
    "GreaterOrEqual": "ge", "Less": "lt", "LessOrEqual": "le", "Max": "maximum",
    "Min": "minimum", "Mod": "remainder", "Mul": "multiply", "Or": "logical_or", "Pow": "pow",
    "Sub": "sub", "Sum": "add", "Where": "where", "Xor": "logical_xor",
}
REDUCTIONS = {
    "ReduceL1": "norm", "ReduceL2": "norm", "ReduceLogSum": "logsumexp",
    "ReduceLogSumExp": "logsumexp", "ReduceMax": "amax", "ReduceMean": "mean",
    "ReduceMin": "amin", "ReduceProd": "prod", "ReduceSum": "sum", "ReduceSumSquare": "norm",
}
# fmt: on


def _unary(op: str) -> Rule:
    return lambda call: Found(op, (call.sizes(),))


def _join(op: str) -> Rule:
    def rule(call: Call) -> Found:
        """One output for each element, of all that is given; a lone number is no map."""
        places = range(len(call.values))
        shapes = [call.sizes(place) for place in places]
        # an old way: the second is laid over the first from an axis on
        out = shapes[0] if call.whole("broadcast") else broadcast(*shapes)
        lone = tuple(place for place in places if _is_number(call, place))
        maps = tuple(place for place in places if place not in lone)
        if op == "multiply" and lone and len(maps) == 1:
            known = call.value(lone[0]).data
            constants: Constants = (("factor", known[0]),) if known else ()
            return Found("scale", (out,), maps=maps, constants=constants)
        return Found(op, (out,), maps=maps)

    return rule


def _is_number(call: Call, place: int) -> bool:
    return call.value(place).producer is None and prod(call.sizes(place)) == 1


def _clip(call: Call) -> Found:
    """A ReLU6 is one between 0 and 6."""
    ends = []
    for place, name in ((1, "min"), (2, "max")):
        known = call.value(place).data if call.has(place) else None
        ends.append(known[0] if known else call.node.attributes.get(name))
    return Found("relu6" if ends == [0, 6] else "clamp", (call.sizes(),))


def _prelu(call: Call) -> Found:
    return Found("prelu", (call.sizes(),), weights=(1,))


def _quantized(call: Call) -> Found:
    """The map in whole numbers, and the scale and the zero point that it finds for them."""
    return Found("fake_quantize", (call.sizes(), (), ()))


def _norm(op: str) -> Rule:
    def rule(call: Call) -> Found:
        """A scale and a shift; running statistics are none of what is learned."""
        shape = call.sizes()
        constants: Constants = ()
        if op == "batch_norm":
            constants = (("eps", call.number("epsilon", 1e-5)),)
            if call.number("training_mode", 0):
                constants += (("batch_statistics", 1),)
        # what is worked out on the way: a number for each channel, or for each map that is normed
        statistics = shape[1:2] if op == "batch_norm" else _normed(shape, call.whole("axis", -1))
        outs = (shape, *[statistics] * (len(call.node.outputs) - 1))
        return Found(op, outs, weights=(1,), biases=(2,), constants=constants)

    return rule


def _normed(shape: Sizes, axis: int) -> Sizes:
    """The sizes of a map whose last axes, from one on, have become a single number."""
    kept = shape[: axis % max(1, len(shape))]
    return kept + (1,) * (len(shape) - len(kept))


def _dropout(call: Call) -> Found:
    """At inference the input itself."""
    known = call.value(1).data if call.has(1) else None
    ratio = short(known[0]) if known else call.number("ratio", 0.5)
    outs = (call.sizes(),) * max(1, len(call.node.outputs))
    return Found("dropout", outs, constants=(("p", ratio),))


def _reduction(op: str) -> Rule:
    def rule(call: Call) -> Found:
        """Many elements into one, along the axes that are named, or all."""
        shape = call.sizes()
        axes = call.listed("axes", 1)
        if not axes:
            axes = () if call.whole("noop_with_empty_axes") else tuple(range(len(shape)))
        return Found(op, (_reduced(shape, axes, bool(call.whole("keepdims", 1))),))

    return rule


def _reduced(shape: Sizes, axes: Sizes, kept: bool) -> Sizes:
    gone = {axis % len(shape) for axis in axes} if shape else set()
    return tuple(
        1 if axis in gone else size for axis, size in enumerate(shape) if kept or axis not in gone
    )


def _arg(op: str) -> Rule:
    def rule(call: Call) -> Found:
        axis, kept = call.whole("axis"), bool(call.whole("keepdims", 1))
        return Found(op, (_reduced(call.sizes(), (axis,), kept),))

    return rule


def _topk(call: Call) -> Found:
    shape = list(call.sizes())
    (many,) = call.wholes(1) if call.has(1) else (call.whole("k", 1),)
    shape[call.whole("axis", -1)] = many
    return Found("topk", (tuple(shape), tuple(shape)))


def _mean(call: Call) -> Found:
    """A sum of maps, and a multiple of it: no product is summed."""
    return _join("add")(call)


def _range(call: Call) -> Found:
    start, limit, step = (call.data(place)[0] for place in range(3))
    if not step:
        raise UnknownError
    count = max(0, -int(-(limit - start) // step))
    return Found("arange", ((count,),), maps=())


def _rules(names: dict[str, str], make: Callable[[str], Rule]) -> dict[str, Rule]:
    return {name: make(op) for name, op in names.items()}


NORMS = {
    "BatchNormalization": "batch_norm",
    "GroupNormalization": "group_norm",
    "InstanceNormalization": "instance_norm",
    "LayerNormalization": "layer_norm",
    "RMSNormalization": "rms_norm",
}
RULES: dict[str, Rule] = {
    **_rules(UNARY, _unary),
    **_rules(JOINS, _join),
    **_rules(REDUCTIONS, _reduction),
    **_rules(NORMS, _norm),
    **_rules({"ArgMax": "argmax", "ArgMin": "argmin"}, _arg),
    "Clip": _clip,
    "DynamicQuantizeLinear": _quantized,
    "PRelu": _prelu,
    "Dropout": _dropout,
    "TopK": _topk,
    "Mean": _mean,
    "Range": _range,
}
