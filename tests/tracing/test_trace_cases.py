"""Calls that a count can get wrong without a word: each kind against an independent count."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from traced_modules import Call

import cnnref


def counted(function: Callable[..., Any], *inputs: Any) -> cnnref.Table:
    """The rows of a call, of which none is uncounted."""
    module = function if isinstance(function, nn.Module) else Call(function)
    return cnnref.trace(module, inputs=inputs, strict=True)


def by_torch(function: Callable[..., Any], *inputs: Any) -> int:
    """MACs by torch's own counter, on a real run."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        function(*inputs)
    return counter.get_total_flops() // 2


POOLS = {
    1: (nn.MaxPool1d, nn.AvgPool1d, nn.Conv1d),
    2: (nn.MaxPool2d, nn.AvgPool2d, nn.Conv2d),
    3: (nn.MaxPool3d, nn.AvgPool3d, nn.Conv3d),
}


@pytest.mark.parametrize("rank", POOLS)
@pytest.mark.parametrize("batch", [(), (1,), (2,)])
def test_a_map_without_a_batch_is_pooled_along_all_its_axes(
    rank: int, batch: tuple[int, ...]
) -> None:
    greatest, mean, conv = POOLS[rank]
    net = nn.Sequential(conv(2, 3, 3), greatest(2), conv(3, 2, 1), mean(2, ceil_mode=True))
    image = torch.zeros(*batch, 2, *[9] * rank)
    table = counted(net, image)
    assert table.macs == by_torch(net, image)
    shapes = [tuple(row.out_shape) for row in table if row.window and row.counts.window_taps]
    size = [tuple(net[:end](image).shape) for end in (2, 4)]
    assert shapes == [shape[1:] if batch == (1,) else shape for shape in size]


SPREAD = [  # queries, keys, values
    ((1, 4, 5, 8), (3, 4, 6, 8), (3, 4, 6, 2)),
    ((3, 1, 5, 8), (3, 4, 6, 8), (3, 4, 6, 8)),
    ((3, 4, 5, 8), (1, 1, 6, 8), (1, 4, 6, 8)),
    ((1, 4, 5, 8), (1, 4, 6, 8), (3, 4, 6, 8)),
    ((4, 5, 8), (3, 1, 6, 8), (3, 4, 6, 8)),
    ((5, 8), (6, 8), (6, 3)),
]


@pytest.mark.parametrize(("query", "key", "value"), SPREAD)
def test_attention_is_counted_as_the_products_that_it_is(
    query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
) -> None:
    given = [torch.zeros(shape) for shape in (query, key, value)]
    table = counted(F.scaled_dot_product_attention, *given)
    products = lambda q, k, v: (q @ k.mT).softmax(-1) @ v  # noqa: E731
    assert table.macs == by_torch(products, *given) == counted(products, *given).macs
    assert f"= {table.macs:,} MACs" in table[0].explain()


def test_queries_that_share_heads_of_keys_each_meet_their_own() -> None:
    query, key = torch.zeros(2, 8, 5, 16), torch.zeros(2, 2, 6, 16)
    shared = lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True)  # noqa: E731
    assert counted(shared, query, key).macs == 2 * 8 * 5 * 6 * (16 + 16)


