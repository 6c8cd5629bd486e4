"""Calls of a kind that counters pass over: each with a value that a formula or PyTorch gives."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from cnnref.errors import ForwardError

pytestmark = pytest.mark.filterwarnings(
    "ignore:.torch.jit:DeprecationWarning", "ignore:Sparse:UserWarning"
)


class Call(nn.Module):
    def __init__(self, call: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.call = call
        self.parts = nn.ModuleList(parts)

    def forward(self, *args: Tensor) -> Any:
        return self.call(*args)


def traced(call: Callable[..., Any], *args: Tensor) -> cnnref.Table:
    module = call if isinstance(call, nn.Module) else Call(call)
    return cnnref.trace(module, inputs=args, strict=True)


def counted(call: Callable[..., Any], *args: Tensor) -> int:
    """What PyTorch's own counter says of the real call, in MACs."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call(*args)
    return counter.get_total_flops() // 2  # type: ignore[no-any-return]


A, B, C = torch.randn(4, 6), torch.randn(50, 6), torch.randn(50, 2)


def three(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.einsum("ij,kj,kl->il", a, b, c)


def test_three_operands_are_taken_in_the_order_that_pytorch_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend: Any = torch.backends.opt_einsum.m  # type: ignore[attr-defined]
    monkeypatch.setattr(backend, "enabled", False)
    # from the left: 4 x 50 sums of 6, then 4 x 2 sums of 50
    assert traced(three, A, B, C).macs == counted(three, A, B, C) == 4 * 50 * 6 + 4 * 2 * 50
    # as opt_einsum says, where it is installed and on: 6 x 2 sums of 50, then 4 x 2 of 6
    path = SimpleNamespace(contract_path=lambda *_, **__: ([(1, 2), (0, 1)], None))
    monkeypatch.setattr(backend, "_opt_einsum", path)
    monkeypatch.setattr(backend, "is_available", lambda: True)
    monkeypatch.setattr(backend, "enabled", True)
    assert traced(three, A, B, C).macs == counted(three, A, B, C) == 6 * 2 * 50 + 4 * 2 * 6


GRADIENTS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...], int]] = {
    # each element of the gradient meets the C_in / G x K numbers of its filter
    "conv1d_input": (
        lambda g: torch.nn.grad.conv1d_input((2, 3, 9), torch.randn(8, 3, 3), g),
        (2, 8, 7), 2 * 8 * 7 * 3 * 3,
    ),
    "conv2d_input": (
        lambda g: torch.nn.grad.conv2d_input(
            (2, 4, 9, 9), torch.randn(8, 2, 3, 3), g, stride=2, padding=1, groups=2
        ),
        (2, 8, 5, 5), 2 * 8 * 25 * 2 * 9,
    ),
    "conv3d_input": (
        lambda g: torch.nn.grad.conv3d_input((1, 2, 5, 5, 5), torch.randn(4, 2, 3, 3, 3), g),
        (1, 4, 3, 3, 3), 4 * 27 * 2 * 27,
    ),
    "conv1d_weight": (
        lambda g: torch.nn.grad.conv1d_weight(torch.randn(2, 3, 9), (8, 3, 3), g),
        (2, 8, 7), 2 * 8 * 7 * 3 * 3,
    ),
    "conv2d_weight": (
        lambda g: torch.nn.grad.conv2d_weight(torch.randn(2, 3, 8, 8), (8, 3, 3, 3), g),
        (2, 8, 6, 6), 2 * 8 * 36 * 27,
    ),
    "conv3d_weight": (
        lambda g: torch.nn.grad.conv3d_weight(torch.randn(1, 2, 5, 5, 5), (4, 2, 3, 3, 3), g),
        (1, 4, 3, 3, 3), 4 * 27 * 2 * 27,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_convolutions_have_the_macs_of_the_way_forward(name: str) -> None:
    call, shape, macs = GRADIENTS[name]
    gradient = torch.randn(shape)
    assert traced(call, gradient).macs == macs
    if not name.endswith("_input") or "2d" not in name:  # its formula knows of no groups there
        assert counted(call, gradient) == macs


class Energy(nn.Module):
    """An energy and its forces; whether PyTorch records gradients is its caller's to say."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(6, 8), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x.requires_grad_()
        energy = self.outer(torch.tanh(self.inner(x))).sum()
        return torch.autograd.grad(energy, x)[0]


def test_a_forward_that_differentiates_is_traced_also_where_nobody_records() -> None:
    # 4 rows through both layers, and their gradient back through both
    assert traced(Energy(), torch.randn(4, 6)).macs == 2 * 4 * (6 * 8 + 8)
    given = torch.randn(4, 6, requires_grad=True)
    linear = nn.Linear(6, 8)
    forces = Call(lambda x: torch.autograd.grad(linear(x).sum(), x)[0], linear)
    assert traced(forces, given).macs == 2 * 4 * 6 * 8
    assert given.grad is None


def test_transforms_count_what_runs() -> None:
    linear, x, row = nn.Linear(6, 5), torch.randn(4, 6), torch.randn(6)
    with torch.no_grad():
        # a row back for each of five outputs, besides one forward
        reverse = Call(lambda v: torch.func.jacrev(linear)(v), linear)
        assert traced(reverse, row).macs == 30 + 5 * 30
    push = Call(lambda v: torch.func.jvp(linear, (v,), (torch.ones_like(v),))[1], linear)
    # forward, and a product for the direction of each factor; that of the weight is of zeros,
    # which PyTorch multiplies all the same
    assert traced(push, x).macs == counted(push, x) == 3 * 120


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_modules_of_onednn_are_what_they_were_made_of() -> None:
    dense = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5)
    ).eval()
    image = torch.randn(1, 3, 8, 8)
    from torch.utils import mkldnn

    packed = mkldnn.to_mkldnn(dense)
    assert traced(packed, image).macs == traced(dense, image).macs == 36 * 4 * 27 + 4 * 36 * 5
    assert traced(packed[:3], image.to_mkldnn()).macs == 36 * 4 * 27
    # they hold no parameters themselves, and none are counted
    assert traced(packed, image).parameters == len(list(packed.parameters())) == 0


class Loose(nn.Module):
    """Parameters in a plain list, a module in one, and a parameter made in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Linear(6, 2)
        self.numbers = [nn.Parameter(torch.randn(6, 2))]
        self.layers = [nn.Linear(6, 2)]

    def forward(self, x: Tensor) -> Tensor:
        made = nn.Parameter(torch.ones(6, 2))
        y: Tensor = self.own(x) + x @ self.numbers[0] + self.layers[0](x) + x @ made
        return y


def test_parameters_are_those_of_the_module_and_others_count_apart() -> None:
    module = Loose()
    table = traced(module, torch.randn(4, 6))
    assert table.parameters == sum(p.numel() for p in module.parameters()) == 14
    assert table.unregistered_parameters == 12 + 14 + 12
    assert table.macs == 4 * 4 * 12
    assert "38 more learned numbers are used, which are none of the module's" in table.to_text()
    again = cnnref.Table.from_json(table.to_json())
    assert (again, again.unregistered_parameters) == (table, 38)


HALF = {
    "linear": (nn.Linear(6, 5), (4, 6)),
    "conv": (nn.Conv2d(3, 4, 3), (1, 3, 8, 8)),
    "conv_transpose": (nn.ConvTranspose2d(3, 4, 3), (1, 3, 8, 8)),
    "batch_norm": (nn.BatchNorm1d(6), (4, 6)),
    "layer_norm": (nn.LayerNorm(6), (4, 6)),
    "group_norm": (nn.GroupNorm(2, 6), (4, 6)),
    "bilinear": (nn.Sequential(nn.Linear(6, 5), nn.ReLU()), (4, 6)),
}


@pytest.mark.parametrize("name", HALF)
def test_a_module_in_half_precision_refuses_what_pytorch_refuses(name: str) -> None:
    module, shape = HALF[name]
    half = module.half().eval()
    given = torch.randn(shape)
    with pytest.raises(RuntimeError):
        half(given)
    with pytest.raises(ForwardError, match=r"type|dtype"):
        traced(half, given)
    # told by its shape alone, an image is of the module's type
    cnnref.trace(half, shape[1:])


def test_types_may_differ_where_pytorch_lets_them() -> None:
    x, weight = torch.randn(4, 6), torch.randn(5, 6, dtype=torch.bfloat16)
    with pytest.raises(ForwardError, match="of float32 and bfloat16; give an input of the type"):
        traced(lambda v: F.linear(v, weight), x)

    def cast(v: Tensor) -> Tensor:
        with torch.autocast("cpu"):
            return F.linear(v, weight)

    assert traced(cast, x).macs == 4 * 5 * 6
    # statistics in float32 beside maps in half precision
    traced(nn.BatchNorm1d(6), x.bfloat16())


def test_a_product_at_the_numbers_of_a_sparse_matrix() -> None:
    where = torch.eye(4).to_sparse_csr()
    call = Call(lambda a, b: torch.sparse.sampled_addmm(where, a, b))
    assert traced(call, torch.randn(4, 6), torch.randn(6, 4)).macs == 4 * 6


def test_weights_of_few_bits_are_multiplied_too() -> None:
    weight = torch.ones(32, 64, dtype=torch.int8)
    call = Call(lambda x: torch.ops.aten._weight_int8pack_mm(x, weight, torch.ones(32)))
    assert traced(call, torch.randn(4, 64)).macs == 4 * 32 * 64


def test_an_inner_product_with_a_number_is_a_multiple() -> None:
    table = traced(torch.inner, torch.randn(3, 4), torch.tensor(2.0))
    assert [(row.op, row.macs) for row in table] == [("multiply", 0)]


@pytest.mark.skipif(not hasattr(F, "linear_cross_entropy"), reason="torch 2.9 has none")
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_classifier_with_its_loss_counts_its_products(reduction: str) -> None:
    from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions

    weight, target = torch.randn(10, 6), torch.randint(10, (4,))

    def call(x: Tensor) -> Tensor:
        return F.linear_cross_entropy(
            x, weight, target, reduction=reduction, options=LinearCrossEntropyOptions()
        )

    assert traced(call, torch.randn(4, 6)).macs == 4 * 6 * 10


class Nesting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.part(torch.nested.nested_tensor([x[:1], x]))  # type: ignore[no-any-return]


@pytest.mark.filterwarnings("ignore:.*nested tensors:UserWarning", "ignore::cnnref.DataWarning")
def test_nested_tensors_are_refused_with_a_sentence() -> None:
    def masked(x: Tensor, mask: Tensor) -> Tensor:
        return torch._nested_tensor_from_mask(x, mask)

    said = "Nested tensors have no shape in common that a trace could write down: pad them"
    given = torch.randn(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)
    for module, inputs in ((Call(masked), given), (Nesting(), torch.randn(3, 4))):
        with pytest.raises((ForwardError, NotImplementedError), match=f"{said}|register one with"):
            cnnref.trace(module, inputs=inputs, values="never")


@pytest.mark.filterwarnings("ignore::cnnref.DataWarning")
def test_an_encoder_under_a_padding_mask_is_what_runs_without_nesting() -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2).eval()
    hidden = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    # of ten positions, two of which are hidden: projections, pairs of positions, a perceptron
    macs = 2 * (10 * 4 * 256 + 2 * 2 * 25 * 16 + 10 * 2 * 16 * 32)
    module = Call(lambda x: encoder(x, src_key_padding_mask=hidden), encoder)
    assert traced(module, torch.randn(2, 5, 16)).macs == macs


GIVEN = {  # a vector, two matrices, two batches of matrices, and what is added to a product
    "v": torch.randn(4), "a": torch.randn(3, 4), "b": torch.randn(4, 5),
    "A": torch.randn(2, 3, 4), "B": torch.randn(2, 4, 5), "i": torch.randn(3, 5),
    "r": torch.randn(3), "I": torch.randn(2, 3, 5),
}  # fmt: skip
# each argument by its name, and numbers in front of the tensors, as PyTorch once took them
SPELLINGS: dict[str, tuple[Callable[..., Tensor], str, int]] = {
    "mm": (lambda a, b: torch.mm(input=a, mat2=b), "ab", 60),
    "bmm": (lambda a, b: a.bmm(mat2=b), "AB", 120),
    "mv": (lambda a, v: torch.mv(a, vec=v), "av", 12),
    "dot": (lambda v: torch.dot(v, tensor=v), "v", 4),
    "matmul": (lambda a, b: torch.matmul(input=a, other=b), "ab", 60),
    "addmm": (lambda i, a, b: torch.addmm(i, mat1=a, mat2=b), "iab", 60),
    "baddbmm": (lambda i, a, b: torch.baddbmm(i, batch1=a, batch2=b), "IAB", 120),
    "addbmm": (lambda i, a, b: i.addbmm(batch2=b, batch1=a), "iAB", 120),
    "addmv": (lambda r, a, v: torch.addmv(r, vec=v, mat=a), "rav", 12),
    "old addmm": (lambda i, a, b: torch.addmm(0.5, i, 2.0, a, b), "iab", 60),
    "old addmm of its own": (lambda i, a, b: i.addmm(0.5, a, b), "iab", 60),
    "old baddbmm": (lambda i, a, b: torch.baddbmm(0.5, i, 2.0, a, b), "IAB", 120),
    "old addmv": (lambda r, a, v: torch.addmv(0.5, r, 2.0, a, v), "rav", 12),
    "tensordot by a tensor": (lambda a, b: torch.tensordot(a, b, torch.tensor(1)), "ab", 60),
    "tensordot by tensors": (
        lambda a: torch.tensordot(a, a, dims=torch.tensor([[0, 1], [0, 1]])), "a", 12,
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:This overload of:UserWarning")
@pytest.mark.parametrize("name", SPELLINGS)
def test_a_product_is_the_same_in_every_spelling(name: str) -> None:
    product, names, macs = SPELLINGS[name]
    given = [GIVEN[one] for one in names]
    for values in ("never", "always"):
        table = cnnref.trace(Call(product), inputs=tuple(given), values=values, strict=True)
        assert (table.macs, table[-1].out_shape) == (macs, product(*given).shape)


def test_an_exported_graph_counts_as_what_it_was_made_of() -> None:
    dotted = Call(lambda a: torch.linalg.vecdot(a, a))
    graph = torch.export.export(dotted, (GIVEN["a"],))
    assert cnnref.trace(graph, inputs=GIVEN["a"]).macs == traced(dotted, GIVEN["a"]).macs == 12
