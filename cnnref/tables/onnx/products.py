"""Products of matrices: linear layers, attention, sums over named axes, recurrent layers."""

from __future__ import annotations

from math import prod

from cnnref.counting.shapes import Counts
from cnnref.errors import ShapeError
from cnnref.tables.onnx.calls import Call, Found, Rule, Sizes, UnknownError, broadcast

__all__ = ["RULES"]


def _gemm(call: Call) -> Found:
    """A product of two matrices, either turned, and what is added: K MACs for each output."""
    left, right = call.sizes(), call.sizes(1)
    left = left[::-1] if call.whole("transA") else left
    right = right[::-1] if call.whole("transB") else right
    _fits(left[-1], right[0])
    out = (*left[:-1], right[1])
    counts = Counts(macs=prod(out) * left[-1], bias_adds=prod(out) * call.biased(2))
    return _of_matrices(call, out, counts, (0, 1), call.biases(2))


def _matmul_of(left: int, right: int) -> Rule:
    def rule(call: Call) -> Found:
        """A product of matrices for each of what stands in front of them."""
        first, second = call.sizes(left), call.sizes(right)
        one, two = len(first) == 1, len(second) == 1
        a, b = (1, *first) if one else first, (*second, 1) if two else second
        _fits(a[-1], b[-2])
        rows, columns = () if one else (a[-2],), () if two else (b[-1],)
        out = (*broadcast(a[:-2], b[:-2]), *rows, *columns)
        return _of_matrices(call, out, Counts(macs=prod(out) * a[-1]), (left, right), ())

    return rule


def _fits(width: int, height: int) -> None:
    if width != height:
        raise ShapeError(f"its weights take {height:,} features, but its input has {width:,}")


def _of_matrices(
    call: Call, out: Sizes, counts: Counts, places: tuple[int, int], biases: tuple[int, ...]
) -> Found:
    """A linear layer where the second is constant and one matrix; else a product."""
    left, right = places
    plain = call.value(right).producer is None and len(call.sizes(right)) == 2
    made = call.value(left).producer is not None
    op = "linear" if plain and made else "matmul"
    maps = tuple(place for place in places if call.value(place).producer is not None)
    weights = tuple(place for place in places if place not in maps)
    return Found(op, (out,), counts, None, maps, weights, biases)


def _einsum(call: Call) -> Found:
    """A sum over letters of both terms that the output lacks, for each letter of the output.

    What one term alone has and the output lacks is summed before.
    """
    equation = call.text("equation").replace(" ", "")
    terms, arrow, out = equation.partition("->")
    parts = terms.split(",")
    if not arrow or "." in equation or len(parts) != len(call.values) or len(parts) > 2:
        raise UnknownError
    size: dict[str, int] = {}
    for place, letters in enumerate(parts):
        for letter, axis in zip(letters, call.sizes(place), strict=True):
            size[letter] = axis if size.get(letter, 1) == 1 else size[letter]
    shape = tuple(size[letter] for letter in out)
    if len(parts) == 1:
        return Found("sum" if set(size) - set(out) else "permute", (shape,))
    shared = set(parts[0]) & set(parts[1])
    if shared <= set(out):
        return Found("multiply", (shape,), maps=None)
    factors = tuple(size[letter] for letter in size if letter in shared or letter in out)
    found = _of_matrices(call, shape, Counts(macs=prod(factors)), (0, 1), ())
    return found._replace(op="matmul", formulas=(("macs", (factors,)),))


def _attention(call: Call) -> Found:
    """Q K^T and its product with V: D_q + D_v MACs for each pair of positions of each head.

    Keys and values that are kept from before stand in front of the new ones.
    """
    query, key, value = (call.sizes(place) for place in range(3))
    out: Sizes
    if len(query) == 4:
        heads, groups, width, deep = query[1], key[1], query[-1], value[-1]
        out = (*query[:-1], deep)
    else:
        heads, groups = call.needed("q_num_heads"), call.needed("kv_num_heads")
        width, deep = query[-1] // heads, value[-1] // groups
        out = (*query[:-1], heads * deep)
    keys = key[-2] + (call.sizes(4)[-2] if call.has(4) else 0)
    pairs = query[0] * heads * query[-2] * keys
    kept = (query[0], groups, keys)
    products = (pairs, width), (pairs, deep)
    return Found(
        "attention",
        (out, (*kept, width), (*kept, deep), (*query[:1], heads, query[-2], keys)),
        Counts(macs=sum(map(prod, products))),
        maps=tuple(place for place in range(6) if call.has(place)),
        formulas=(("macs", products),),
    )


def _recurrent(op: str) -> Rule:
    def rule(call: Call) -> Found:
        """Every weight once for each step, and every bias; sequences may end before the last."""
        shape, gates, again = call.sizes(), call.sizes(1), call.sizes(2)
        first = call.whole("layout")
        steps, images = (shape[1], shape[0]) if first else shape[:2]
        directions, hidden = again[0], again[-1]
        state = (images, directions, hidden) if first else (directions, images, hidden)
        every = (images, steps) if first else (steps, directions, images)
        out = (*every, directions, hidden) if first else (*every, hidden)
        biases = call.sizes(3) if call.has(3) else (0,)
        ends = call.value(4).data if call.has(4) else None
        taken = steps * images if ends is None else sum(map(int, ends))
        matrices = (taken, *gates), (taken, *again)
        counts = Counts(macs=sum(map(prod, matrices)), bias_adds=taken * prod(biases))
        maps = tuple(place for place in (0, 5, 6) if call.has(place))
        formulas = (("macs", matrices),)
        return Found(
            op,
            (out, state, state),
            counts,
            None,
            maps,
            (1, 2, 7),
            call.biases(3),
            formulas=formulas,
        )

    return rule


RULES: dict[str, Rule] = {
    "Gemm": _gemm,
    "MatMul": _matmul_of(0, 1),
    "MatMulInteger": _matmul_of(0, 1),
    "QLinearMatMul": _matmul_of(0, 3),
    "Einsum": _einsum,
    "Attention": _attention,
    "LSTM": _recurrent("lstm"),
    "GRU": _recurrent("gru"),
    "RNN": _recurrent("rnn"),
}