class Constant(nn.Module):
    """A product of constants, of so many rows and columns, in every forward."""

    def __init__(self, rows: int, inner: int, parameter: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        left, right = torch.zeros(rows, inner), torch.zeros(inner, rows)
        self.a = nn.Parameter(left) if parameter else left
        self.b = nn.Parameter(right) if parameter else right

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + (self.a @ self.b).sum()


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("inner", [5, 70_000])
@pytest.mark.parametrize("parameter", [False, True])
def test_a_product_of_constants_counts_in_every_forward(
    rows: int, inner: int, parameter: bool
) -> None:
    net, image = Constant(rows, inner, parameter), torch.zeros(3, 8)
    assert counted(net, image).macs == by_torch(net, image) == 3 * 8 * 8 + rows * rows * inner


def test_a_product_of_vectors_that_are_constants_counts() -> None:
    a = torch.zeros(7)
    for dot in (torch.dot, torch.vdot, torch.inner, torch.matmul, torch.linalg.vecdot):
        assert counted(lambda x, dot=dot: x + dot(a, a), torch.zeros(3)).macs == 7
    # a number that a tensor holds is no row
    assert [row.op for row in counted(lambda x: x + a.sum() * 2, torch.zeros(3))] == ["add"]


@pytest.mark.parametrize("rows", [3, 25, 26, 40])
@pytest.mark.parametrize("p", [1.0, 2.0])
def test_distances_take_as_many_macs_by_whichever_way(rows: int, p: float) -> None:
    few, many = torch.zeros(2, 4, 7), torch.zeros(2, rows, 7)
    table = counted(lambda a, b: torch.cdist(a, b, p), few, many)
    assert [(row.op, row.macs) for row in table] == [("cdist", 2 * 4 * rows * 7)]
    pairs = sum(1 for i, j in product(range(rows), repeat=2) if i < j)
    assert counted(F.pdist, many[0]).macs == pairs * 7


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_vecdot_sums_along_its_axis(dim: int) -> None:
    a, b = torch.zeros(3, 4, 5), torch.zeros(1, 4, 5) if dim else torch.zeros(3, 1, 5)
    assert counted(lambda a, b: torch.linalg.vecdot(a, b, dim=dim), a, b).macs == 3 * 4 * 5


EINSUMS = ["ij,jk,kl->il", "bi,ijk,bj->bk", "ii->i", "i,i->", "ab,cd->abcd", "ij,ij->"]


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum_is_counted_as_it_runs(equation: str) -> None:
    size = {letter: place + 2 for place, letter in enumerate("abcdijkl")}
    terms = equation.partition("->")[0].split(",")
    given = [torch.zeros([size[letter] for letter in term]) for term in terms]
    product = lambda *x: torch.einsum(equation, *x)  # noqa: E731
    summed = len(terms) == 1 or equation == "ab,cd->abcd"  # of no sum, so of no MAC
    assert counted(product, *given).macs == (0 if summed else by_torch(product, *given))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_of_convolutions_are_counted(rank: int, groups: int) -> None:
    image, weight = (2, 4, *[7] * rank), (6, 4 // groups, *[3] * rank)
    gradient = torch.zeros(2, 6, *[5] * rank)
    to_input, to_weight = (
        getattr(torch.nn.grad, f"conv{rank}d_{of}") for of in ("input", "weight")
    )
    macs = 2 * 6 * 5**rank * (4 // groups) * 3**rank
    table = counted(
        lambda w, g: to_input(image, w, g, groups=groups), torch.zeros(weight), gradient
    )
    assert table.macs == macs
    assert table.macs == by_torch(
        lambda w, g: to_input(image, w, g, groups=groups), torch.zeros(weight), gradient
    )
    function = lambda x, g: to_weight(x, weight, g, groups=groups)  # noqa: E731
    assert counted(function, torch.zeros(image), gradient).macs == macs
    # torch's counter takes the gradient of a weight as dense, whatever the groups
    assert by_torch(function, torch.zeros(image), gradient) == groups * macs


def in_real_parts(product: Callable[..., Tensor], a: Tensor, b: Tensor) -> Tensor:
    """A complex product by its definition."""
    real = product(a.real, b.real) - product(a.imag, b.imag)
    return torch.complex(real, product(a.real, b.imag) + product(a.imag, b.real))


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (F.conv2d, ((2, 3, 8, 8), (4, 3, 3, 3))),
        (F.conv_transpose1d, ((2, 3, 8), (3, 4, 3))),
        (F.linear, ((5, 8), (6, 8))),
        (torch.matmul, ((2, 5, 8), (2, 8, 6))),
        (lambda a, b: torch.einsum("ij,kj->ik", a, b), ((5, 8), (6, 8))),
    ],
)
def test_a_complex_mac_is_four_real_ones(
    function: Callable[..., Tensor], shapes: tuple[tuple[int, ...], ...]
) -> None:
    given = [torch.randn(shape, dtype=torch.complex64) for shape in shapes]
    wanted = in_real_parts(function, *given)
    torch.testing.assert_close(function(*given), wanted)
    table = counted(function, *given)
    assert table.macs == by_torch(lambda a, b: in_real_parts(function, a, b), *given)
    assert all(f"= {row.macs:,} MACs" in row.explain() for row in table if row.macs)
    bias = nn.Linear(8, 6, dtype=torch.complex64)
    row = counted(bias, given[0]) if shapes[0] == (5, 8) else None
    assert row is None or row[0].counts.bias_adds == 2 * 5 * 6


HARMLESS = {
    "logcumsumexp": lambda x: torch.logcumsumexp(x, 0),
    "nanmedian": lambda x: x.nanmedian(),
    "cross": lambda x: torch.linalg.cross(x, x),
    "i0": torch.special.i0,
    "log_ndtr": torch.special.log_ndtr,
    "addr": lambda x: torch.addr(x, x[:, 0], x[0]),
    "all": lambda x: torch.ops.aten._is_all_true(x > 0),
    "any": lambda x: torch.ops.aten._is_any_true(x > 0),
    "fake_quantize": lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255),
    "backward": lambda x: torch.ops.aten.gelu_backward(x, x),
}


