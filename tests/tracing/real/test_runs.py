"""A forward that asks for values runs once, and its rows are those of a trace by shapes."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nested._internal import nested_tensor
from traced_modules import CASES

import cnnref
from cnnref.errors import CnnrefError, DataWarning, UnknownNameError
from cnnref.tables.table import Table

ONES = torch.ones(5, 8)
LINEAR = 5 * 8 * 8


class Asks(nn.Module):
    """A linear layer, and around it a forward that looks at values."""

    def __init__(self, forward: Callable[[Any, Tensor], Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.register_buffer("seen", torch.zeros(70_000))
        self.does = forward

    def forward(self, x: Tensor) -> Any:
        return self.does(self, x)


def experts(net: Asks, x: Tensor) -> Tensor:
    """A mixture of two experts, each of which takes the rows that chose it."""
    chosen = net.linear(x)[:, :2].argmax(1)
    found = torch.zeros_like(x)
    for expert in range(2):
        rows = (chosen == expert).nonzero()[:, 0]
        found[rows] = F.linear(x[rows], net.linear.weight)
    return found


def masked(net: Asks, x: Tensor) -> Tensor:
    """As BERT does: a mask of zeros and ones, whose columns decide whether there is one at all."""
    mask = (x > 0).float()
    if not bool(mask.all()):
        raise AssertionError("not padded")
    scores = net.linear(x) + (1 - mask) * torch.finfo(x.dtype).min
    return scores.softmax(-1)


# with the MACs of each on five rows of ones
ASKING: dict[str, tuple[Callable[[Any, Tensor], Any], int]] = {
    "item": (lambda net, x: net.linear(x) * x.mean().item(), LINEAR),
    "tolist": (lambda net, x: (net.linear(x), x.exp().tolist()), LINEAR),
    "__bool__": (lambda net, x: net.linear(x) if x.sum() > 0 else x, LINEAR),
    "nonzero": (lambda net, x: net.linear(x[x.sum(1).nonzero()[:, 0]]), LINEAR),
    "index": (lambda net, x: net.linear(x[x.sum(1) > 0][:3]), 3 * 8 * 8),
    "masked_select": (lambda net, x: net.linear(x.masked_select(x > 0).view(-1, 8)), LINEAR),
    "unique": (lambda net, x: net.linear(torch.unique(x, dim=0)), 8 * 8),
    "tensor_split": (
        lambda net, x: [net.linear(y) for y in x.tensor_split(x.sum(1)[:1].long().cpu() // 4)],
        LINEAR,
    ),
    "cov": (lambda net, x: torch.cov(net.linear(x)), LINEAR + 5 * 5 * 8),
    "normal": (lambda net, x: Normal(net.linear(x), 1.0, validate_args=True).mean, LINEAR),
    "experts": (experts, LINEAR + LINEAR),
    "masked": (masked, LINEAR),
}


@pytest.mark.parametrize("name", ASKING)
def test_a_forward_that_asks_runs_once(name: str) -> None:
    forward, macs = ASKING[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = cnnref.trace(Asks(forward), inputs=ONES)
    assert table.macs == macs
    assert table.ran.by == "inputs"
    assert table.ran.asked.endswith("in the module itself (Asks)")


@pytest.mark.parametrize("name", ASKING)
def test_a_refusal_names_the_layer_the_operator_and_the_remedy(name: str) -> None:
    net = nn.Sequential(nn.Identity(), Asks(ASKING[name][0]))
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(net, inputs=ONES, values="never")
    said = " ".join([str(error.value), *error.value.__notes__])
    assert "1 (Asks" in said
    assert 'values="auto" runs it once' in said
    assert error.value.asked.endswith("in 1 (Asks)")  # type: ignore[attr-defined]


def test_the_sentence_of_a_refusal() -> None:
    net = nn.Sequential(Asks(ASKING["item"][0]))
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(net, inputs=ONES, values="never")
    assert str(error.value) == (
        "0 (Asks) asks for the value of a feature map or a weight (item), which shapes do not "
        'tell: values="auto" runs it once.'
    )


def test_values_are_one_of_three() -> None:
    with pytest.raises(UnknownNameError, match="Unknown values 'alway': did you mean always"):
        cnnref.trace(nn.Identity(), (3, 8, 8), values="alway")


def test_what_shapes_tell_does_not_run() -> None:
    table = cnnref.trace(nn.Linear(8, 8), (8,))
    assert table.ran == ("shapes", "", 0, None)
    assert str(table.ran) == "traced by shapes alone"
    assert cnnref.table("alexnet").ran == table.ran
    assert cnnref.trace(nn.Linear(8, 8), (8,), values="always").ran.by == "made-up inputs"


def test_rows_that_depend_on_made_up_inputs_are_told() -> None:
    net = Asks(lambda net, x: net.linear(net.linear(x)[x[:, 0] > 2]))
    with pytest.warns(DataWarning) as warned:
        table = cnnref.trace(net, (8,))
    assert table.macs == 8 * 8
    assert str(warned[0].message) == (
        "Asks was run once on made-up inputs, as forward asks for values (nonzero in the module "
        "itself (Asks)): rows from index on may depend on them; give inputs with values."
    )
    assert table[table.ran.row].op == "index"
    assert table[:2].ran == table.ran


def test_made_up_inputs_are_the_same_in_each_run() -> None:
    net = Asks(lambda net, x: net.linear(x[x.mean(1) > 0.5]))
    shape = torch.empty(64, 8, device="meta")
    with pytest.warns(DataWarning):
        tables = [cnnref.trace(net, inputs=shape) for _ in range(2)]
    assert tables[0] == tables[1]
    assert 0 < tables[0].macs < 64 * 8 * 8


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.complex64, torch.int64, torch.bool, torch.uint8]
)
def test_inputs_are_made_up_in_their_own_dtype(dtype: torch.dtype) -> None:
    got: list[Tensor] = []
    net = Asks(lambda net, x: got.append(x) or x)  # type: ignore[func-returns-value]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cnnref.trace(net, inputs=torch.empty(4, 3, dtype=dtype, device="meta"), values="always")
    assert got[-1].dtype is dtype
    assert got[-1].shape == (4, 3)
    assert not got[-1].is_meta


def test_strict_refuses_made_up_inputs_unless_they_are_asked_for() -> None:
    net = Asks(ASKING["item"][0])
    with pytest.raises(CnnrefError, match=r'give inputs with values, or values="always"\.$'):
        cnnref.trace(net, (8,), strict=True)
    with pytest.warns(DataWarning):
        assert cnnref.trace(net, (8,), strict=True, values="always").ran.by == "made-up inputs"
    assert cnnref.trace(net, inputs=ONES, strict=True).ran.by == "inputs"


def test_a_module_on_meta_has_nothing_to_run_on() -> None:
    net = Asks(ASKING["item"][0]).to("meta")
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(net, inputs=ONES)
    assert str(error.value) == (
        "Asks is on the meta device, where weights have no values, and forward asks for one (item "
        "in the module itself (Asks)): build it on a device that has some, such as the processor."
    )


def writes(net: Asks, x: Tensor) -> Tensor:
    """Writes into whatever there is."""
    net.seen[0] += x.mean().item()
    net.seen.data = net.seen + 1
    net.linear.weight.mul_(2)
    net.linear.bias.data.add_(1)
    x.relu_().add_(1)
    torch.manual_seed(9)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float64)
    net.extra = x
    OUTSIDE.add_(x.mean())
    return net.linear(F.dropout(x + torch.randn(1, dtype=x.dtype)) + OUTSIDE.to(x.dtype))


OUTSIDE = torch.zeros(3, 1)[0]
WIDE = (2**9, 2**9)


def test_a_run_leaves_everything_as_it_was() -> None:
    net = Asks(writes)
    net.linear = nn.Linear(*WIDE)  # which is lent until forward writes into it
    image = torch.randn(4, WIDE[0])
    before = {name: value.clone() for name, value in net.state_dict().items()}
    names, given = set(vars(net)), image.clone()
    state, grads = torch.get_rng_state(), torch.is_grad_enabled()
    net.does = lambda net, x: writes(net, x) if x.numel() else None
    with torch.random.fork_rng():
        table = cnnref.trace(net, inputs=image, values="always")
    assert table.macs == 4 * WIDE[0] * WIDE[1]
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert set(vars(net)) == names
    assert torch.equal(image, given)
    assert OUTSIDE == 0
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled() == grads
    assert torch.get_default_dtype() is torch.float32


def test_weights_are_lent_and_not_copied() -> None:
    places: list[int] = []
    net = Asks(lambda net, x: places.append(net.linear.weight.data_ptr()) or net.linear(x))  # type: ignore[func-returns-value]
    net.linear = nn.Linear(*WIDE)
    cnnref.trace(net, inputs=torch.ones(1, WIDE[0]), values="always")
    assert places[-1] == net.linear.weight.data_ptr()


def test_an_embedding_that_renews_its_weights_does_so_in_a_copy() -> None:
    net = nn.Sequential(nn.Embedding(*WIDE, max_norm=0.1))
    before = net[0].weight.detach().clone()
    cnnref.trace(net, inputs=torch.tensor([[1, 2]]), values="always")
    assert torch.equal(net[0].weight, before)


def test_feature_maps_do_not_outlive_their_use() -> None:
    """Of ten maps in a row, two live at a time."""
    alive: list[Any] = []
    most = 0

    def forward(net: Asks, x: Tensor) -> Tensor:
        nonlocal most
        for _ in range(10):
            x = net.linear(x)
            alive.append(weakref.ref(x))
            living = sum(ref() is not None for ref in alive)
            most = 0 if x.is_meta else max(most, living)
        return x

    assert cnnref.trace(Asks(forward), inputs=ONES, values="always").macs == 10 * LINEAR
    assert most <= 2


def test_a_hook_may_log_what_it_sees() -> None:
    net, seen = nn.Sequential(nn.Linear(8, 4), nn.ReLU()), []
    net[0].register_forward_hook(lambda part, given, made: seen.append(made.mean().item()))
    table = cnnref.trace(net, inputs=ONES)
    assert table.macs == 5 * 8 * 4
    assert table.ran.asked == "item in the module itself (Sequential)"
    assert len(seen) == 1


def test_an_operator_without_shapes_runs() -> None:
    @torch.library.custom_op("cnnref_test::shrink", mutates_args=())
    def shrink(x: Tensor) -> Tensor:
        return x[:2].clone()

    net = Asks(lambda net, x: net.linear(shrink(x)))
    with pytest.warns(cnnref.UncountedWarning):
        table = cnnref.trace(net, inputs=ONES)
    assert table.macs == 2 * 8 * 8
    assert [row.op for row in table.uncounted] == ["shrink"]
    rules = {shrink: lambda made, x: made.numel()}
    assert cnnref.trace(net, inputs=ONES, rules=rules).macs == 2 * 8 * 8 + 2 * 8


def test_what_fails_by_shapes_and_asks_nothing_does_not_run() -> None:
    calls: list[int] = []
    net = Asks(lambda net, x: calls.append(1) or net.linear(x))  # type: ignore[func-returns-value]
    with pytest.raises(CnnrefError, match="must have same reduction dim"):
        cnnref.trace(net, inputs=torch.ones(5, 9))
    assert calls == [1]


def test_what_fails_in_a_run_tells_where() -> None:
    def forward(net: Asks, x: Tensor) -> Tensor:
        return net.linear(x[x[:, 0] > 0][:, :3])

    with pytest.raises(CnnrefError) as error:
        cnnref.trace(nn.Sequential(Asks(forward)), inputs=ONES)
    assert error.value.__notes__[-1].startswith(
        "cnnref.trace was in 0.linear (Linear, which got 5 x 3): it takes 8 features"
    )
    assert error.value.table.ran.by == "inputs"  # type: ignore[attr-defined]


class Ragged(nn.Module):
    """Two sequences of several lengths as one nested tensor, in either of its layouts."""

    def __init__(self, layout: torch.layout) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 4)
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        parts = torch.nested.nested_tensor([x[0, :3], x[1, :5]], layout=self.layout)
        return torch.nested.to_padded_tensor(self.linear(parts).relu(), 0.0)


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
@pytest.mark.filterwarnings("ignore")
def test_nested_tensors_are_counted_by_their_real_steps(
    layout: torch.layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what PyTorch makes for the first of a process
    monkeypatch.setattr(nested_tensor, "_dummy_instance", None)
    net = Ragged(layout)
    table = cnnref.trace(net, inputs=torch.ones(2, 5, 8))
    assert not table.uncounted
    (row,) = [row for row in table if row.macs]
    assert (row.name, row.macs, row.out_shape) == ("linear", (3 + 5) * 8 * 4, (8, 4))
    assert table.parameters == 8 * 4 + 4
    with pytest.raises(Exception, match="Nested") as error:
        cnnref.trace(net, inputs=torch.ones(2, 5, 8), values="never")
    assert 'values="auto" runs it once' in error.value.__notes__[-1]
    assert type(nested_tensor._nt_view_dummy()) is nested_tensor.NestedTensor
    assert net(torch.ones(2, 5, 8)).shape == (2, 5, 4)


class Padded(nn.Module):
    """As models of language are called: ids, and which of them are padding."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x: Tensor = self.words(input_ids)
        if torch.all(attention_mask == 1):
            return self.layers(x)  # type: ignore[no-any-return]
        return self.layers(x, src_key_padding_mask=attention_mask == 0)  # type: ignore[no-any-return]


