"""Measuring: what is refused, before anything runs or where it fails, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from measured_samples import FAST, Small, how, module_state
from torch import Tensor, nn
from torchvision_models import models

import cnnref
from cnnref.measuring import fitting, isolation, run, settings

REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "device": (
        "alexnet", {"device": "gpu"},
        "measure: the device must be auto, cpu, cuda, cuda:1 (a card's number) or mps, but is "
        "'gpu'.",
    ),
    "meta": (
        "alexnet", {"device": "meta"},
        "measure: the device must be auto, cpu, cuda, cuda:1 (a card's number) or mps, but is "
        "'meta'.",
    ),
    "dtype": (
        "alexnet", {"dtype": "flot16"},
        "Unknown dtype to measure in 'flot16': did you mean float16 or bfloat16?",
    ),
    "whole dtype": (
        "alexnet", {"dtype": torch.int8},
        "Unknown dtype to measure in 'int8': known are bfloat16, float16, float32, float64.",
    ),
    "mode": (
        "alexnet", {"mode": "train"},
        "Unknown mode 'train': did you mean training?",
    ),
    "network": ("alexnt", {}, "Unknown network 'alexnt': did you mean alexnet?"),
    "batch": (
        "alexnet", {"batch_size": 0},
        "measure: batch_size must be a positive whole number, but is 0.",
    ),
    "seconds": (
        "alexnet", {"seconds": 0}, "measure: seconds must be a positive number, but is 0.",
    ),
    "spread": (
        "alexnet", {"spread": True}, "measure: spread must be a positive number, but is True.",
    ),
    "threads": (
        "alexnet", {"threads": 0}, "measure: threads must be a positive whole number, but is 0.",
    ),
    "tf32": (
        "alexnet", {"tf32": True},
        "measure: tf32 is a way to multiply float32 on CUDA cards, not torch.float32 on cpu; "
        "leave it out.",
    ),
    "shape": (
        "alexnet", {"input_shape": 224},
        "measure: input_shape must be the shape of one image such as (3, 224, 224), but is 224.",
    ),
    "no shape": (
        "alexnet", {"input_shape": ()},
        "measure: input_shape must be the shape of one image such as (3, 224, 224), but is ().",
    ),
    "size": (
        "alexnet", {"input_shape": (3, -1, 224)},
        "measure: input_shape must be a positive whole number, but is -1.",
    ),
    "class": (
        nn.Linear, {},
        "measure needs the name of a network or a torch.nn.Module, but got "
        "<class 'torch.nn.modules.linear.Linear'>.",
    ),
    "lazy": (
        nn.Sequential(nn.LazyLinear(3)), {"input_shape": (4,)},
        "Sequential: 0.weight has no shape before the first call; call it once.",
    ),
    "without values": (
        nn.Linear(3, 3, device="meta"), {"input_shape": (3,)},
        "Linear: weight is on the meta device and has no values; build it on a device that has "
        "memory.",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_sentence(case: str) -> None:
    what, options, message = REFUSED[case]
    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.measure(what, **{"device": "cpu"} | options)
    assert str(error.value) == message


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "devices", lambda: ("cpu",))
    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.measure("alexnet", device="cuda")
    assert str(error.value) == (
        f"measure: the device 'cuda' is not there for torch {torch.__version__}; "
        "here it can use cpu."
    )
    monkeypatch.setattr(settings, "devices", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.measure("alexnet", device="cuda:3")
    assert str(error.value) == (
        "measure: the device 'cuda:3' is not there; torch sees 1 card, numbered from 0."
    )
    assert settings.resolved_device("cuda:0") == torch.device("cuda", 0)


def test_a_card_is_the_current_one_unless_it_is_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "devices", lambda: ("cuda", "mps", "cpu"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    for asked, found in (
        ("auto", torch.device("cuda", 1)),
        ("cuda", torch.device("cuda", 1)),
        ("cuda:0", torch.device("cuda", 0)),
        ("mps", torch.device("mps")),
        ("cpu", torch.device("cpu")),
    ):
        assert settings.resolved_device(asked) == found
    with pytest.raises(cnnref.CnnrefError, match=r"torch sees 2 cards, numbered from 0\.$"):
        settings.resolved_device("cuda:2")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "cuda", "tf32": True}, ""),
        ({"device": "cuda", "tf32": True, "dtype": "float16"}, "not torch.float16 on cuda; "),
        ({"device": "mps", "tf32": True}, "not torch.float32 on mps; "),
        ({"device": "mps", "dtype": "float64"}, "mps has no float64; measure in float32."),
        ({"device": "mps", "dtype": "float16"}, ""),
        ({"device": "cuda", "dtype": "float64"}, ""),
        ({"seconds": 0.5, "spread": 1}, ""),
        ({"seconds": "3"}, "seconds must be a positive number, but is '3'."),
        ({"seconds": float("nan")}, "seconds must be a positive number, but is nan."),
    ],
)
def test_a_device_runs_what_it_can(
    options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "devices", lambda: ("cuda", "mps", "cpu"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    if not said:
        found = how(**options)
        assert all(str(getattr(found, name)).endswith(str(value)) or name == "device"
                   for name, value in options.items() if name != "spread")  # fmt: skip
        return
    with pytest.raises(cnnref.CnnrefError) as error:
        how(**options)
    assert said in str(error.value)


def test_threads_are_as_torch_is_set_or_no_more_than_the_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cores, used, most in ((8, 3, 8), (2, 3, 3), (None, 3, 3), (None, 1, 1)):
        monkeypatch.setattr(torch, "get_num_threads", lambda used=used: used)
        monkeypatch.setattr(settings.os, "cpu_count", lambda cores=cores: cores)
        assert how(threads=None).threads == used
        assert how(threads=most).threads == most
        with pytest.raises(cnnref.CnnrefError) as error:
            how(threads=most + 1)
        assert str(error.value) == (
            f"measure: threads must be at most {most} on this machine, but is {most + 1}."
        )


@pytest.mark.slow
def test_a_batch_that_cannot_fit_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "free_bytes", lambda _: 2**30)
    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.measure("vgg16", batch_size=10**6, device="cpu")
    table = cnnref.table("vgg16")
    image = table.peak_activation_bytes(4)
    needed = (4 * table.parameters + 10**6 * image) / 2**30
    fits = (2**30 - 4 * table.parameters) // image
    assert str(error.value) == (
        f"vgg16: inference at batch 1000000 in float32 needs {needed:,.1f} GiB at least, but cpu "
        f"had 1.0 GiB free; a batch of {fits} may fit."
    )
    with pytest.raises(
        cnnref.CnnrefError, match=r"training at .* free; not even one image fits\.$"
    ):
        cnnref.measure("vgg16", batch_size=8, mode="training", device="cpu")


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough "
                                                               "memory: you tried to allocate")],
)  # fmt: skip
def test_a_batch_that_turned_out_not_to_fit_says_the_same(
    error: RuntimeError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(run, "_measured", full)
    monkeypatch.setattr(fitting, "free_bytes", lambda _: 2**34)
    with pytest.raises(cnnref.CnnrefError, match=r"had 16\.0 GiB free; a batch of 1 may fit\.$"):
        cnnref.measure(Small(), (3, 8, 8), 2, device="cpu")


def test_other_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(run, "_measured", wrong)
    with pytest.raises(RuntimeError, match=r"^something else$"):
        cnnref.measure(Small(), (3, 8, 8), device="cpu")


def test_a_module_that_fails_keeps_its_error_and_is_told_where() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(7, 2))
    with pytest.raises(RuntimeError) as error:
        cnnref.measure(module, (3, 8, 8), device="cpu")
    assert error.value.__notes__ == [
        "cnnref.trace was in 2 (Linear, which got 4 x 6 x 6): it takes 7 features on its last "
        "axis, so that 4 x 6 x 7 would fit."
    ]


def test_a_kernel_that_is_not_there_is_told_with_its_layer() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LocalResponseNorm(3))
    with pytest.raises(RuntimeError, match="not implemented for 'BFloat16'") as error:
        cnnref.measure(module, (3, 8, 8), device="cpu", dtype="bfloat16")
    assert error.value.__notes__ == ["cnnref.measure was in 1, in bfloat16 on cpu."]


def test_an_error_of_the_training_mode_is_told_with_its_layer() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.BatchNorm1d(4))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel") as error:
        cnnref.measure(module, (3, 1, 1), device="cpu", mode="training")
    assert error.value.__notes__ == ["cnnref.measure was in 2, in float32 on cpu."]


def test_a_module_without_weights_to_train_is_refused() -> None:
    message = (
        "^ReLU: no weight requires a gradient, so there is nothing to train; measure inference, "
        r"or set requires_grad\.$"
    )
    with pytest.raises(cnnref.CnnrefError, match=message):
        cnnref.measure(nn.ReLU(), (3, 8, 8), device="cpu", mode="training")


def test_a_class_with_the_name_of_a_network_is_measured_as_what_it_is() -> None:
    enet = type("enet", (Small,), {})
    found = cnnref.measure(enet(), (3, 8, 8), **FAST)
    assert found.network == "enet"
    assert [layer.name for layer in found.layers] == [
        layer.name for layer in cnnref.trace(Small(), (3, 8, 8))
    ]


def test_the_batch_of_given_inputs_is_the_one_that_a_message_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = Small()
    each = cnnref.trace(module, (3, 8, 8)).peak_activation_bytes(4)
    weights = 4 * sum(weight.numel() for weight in module.parameters())
    monkeypatch.setattr(fitting, "free_bytes", lambda _: weights + 3 * each)
    with pytest.raises(cnnref.CnnrefError, match=r"at batch 5 .* a batch of 3 may fit\.$"):
        cnnref.measure(module, inputs=torch.zeros(5, 3, 8, 8), device="cpu")


def test_a_cards_switches_are_set_back_and_can_be_read_inside() -> None:
    def read() -> tuple[bool, bool]:
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    before = read()
    for tf32 in (False, True):
        with isolation._multiplied(tf32):
            assert read() == (tf32, tf32)
        assert read() == before


def test_reading_torchs_own_switches_works_inside() -> None:
    class Reads(Small):
        def forward(self, x: Tensor) -> Tensor:
            with torch.backends.cudnn.flags(enabled=False):
                return super().forward(x)

    assert cnnref.measure(Reads(), (3, 8, 8), **FAST).macs == cnnref.trace(Small(), (3, 8, 8)).macs


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("name", ["alexnet", "resnet18"])
def test_torchvisions_own_module_is_the_same_to_the_byte(name: str, mode: str) -> None:
    """On the fastest device of whoever runs this, a card where there is one."""
    how: Any = {"mode": mode, "seconds": 0.02, "batch_size": 2, "input_shape": (3, 64, 64)}
    ours = cnnref.measure(name, **how)
    theirs = cnnref.measure(models.get_model(name, weights=None), **how)
    for exact in ("parameters", "macs", "output_bytes", "held_bytes"):
        assert getattr(ours, exact) == getattr(theirs, exact)
    assert theirs.peak_bytes == pytest.approx(ours.peak_bytes, rel=0.02)
    assert len(ours.layers) == len(theirs.layers) > 0 or mode == "training"


def test_what_a_hook_holds_of_the_module_is_measured_on_its_copy() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    # copy.deepcopy would leave it with the module's own norm
    module[0].register_forward_hook(lambda part, given, found: module[1](found))
    parts = module_state(module)
    cnnref.measure(module, (3, 8, 8), 2, mode="training", **FAST)
    assert module_state(module) == parts


def test_an_output_that_is_not_finite_names_the_layer() -> None:
    class Roots(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(torch.log(self.first(x) * 0 - 1))

    with pytest.raises(cnnref.CnnrefError) as error:
        cnnref.measure(Roots(), (3, 8, 8), device="cpu")
    assert str(error.value) == (
        "Roots: in float32 the output is not finite, log is the first layer that gives inf or nan; "
        "give inputs and weights that stay in range, or a wider dtype."
    )
    given = torch.full((1, 3, 8, 8), float("nan"))
    with pytest.raises(cnnref.CnnrefError, match="not finite, first is the first layer"):
        cnnref.measure(Small(), inputs=given, device="cpu")


def test_a_module_without_floating_outputs_or_inputs_is_refused() -> None:
    class Largest(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.argmax(1)

    with pytest.raises(cnnref.CnnrefError, match=r"gives no floating tensor to measure\.$"):
        cnnref.measure(Largest(), (3, 4, 4), device="cpu")
    with pytest.raises(cnnref.CnnrefError, match=r"^ReLU: there is no batch among its inputs"):
        cnnref.measure(nn.ReLU(), inputs=(torch.tensor(1.0),), device="cpu")
