"""What is measured: inputs and outputs in whatever holds them, and norms that fit fresh weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from measured_samples import FAST, Small, how
from torch import Tensor, nn

import cnnref
from cnnref.measuring.subject import (
    Subject,
    batch_of,
    drawn,
    first_tensors,
    own_copy,
    placed,
    settle,
)

IMAGE = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)
IDS = torch.arange(6).reshape(2, 3)


class Takes(nn.Module):
    """Takes whatever it is given."""

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        return torch.ones(1)


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        (IMAGE, [IMAGE]),
        ([IMAGE, IDS, None], [IMAGE]),
        ({"a": IMAGE, "b": (IMAGE,)}, [IMAGE, IMAGE]),
        (SimpleNamespace(a=IMAGE, b=IDS), [IMAGE]),
        (nn.Parameter(IMAGE), [IMAGE]),
    ],
)
def test_the_floating_outputs_are_found_in_whatever_holds_them(
    outputs: Any, found: list[Tensor]
) -> None:
    seen = first_tensors(outputs)
    assert len(seen) == len(found)
    assert all(map(torch.equal, seen, found))


@pytest.mark.parametrize(
    ("inputs", "batch"),
    [
        (IMAGE, 2),
        ((torch.ones(5, 1), IMAGE), 5),
        ({"ids": IDS}, 2),
        (torch.tensor(1.0), 0),
        (None, 0),
        ((), 0),
    ],
)
def test_a_batch_is_that_of_the_first_tensor(inputs: Any, batch: int) -> None:
    assert batch_of(inputs) == batch


@pytest.mark.parametrize("inputs", [(), {}, torch.tensor(1.0), (None,)])
def test_inputs_without_a_batch_are_refused(inputs: Any) -> None:
    with pytest.raises(cnnref.CnnrefError, match=r"^it: there is no batch among its inputs"):
        placed("it", Takes(), (), inputs, how())


def test_inputs_are_copied_into_the_dtype_and_layout_of_the_module() -> None:
    inputs = {"image": IMAGE, "more": [IDS, (IMAGE[0],)], "word": "as it is"}
    found = placed("it", Takes(), (), inputs, how(dtype="float64", channels_last=True))
    image, (ids, (one,)) = found.kwargs["image"], found.kwargs["more"]
    assert (found.args, found.kwargs["word"]) == ((), "as it is")
    assert (found.image_shape, found.batch_size, found.catalogued) == ((3, 4, 5), 2, False)
    assert (image.dtype, ids.dtype, one.dtype) == (torch.float64, torch.int64, torch.float64)
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert one.is_contiguous()
    for given, own in ((IMAGE, image), (IDS, ids), (IMAGE[0], one)):
        assert torch.equal(given.to(own.dtype), own)
        assert given.data_ptr() != own.data_ptr()
    assert placed("it", Takes(), (), (IMAGE, IDS), how()).args[0].is_contiguous()


def test_a_tensor_that_is_given_twice_stays_one() -> None:
    found = placed("it", Takes(), (), (IMAGE, [IMAGE], IDS), how())
    first, (second,), other = found.args
    assert first is second
    assert other is not first
    attention, x = nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(1, 4, 8)
    measured = cnnref.measure(attention, inputs=(x, x, x), **FAST)
    table = cnnref.trace(attention, inputs=(x, x, x))
    assert [layer.name for layer in measured.layers] == [row.name for row in table]


def test_a_copy_has_weights_of_its_own_and_stays_compiled() -> None:
    for module in (Small(), torch.compile(Small(), backend="eager")):
        name, found = own_copy(module)
        assert (name, type(found)) == (type(module).__name__, type(module))
        for own, given in zip(found.parameters(), module.parameters(), strict=True):
            assert torch.equal(own, given)
            assert own.data_ptr() != given.data_ptr()
    one, two = (own_copy("resnet20_cifar") for _ in range(2))
    assert one[0] == "resnet20_cifar"
    assert all(map(torch.equal, one[1].parameters(), two[1].parameters()))


def test_images_are_drawn_alike_each_time() -> None:
    one, two = (placed("it", Takes(), (3, 4, 5), None, how(batch_size=2)) for _ in range(2))
    assert one.args[0].shape == (2, 3, 4, 5)
    assert torch.equal(one.args[0], two.args[0])
    assert one.args[0].std() > 0


def test_numbers_are_drawn_and_places_in_a_table_are_its_first() -> None:
    assert drawn((2, 5), None).dtype == torch.get_default_dtype()
    half = drawn((2, 50), "float16")
    assert (half.dtype, half.shape) == (torch.float16, (2, 50))
    assert half.float().std() > 0
    assert torch.equal(drawn((2, 5), "int64"), torch.zeros(2, 5, dtype=torch.int64))


def test_norms_of_fresh_weights_have_the_statistics_of_an_image_and_its_mirror() -> None:
    module = Small()
    momentum = module.norm.momentum
    seen: list[Tensor] = []
    module.first.register_forward_hook(lambda _, given, found: seen.append((given[0], found)))
    settle(placed("it", module, (3, 4, 5), None, how(batch_size=3)))
    ((images, maps),) = seen
    assert len(images) == 2
    assert torch.equal(images[1], images[0].flip(-1))
    assert torch.allclose(module.norm.running_mean, maps.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(module.norm.running_var, maps.var((0, 2, 3)), rtol=1e-4)
    assert module.norm.momentum == momentum
    assert not any(part.training for part in module.modules())


def test_a_step_of_training_leaves_no_gradients() -> None:
    found = placed("it", Small().train(), (3, 8, 8), None, how(batch_size=2))
    grads: list[bool] = []
    for weight in found.module.parameters():
        weight.register_hook(lambda grad: grads.append(bool(grad.any())))
    Subject.step(found, "training")()
    assert len(grads) == len([*found.module.parameters()])
    assert any(grads)
    assert all(weight.grad is None for weight in found.module.parameters())