def test_a_mask_of_padding_decides_by_its_values_or_in_a_run() -> None:
    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 0, 0]])
    given = {"input_ids": ids, "attention_mask": (ids > 0).long()}
    net = Padded().eval()
    known = cnnref.trace(net, inputs=given)
    assert known.ran.by == "shapes"
    assert known.macs == 2 * 2 * (4 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 4 * 4 * 16)
    with pytest.warns(DataWarning):
        drawn = cnnref.trace(net, inputs={name: x.to("meta") for name, x in given.items()})
    assert drawn.macs == known.macs


def both(trace: Callable[..., Table]) -> tuple[Table, Table]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return trace(values="never"), trace(values="always")


@pytest.mark.parametrize("name", CASES)
def test_a_run_has_the_rows_of_a_trace_by_shapes(name: str) -> None:
    module, inputs = CASES[name].build(), CASES[name].inputs
    shapes, values = both(partial(cnnref.trace, module, inputs=inputs))
    assert values == shapes


# the rest of the catalogue is of the same blocks
CATALOGUE = (
    "alexnet", "vgg11_bn", "resnet18", "resnet18_v1", "preact_resnet18", "squeezenet1_1",
    "googlenet", "inception_v4", "enet_classifier", "nin", "resnet20_cifar",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CATALOGUE if name in cnnref.names()])
