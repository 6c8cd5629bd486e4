"""A trace of training has the backward pass that autograd runs, operator by operator."""

from __future__ import annotations

import warnings
from collections import UserDict, deque
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from cnnref.cli.main import main
from cnnref.errors import CnnrefError, UnknownNameError


def counted_by_torch(module: nn.Module, image: Tensor) -> int:
    """MACs of a forward and a backward pass by torch's own counter, on a real run."""
    kernels = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)
    with kernels, FlopCounterMode(display=False) as counter:
        module.train()(image).sum().backward()
    return counter.get_total_flops() // 2


def small() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5)
    )


def shared() -> nn.Module:
    layer = nn.Linear(8, 8)
    return nn.Sequential(layer, nn.GELU(), layer)


def frozen() -> nn.Module:
    net = small()
    net[0].requires_grad_(False)
    return net


TRAINED: dict[str, tuple[Any, tuple[int, ...]]] = {
    "convolutions": (small, (2, 3, 8, 8)),
    "a frozen layer": (frozen, (2, 3, 8, 8)),
    "a shared layer": (shared, (4, 8)),
    "transposed": (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2), (1, 3, 8, 8)),
    "an encoder": (
        lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.0),
        (2, 5, 16),
    ),
    "resnet18": (lambda: cnnref.model("resnet18"), (2, 3, 64, 64)),
    "inception_v4": (lambda: cnnref.model("inception_v4"), (2, 3, 96, 96)),
    "vgg11_bn": (lambda: cnnref.model("vgg11_bn"), (2, 3, 64, 64)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_the_macs_of_a_step_are_those_of_torch(name: str) -> None:
    build, shape = TRAINED[name]
    module, image = build(), torch.randn(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = cnnref.trace(module, inputs=image, mode="training")
    assert table.macs == counted_by_torch(module, image)
    assert table.forward.macs == cnnref.trace(module, inputs=image).macs
    assert table.forward.macs + table.backward.macs == table.macs
    assert table.parameters == sum(weight.numel() for weight in module.parameters())


class Listed(nn.Module):
    """Two layers in a plain list, which are not registered."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = [nn.Linear(4, 5), nn.Linear(5, 6)]
        self.last = nn.Linear(6, 7)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.plain:
            x = layer(x)
        return self.last(x)  # type: ignore[no-any-return]


class Weighs(nn.Module):
    """A tensor that takes a gradient and is no parameter."""

    def __init__(self, buffer: bool) -> None:
        super().__init__()
        weight = torch.randn(4, 4, requires_grad=True)
        if buffer:
            self.register_buffer("weight", weight)
        else:
            self.weight = weight
        self.last = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(x @ self.weight)  # type: ignore[no-any-return]


class Makes(nn.Module):
    """A parameter that forward makes."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(5, 7)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(nn.functional.linear(x, nn.Parameter(torch.randn(5, 4))))  # type: ignore[no-any-return]


class Closes(nn.Module):
    """A function of a tensor that is none of the module's, before a layer."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.last = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(x))  # type: ignore[no-any-return]


def adapted(frozen: bool) -> nn.Module:
    """Two layers, the first of them frozen and with a LoRA in a hook."""
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[: 2 if frozen else 1].requires_grad_(False)
    down, up = nn.Parameter(torch.randn(2, 4)), nn.Parameter(torch.randn(4, 2))
    net[0].register_forward_hook(lambda _, args, result: result + args[0] @ down.t() @ up.t())
    return net


def closed(function: Any) -> nn.Module:
    weight = torch.randn(4, 4, requires_grad=True)
    return Closes(lambda x: function(x, weight))


UNREGISTERED: dict[str, tuple[Any, int]] = {
    "layers in a list": (Listed, 2 * 256),
    "a LoRA in a hook": (lambda: adapted(frozen=False), 312),
    "a LoRA, all else frozen": (lambda: adapted(frozen=True), 264),
    "a tensor": (lambda: Weighs(buffer=False), 240),
    "a buffer": (lambda: Weighs(buffer=True), 240),
    "made in forward": (Makes, 290),
    "closed over": (lambda: closed(lambda x, w: x @ w), 240),
    "its view": (lambda: closed(lambda x, w: x @ w.T), 240),
    "its product": (lambda: closed(lambda x, w: x @ (w @ w.t())), 432),
    "in vmap": (lambda: closed(lambda x, w: torch.vmap(lambda row: w @ row)(x)), 240),
}


@pytest.mark.parametrize("values", ["auto", "always"])
@pytest.mark.parametrize("name", UNREGISTERED)
def test_what_is_not_registered_has_a_gradient_too(name: str, values: str) -> None:
    build, macs = UNREGISTERED[name]
    module, image = build(), torch.randn(2 if build in (Listed, Makes) else 3, 4)
    table = cnnref.trace(module, inputs=image, mode="training", values=values)
    assert table.macs == macs == counted_by_torch(module, image)


def test_a_gradient_that_shapes_do_not_give_is_refused() -> None:
    """An operator below vmap is given the tensor itself, with its values."""
    module = UNREGISTERED["in vmap"][0]()
    with pytest.raises(CnnrefError, match="the gradient of a tensor with values"):
        cnnref.trace(module, inputs=torch.randn(3, 4), mode="training", values="never")


@dataclass
class Result:
    tensor: Tensor


@dataclass(slots=True)
class Slotted:
    tensor: Tensor


class Keeps:
    """An object that leads to a module, and to itself."""

    def __init__(self, tensor: Tensor, module: nn.Module | None = None) -> None:
        self.tensors, self.module, self.me = {"one": [tensor]}, module, self


class Heads(nn.Module):
    """Two layers, of which one gives what is inside another object."""

    def __init__(self, wrap: Any) -> None:
        super().__init__()
        self.wrap = wrap
        self.plain, self.within = nn.Linear(4, 5), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Any:
        return self.plain(x), self.wrap(self.within(x))


WRAPS: dict[str, Any] = {
    "a dataclass": Result,
    "one with slots": Slotted,
    "an object": Keeps,
    "objects in each other": lambda x: UserDict(x=[Result(x)]),
    "a deque": lambda x: deque([x]),
    "a set": lambda x: {x},
    "a user's dict": lambda x: UserDict(x=x),
    "a distribution": lambda x: torch.distributions.Normal(x, 1.0),
}


@pytest.mark.parametrize("name", WRAPS)
def test_outputs_are_differentiated_in_whatever_holds_them(name: str) -> None:
    table = cnnref.trace(Heads(WRAPS[name]), inputs=torch.randn(2, 4), mode="training")
    assert table.forward.macs == table.backward.macs == 2 * 4 * (5 + 3)


def test_a_module_in_an_output_is_none() -> None:
    """Its parameters take gradients, but of nothing that came out."""
    module = Heads(lambda x: Keeps(x.detach(), nn.Linear(2, 2))).requires_grad_(False)
    with pytest.raises(CnnrefError, match="Heads has nothing to train"):
        cnnref.trace(module, inputs=torch.randn(2, 4), mode="training")


@pytest.mark.parametrize("values", ["auto", "always"])
def test_hooks_on_a_parameter_run(values: str) -> None:
    first, image = nn.Linear(4, 4), torch.randn(2, 4)
    first.weight.register_hook(lambda gradient: gradient @ gradient)
    module = nn.Sequential(first, nn.Linear(4, 4))
    table = cnnref.trace(module, inputs=image, mode="training", values=values)
    assert table.macs == 5 * 32 + 64 == counted_by_torch(module, image)
    assert table.forward.macs == cnnref.trace(module, inputs=image).macs


def test_grouped_convolutions_have_the_gradients_of_their_groups() -> None:
    """PyTorch's counter takes the gradient of their weights for that of one group."""
    net, image = nn.Conv2d(8, 8, 3, groups=8), torch.randn(1, 8, 6, 6, requires_grad=True)
    table = cnnref.trace(net, inputs=image, mode="training")
    assert table.macs == 3 * 8 * 4 * 4 * 9
    assert counted_by_torch(net, image) == (2 + 8) * 8 * 4 * 4 * 9


def test_a_run_with_values_has_the_rows_of_a_trace_by_shapes() -> None:
    module, image = small(), torch.randn(2, 3, 8, 8)
    shapes, values = (
        cnnref.trace(module, inputs=image, mode="training", values=how)
        for how in ("never", "always")
    )
    assert values == shapes
    assert values.ran.backward == shapes.ran.backward


def test_gradients_are_in_their_layers() -> None:
    table = cnnref.trace(small(), inputs=torch.randn(2, 3, 8, 8), mode="training")
    found = [(row.name, row.macs) for row in table.backward if row.macs]
    linear, conv = 2 * 288 * 5, 2 * 8 * 36 * 27
    assert found == [("4.matmul", linear), ("4.matmul#2", linear), ("0.conv_backward", conv)]
    assert table.group(depth=1)["4"].macs == 3 * linear
    assert table.training_activation_bytes() == table.forward.training_activation_bytes()


def test_training_leaves_no_gradient_and_no_statistics() -> None:
    module, image = small(), torch.randn(2, 3, 8, 8)
    module.eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for values in ("never", "always"):
        cnnref.trace(module, inputs=image, mode="training", values=values)
    assert all(weight.grad is None for weight in module.parameters())
    assert not module.training
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_what_has_nothing_to_train_is_refused() -> None:
    with pytest.raises(CnnrefError, match="Flatten has nothing to train: no output depends on"):
        cnnref.trace(nn.Flatten(), (3, 4, 4), mode="training")
    with pytest.raises(UnknownNameError, match="Unknown mode 'train': did you mean training"):
        cnnref.trace(nn.Flatten(), (3, 4, 4), mode="train")


def test_tables_say_what_is_backward(capsys: pytest.CaptureFixture[str]) -> None:
    words = "trace vgg11 --input 3,64,64 --mode training --format"
    assert main([*words.split(), "json"]) == 0
    table = cnnref.Table.from_json(capsys.readouterr().out)
    assert table.backward.macs > table.forward.macs
    assert main([*words.split(), "csv", "--columns", "layer,macs,backward_macs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "backward MACs" in lines[0]
    assert f"Of these, {table.backward.macs:,} MACs are of the backward pass" in table.to_text()
    assert table.forward.backward.macs == 0


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="a kernel of oneDNN's")
def test_an_lstm_has_its_gradients_in_a_kernel_as_in_parts() -> None:
    net, steps = nn.LSTM(8, 16), torch.randn(5, 3, 8, requires_grad=True)
    parts, kernel = (
        cnnref.trace(net, inputs=steps, mode="training", values=how, strict=True)
        for how in ("never", "always")
    )
    gates, first = 4 * 16, 3
    assert parts.forward.macs == kernel.forward.macs == 15 * gates * (8 + 16)
    # nobody needs the gradient of the first state, which is zeros: the kernel has it all the same
    assert kernel.backward.macs == 2 * kernel.forward.macs
    assert kernel.backward.macs - parts.backward.macs == first * gates * 16


class Attends(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.scaled_dot_product_attention(x, x, x)


def test_a_kernel_that_keeps_no_scores_makes_them_again() -> None:
    heads = torch.randn(2, 3, 4, 5, requires_grad=True)
    product = 2 * 3 * 4 * 4 * 5
    for values, gradients in (("never", 4), ("always", 5)):
        table = cnnref.trace(Attends(), inputs=heads, mode="training", values=values, strict=True)
        assert table.forward.macs == 2 * product
        assert table.backward.macs == gradients * product


class Both(nn.Module):
    """A bilinear layer whose inputs take gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(4, 4), nn.Linear(5, 5)
        self.bilinear = nn.Bilinear(4, 5, 6)

    def forward(self, x: Tensor, y: Tensor) -> Any:
        return self.bilinear(self.one(x), self.other(y))


def test_a_gradient_of_a_bilinear_layer_is_two_products() -> None:
    """Of the two factors and then, along what that lacks, with the third: batch 3, 4 x 5 to 6."""
    table = cnnref.trace(Both(), inputs=(torch.ones(3, 4), torch.ones(3, 5)), mode="training")
    gradients = [row for row in table.backward if row.op == "bilinear"]
    # first the gradient with the weight, along all axes, or with the other input, which lacks one
    weight, inputs, pair, other = 3 * 6 * 4 * 5, 3 * 4 * 5, 3 * 6 * 4, 3 * 6 * 5
    assert sorted(row.macs for row in gradients) == [
        weight + inputs, weight + pair, weight + other,
    ]  # fmt: skip
