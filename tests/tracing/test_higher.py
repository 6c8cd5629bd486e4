"""Functions that take functions: torch.cond, FlexAttention, derivatives, and those refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil

import pytest
import torch
from torch import Tensor, nn
from torch._higher_order_ops import while_loop
from torch.autograd import forward_ad
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.utils.flop_counter import FlopCounterMode
from traced_modules import Call

import cnnref
from cnnref.errors import CnnrefError

BLOCK = 128


class Cond(nn.Module):
    def __init__(self, decides: Callable[[nn.Module, Tensor], object]) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.register_buffer("switch", torch.tensor(True))
        self.decides = decides

    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(self.decides(self, x), lambda y: self.linear(y), lambda y: y + 1, (x,))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("decides", "ops", "macs"),
    [
        (lambda module, x: torch.tensor(True), ["linear"], 256),
        (lambda module, x: torch.tensor([False]), ["add"], 0),
        (lambda module, x: module.switch, ["linear"], 256),
        (lambda module, x: ~module.switch, ["add"], 0),
        (lambda module, x: x.shape[0] > 2, ["linear"], 256),
    ],
)
def test_a_constant_decides_which_branch_runs(
    decides: Callable[[nn.Module, Tensor], object], ops: list[str], macs: int
) -> None:
    table = cnnref.trace(Cond(decides), inputs=torch.randn(4, 8))
    assert ([row.op for row in table], table.macs) == (ops, macs)


def test_a_map_decides_nothing() -> None:
    net = Cond(lambda module, x: x.sum() > 0)
    with pytest.raises(CnnrefError, match=r"asks for the value of a feature map .*\(cond\)"):
        cnnref.trace(net, inputs=torch.randn(4, 8), values="never")
    run = cnnref.trace(net, inputs=torch.ones(4, 8))
    assert (run.ran.by, run.ran.asked) == ("inputs", "cond in the module itself (Cond)")


class Flex(nn.Module):
    def __init__(self, mask: BlockMask | None = None) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        shared = q.shape[1] != k.shape[1]
        return flex_attention(q, k, v, block_mask=self.mask, enable_gqa=shared)  # type: ignore[return-value]


# PyTorch's note that the function is slow unless it is compiled
UNCOMPILED = pytest.mark.filterwarnings("ignore:flex_attention called without:UserWarning")


def flexed(
    length: int, mask: BlockMask | None = None, batch: int = 1, heads: int = 2, keys: int = 2
) -> cnnref.Table:
    q = torch.randn(batch, heads, length, 32)
    k, v = torch.randn(batch, keys, length, 32), torch.randn(batch, keys, length, 16)
    return cnnref.trace(Flex(mask), inputs=(q, k, v))


@UNCOMPILED
@pytest.mark.parametrize("keys", [2, 1])
def test_flex_attention_without_a_mask_is_dense(keys: int) -> None:
    table = flexed(16, keys=keys)
    assert (table.macs, table.uncounted) == (2 * 16 * 16 * (32 + 16), ())
    assert table[-1].out_shape == (2, 16, 16)


def causal(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
    return query >= key


def lower(length: int) -> int:
    """Pairs in the blocks on the diagonal and below it."""
    sizes = [min(BLOCK, length - i * BLOCK) for i in range(ceil(length / BLOCK))]
    return sum(high * sum(sizes[: i + 1]) for i, high in enumerate(sizes))


@UNCOMPILED
@pytest.mark.parametrize(("length", "whole"), [(256, True), (200, True), (384, False)])
def test_flex_attention_counts_the_blocks_of_its_mask(length: int, whole: bool) -> None:
    spread = (None, None) if whole else (3, 2)
    mask = create_block_mask(causal, *spread, length, length, device="cpu")
    batch = 1 if whole else 3
    table = flexed(length, mask, batch)
    assert lower(length) < length**2
    assert (table.macs, table.uncounted) == (batch * 2 * lower(length) * (32 + 16), ())


@UNCOMPILED
def test_heads_may_have_masks_of_their_own() -> None:
    def first_is_causal(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) | (head > 0)

    mask = create_block_mask(first_is_causal, None, 2, 256, 256, device="cpu")
    assert flexed(256, mask).macs == (lower(256) + 256**2) * (32 + 16)


@UNCOMPILED
def test_a_mask_without_its_values_is_not_counted() -> None:
    mask = create_block_mask(causal, None, None, 256, 256, device="cpu").to("meta")
    q = torch.randn(1, 2, 256, 32, device="meta")
    with pytest.warns(cnnref.UncountedWarning, match="attention"):
        table = cnnref.trace(Flex(mask), inputs=(q, q, q))
    assert (table.macs, [row.op for row in table.uncounted]) == (0, ["attention"])


class Loop(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        start = torch.tensor(0)
        return while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (start, x))[1]  # type: ignore[no-any-return]


class Hidden(Loop):
    def forward(self, x: Tensor) -> Tensor:
        with torch._C.DisableTorchFunction():
            return super().forward(x)


@pytest.mark.parametrize("module", [Loop(), Hidden()])
def test_other_functions_of_functions_are_refused(module: nn.Module) -> None:
    with pytest.raises(CnnrefError, match=r"does not see inside torch.ops.higher_order.while_loop"):
        cnnref.trace(module, inputs=torch.randn(4))
    rule = {type(module): cnnref.OpaqueRule(lambda module, x: x, lambda *_: 4)}
    assert cnnref.trace(module, inputs=torch.randn(4), rules=rule).macs == 4


def tangent(x: Tensor, weight: Tensor, along: Tensor | None = None) -> Tensor:
    """The derivative of a product along a direction, by PyTorch's dual numbers."""
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, torch.ones_like(x) if along is None else along)
        return forward_ad.unpack_dual(dual @ weight)[1]  # type: ignore[no-any-return]