@pytest.mark.parametrize("op", HARMLESS)
def test_operators_without_products_count_as_such(op: str) -> None:
    table = counted(HARMLESS[op], torch.zeros(4, 3))
    assert table.macs == 0
    assert op in [row.op for row in table]


def test_the_gradient_of_what_has_products_is_not_taken_for_free() -> None:
    step = Call(lambda x: torch.ops.aten._cdist_backward(x, x, x, 2.0, x @ x.T))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cnnref.UncountedWarning)
        table = cnnref.trace(step, inputs=torch.zeros(4, 4))
    assert [row.op for row in table.uncounted] == ["_cdist_backward"]


class Decides(nn.Module):
    """One linear layer, or two of them where a question is answered with no."""

    def __init__(self, question: Callable[..., Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.ones(1))
        self.question = question

    def forward(self, x: Tensor, *given: Any) -> Tensor:
        once = self.linear(x)
        return once if self.question(x, *given) else self.linear(once)


ROWS = 4
QUESTIONS = {
    "a mask on the device of a map": lambda x, m: m.to(x.device).all(),
    "numbers on the device of a map": lambda x, m: torch.arange(4, device=x.device).max() == 3,
    "a number on the device of a map": lambda x, m: torch.tensor(3, device=x.device) > 2,
    "new ones": lambda x, m: x.new_ones(3).sum() == 3,
    "new ones of another type": lambda x, m: x.new_full((2,), True, dtype=torch.bool).all(),
    "a new tensor": lambda x, m: x.new_tensor([1, 2]).sum() == 3,
    "ones like a map": lambda x, m: torch.ones_like(x, dtype=torch.bool).all(),
    "a mask that was filled": lambda x, m: torch.zeros_like(x[:, 0]).masked_fill_(m, 1).all(),
    "the device": lambda x, m: x.device == m.device and x.is_cpu and not x.is_cuda,
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_small_constants_are_known_wherever_they_are_put(name: str) -> None:
    given = torch.randn(ROWS, 8), torch.ones(ROWS, dtype=torch.bool)
    assert counted(Decides(QUESTIONS[name]), *given).macs == ROWS * 8 * 8


def test_the_device_of_a_map_is_that_of_the_module() -> None:
    seen = []
    asks = Call(lambda x: seen.append((x.device, torch.zeros(2, device=x.device).device)) or x)
    cnnref.trace(asks, (3, 4, 4))
    cnnref.trace(asks, inputs=torch.zeros(2, device="meta"))
    cpu = torch.device("cpu")
    assert seen == [(cpu, cpu)] * 2


class Weighed(nn.Module):
    def __init__(self, scaled: Callable[[nn.Module, Tensor], Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.full((1,), 2.0))
        self.scaled = scaled

    def forward(self, x: Tensor) -> Any:
        return self.linear(x[: int(self.scaled(self, x))])


@pytest.mark.parametrize(
    "value",
    [
        lambda net, x: net.scale,
        lambda net, x: net.scale.item(),
        lambda net, x: float(net.scale),
        lambda net, x: net.scale.tolist()[0],
    ],
)
def test_a_weight_is_known_as_it_is(value: Callable[[nn.Module, Tensor], Any]) -> None:
    assert counted(Weighed(value), torch.zeros(4, 8)).macs == 2 * 8 * 8


def filled(net: nn.Module, x: Tensor) -> Tensor:
    made = torch.ones(2)
    made[0] = x.sum()
    return made


def added(net: nn.Module, x: Tensor) -> Tensor:
    return torch.ones(1).add_(x.sum())


def into(net: nn.Module, x: Tensor) -> Tensor:
    out = torch.ones(1)
    torch.add(x.sum()[None], 1, out=out)
    return out


@pytest.mark.parametrize("write", [filled, added, into, lambda net, x: net.scale.mul_(x.sum())])
def test_what_a_map_was_written_into_is_known_no_more(write: Any) -> None:
    net = Weighed(lambda net, x: write(net, x)[0])
    with pytest.raises(cnnref.CnnrefError, match="asks for the value of a feature map"):
        cnnref.trace(net, inputs=torch.zeros(4, 8), values="never")


SPLITS = {
    "tensor_split": lambda x, at: torch.tensor_split(x, at),
    "tensor_split of its own": lambda x, at: x.tensor_split(dim=0, tensor_indices_or_sections=at),
}


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("at", [torch.tensor([1, 3]), torch.tensor(2)])
def test_a_map_is_split_where_a_constant_says(name: str, at: Tensor) -> None:
    linear = nn.Linear(8, 8)
    net = Call(lambda x, at: [linear(part) for part in SPLITS[name](x, at)])
    table = counted(net, torch.zeros(6, 8), at)
    assert table.macs == 6 * 8 * 8
    sizes = [len(part) for part in torch.zeros(6, 8).tensor_split(at)]
    assert [row.in_shape.elements // 8 for row in table if row.op == "linear"] == sizes


@pytest.mark.parametrize(
    "select",
    [
        lambda x, m: x[m],
        lambda x, m: torch.masked_select(x, m[:, None]).view(-1, 8),
        lambda x, m: x.masked_select(mask=m[:, None].expand(6, 8)).view(-1, 8),
    ],
)
def test_a_mask_that_is_known_selects_as_many_as_it_does(select: Any) -> None:
    linear, mask = nn.Linear(8, 8), torch.tensor([1, 1, 0, 0, 0, 1], dtype=torch.bool)
    table = counted(lambda x, m: linear(select(x, m)), torch.zeros(6, 8), mask)
    assert table.macs == 3 * 8 * 8


ENCODER = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 3).eval()
# for each layer: projections, the two products of attention, and two linear layers
ENCODED = 3 * (4 * 20 * 32 * 32 + 2 * 2 * 10 * 10 * 32 + 2 * 20 * 32 * 64)


@pytest.mark.parametrize("kind", ["none", "padding", "causal", "said to be causal"])
def test_an_encoder_counts_what_is_padded_under_any_mask(kind: str) -> None:
    padding = torch.zeros(2, 10, dtype=torch.bool)
    padding[1, 7:] = True
    causal = nn.Transformer.generate_square_subsequent_mask(10)
    masks: dict[str, dict[str, Any]] = {
        "padding": {"src_key_padding_mask": padding},
        "causal": {"mask": causal},
        "said to be causal": {"mask": causal, "is_causal": True},
    }
    fast = torch.backends.mha.get_fastpath_enabled()
    table = cnnref.trace(ENCODER, inputs={"src": torch.zeros(2, 10, 32), **masks.get(kind, {})})
    assert table.macs == ENCODED
    assert torch.backends.mha.get_fastpath_enabled() == fast


@pytest.mark.skipif(not hasattr(F, "grouped_mm"), reason="torch 2.9 has none")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_each_row_of_a_grouped_product_meets_one_matrix(dtype: torch.dtype) -> None:
    rows, experts = torch.zeros(24, 32, dtype=dtype), torch.zeros(4, 32, 16, dtype=dtype)
    ends = torch.tensor([8, 8, 16, 24], dtype=torch.int32)
    grouped = lambda a, b, at: F.grouped_mm(a, b, offs=at)  # noqa: E731
    table = counted(grouped, rows, experts, ends)
    starts = [0, *ends.tolist()[:-1]]
    parts = [(rows[i:j], experts[k]) for k, (i, j) in enumerate(zip(starts, ends, strict=True))]
    assert table.macs == sum(by_torch(torch.mm, *part) for part in parts) == 24 * 32 * 16
    assert tuple(table[-1].out_shape) == tuple(grouped(rows, experts, ends).shape)
    along_columns = counted(grouped, experts.mT.contiguous(), rows.mT.contiguous(), ends)
    assert along_columns.macs == 16 * 32 * 24
    assert tuple(along_columns[-1].out_shape) == (16, 24)
    assert counted(F.grouped_mm, experts.mT, experts).macs == 4 * 16 * 32 * 16


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("packed", [False, True])
def test_recurrent_layers_count_their_steps_without_taking_them(kind: Any, packed: bool) -> None:
    layer = kind(8, 16, 2, bidirectional=True)
    lengths = [5, 3, 3]
    data: Any = torch.zeros(5, 3, 8)
    given = nn.utils.rnn.pack_padded_sequence(data, lengths) if packed else data
    seen: list[str] = []

    class Ops(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    def macs() -> int:
        return cnnref.trace(Call(lambda x: layer(x)), inputs=(given,)).macs

    gates = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}[kind]
    steps = sum(lengths) if packed else 5 * 3
    first, second = 16 * (8 + 16), 16 * (2 * 16 + 16)
    with Ops():
        assert macs() == steps * gates * 2 * (first + second)
    assert not [name for name in seen if "mm" in name or "cell" in name]