def test_networks_of_the_catalogue_run_as_they_are_traced(name: str) -> None:
    size = cnnref.architecture(name).input_size
    shapes, values = both(partial(cnnref.trace, cnnref.model(name), (3, size, size)))
    assert values == shapes


class Leaves(nn.Module):
    """A product that NumPy makes, and one that PyTorch makes."""

    def __init__(self, leave: Callable[[Tensor], Any], given: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 8))
        self.leave = leave
        self.given = given

    def forward(self, x: Tensor) -> Tensor:
        found = self.leave(x if self.given else x.detach()) @ np.ones((8, 8), dtype="float32")
        return torch.from_numpy(found) @ self.weight


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("leave", [Tensor.numpy, np.asarray, np.from_dlpack])
def test_what_another_library_does_with_a_map_is_marked(
    leave: Callable[[Tensor], Any], given: bool
) -> None:
    with pytest.warns(cnnref.UncountedWarning, match=r"no rule counts (numpy|dlpack)"):
        table = cnnref.trace(Leaves(leave, given), inputs=(ONES,))
    assert len(table.uncounted) == 1
    assert table.macs == LINEAR
    with pytest.raises(CnnrefError, match="no rule counts"):
        cnnref.trace(Leaves(leave), inputs=(ONES,), strict=True)


def test_what_comes_back_from_another_library_is_multiplied() -> None:
    net = Asks(lambda net, x: net.linear(torch.from_dlpack(x.exp())))
    with pytest.warns(cnnref.UncountedWarning, match="no rule counts dlpack"):
        assert cnnref.trace(net, inputs=(ONES,)).macs == LINEAR


def test_numbers_of_a_constant_leave_without_a_mark() -> None:
    def grid(net: Asks, x: Tensor) -> Tensor:
        corners = np.arange(8.0, dtype="float32") + torch.ones(8).numpy()
        return net.linear(x + torch.from_numpy(corners) * bool((x > 0).any()))

    table = cnnref.trace(Asks(grid), inputs=(ONES,))
    assert not table.uncounted
    assert table.macs == LINEAR