# PyTorch scripts some of its own as the first dual number is made
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize("constant", [False, True])
def test_tangents_are_multiplied_too(values: str, constant: bool) -> None:
    x, weight = torch.randn(3, 4), torch.randn(4, 5)
    net = Call(lambda x, w: tangent(x, w, torch.ones(3, 4) if constant else None))
    with FlopCounterMode(display=False) as counter:
        found = net(x, weight)
    assert torch.allclose(found, torch.ones(3, 4) @ weight)
    macs = cnnref.trace(net, inputs=(x, weight), values=values).macs
    # the product, and one for the direction of each factor: that of the weight is of zeros
    assert macs == counter.get_total_flops() // 2 == 3 * 3 * 4 * 5


GRADED: dict[str, Callable[[Tensor], Tensor]] = {
    "made with a gradient": lambda x: torch.zeros(3, 4, requires_grad=True),
    "made like a map": lambda x: torch.zeros_like(x[:3], requires_grad=True),
    "asked for one": lambda x: torch.zeros(3, 4).requires_grad_(),
    "told to have one": lambda x: told(torch.zeros(3, 4)),
    "new": lambda x: x.new_zeros(3, 4).requires_grad_(),
    "a parameter": lambda x: nn.Parameter(torch.zeros(3, 4)),
    "a layer's": lambda x: nn.Linear(4, 3).weight,
}


def told(x: Tensor) -> Tensor:
    x.requires_grad = True
    return x


def adapted(make: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A step of learning within forward, of what forward itself has made."""
    with torch.enable_grad():
        weight = make(x)
        loss = (x @ weight.T).square().sum() + (weight @ x.T).sum()
        slope = torch.autograd.grad(loss, weight)[0]
    return x @ (weight - 0.1 * slope).T


@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize("name", GRADED)
def test_forward_differentiates_what_it_has_made(name: str, values: str) -> None:
    x = torch.randn(7, 4)
    table = cnnref.trace(Call(partial(adapted, GRADED[name])), inputs=x, values=values, strict=True)
    # two products, the gradient of each, and one with the new weight
    assert table.macs == 5 * 7 * 4 * 3


def test_a_product_with_the_jacobian_is_made_of_two_gradients() -> None:
    x, weight = torch.randn(4), torch.randn(4, 5)
    push = Call(lambda x, w: torch.autograd.functional.jvp(lambda x: x @ w, x, torch.ones(4))[1])
    # forward, a product with the transposed, and the gradient of that
    assert cnnref.trace(push, inputs=(x, weight)).macs == 3 * 4 * 5


def test_a_constant_that_takes_a_gradient_is_left_alone_where_it_is_not_the_calls() -> None:
    weight = torch.randn(3, 4, requires_grad=True)
    before = weight.detach().clone()
    net = Call(lambda x: x @ weight.T)
    assert cnnref.trace(net, inputs=torch.randn(7, 4, requires_grad=True), mode="training").macs
    assert torch.equal(weight, before)
