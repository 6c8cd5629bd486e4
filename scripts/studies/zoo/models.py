"""The zoos: which models there are, and how to build each without memory for its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import timm
import torch
from torch import Tensor, nn
from torchvision import models

FRAMES = 16
VIDEO = (FRAMES, 224, 224)
FLOW = (520, 960)  # the size of torchvision's optical flow preset
SEGMENTATION = (520, 520)
TASKS = ("segmentation", "video", "detection", "optical_flow", "quantization")


class Case(NamedTuple):
    """One model of one library; of timm, the family is the file that defines it."""

    library: str
    family: str
    name: str


class Built(NamedTuple):
    """A module on the meta device and example inputs.

    part: what of the model it is, where it is not all of it.
    stated: the operations that the library itself gives, in G; None where it gives none.
    """

    module: nn.Module
    inputs: tuple[Tensor, ...]
    part: str = ""
    stated: float | None = None


class WithoutData(nn.Module):
    """A detector as far as its work does not depend on what it sees: backbone and dense heads."""

    def __init__(self, detector: Any) -> None:
        super().__init__()
        self.backbone = detector.backbone
        self.head = detector.rpn.head if hasattr(detector, "rpn") else detector.head

    def forward(self, image: Tensor) -> Any:
        maps = self.backbone(image)
        return self.head([maps] if isinstance(maps, Tensor) else list(maps.values()))


def cases() -> tuple[Case, ...]:
    """Every model of torchvision, by task, then every model of timm, by family."""
    tasks = {name: task for task in TASKS for name in models.list_models(getattr(models, task))}
    mine = [Case("torchvision", tasks.get(n, "classification"), n) for n in models.list_models()]
    order = ("classification", *TASKS)
    mine.sort(key=lambda case: (order.index(case.family), case.name))
    theirs = [Case("timm", family(name), name) for name in timm.list_models()]
    return (*mine, *sorted(theirs))


def family(name: str) -> str:
    return str(timm.model_entrypoint(name).__module__.rpartition(".")[2])


def build(case: Case) -> Built:
    """A model in inference mode with inputs of its own default size, all on the meta device."""
    if case.library == "timm":
        module = on_meta(lambda: timm.create_model(case.name, pretrained=False))
        return Built(module, (image(*module.default_cfg["input_size"]),))
    return TORCHVISION.get(case.family, _classification)(case.name)


def _classification(name: str) -> Built:
    weights = _weights(name)
    size = getattr(weights.transforms, "keywords", {}).get("crop_size", 224) if weights else 224
    options: dict[str, Any] = {}
    if name.startswith("vit_"):
        options["image_size"] = size
    if name.removeprefix("quantized_") in ("googlenet", "inception_v3"):
        # drawing truncated normals takes far longer than all else
        options |= {"init_weights": False, "aux_logits": True}
    return Built(_torchvision(name, **options), (image(3, size, size),), "", _stated(weights))


def _segmentation(name: str) -> Built:
    # as the networks that the weights are of, which have an auxiliary head where it is known
    weights = _weights(name)
    auxiliary = {} if name.startswith("lraspp") else {"aux_loss": weights is not None}
    module = _torchvision(name, weights_backbone=None, **auxiliary)
    return Built(module, (image(3, *SEGMENTATION),), "", _stated(weights))


def _video(name: str) -> Built:
    weights = _weights(name)
    size = weights.transforms.keywords["crop_size"] if weights else VIDEO[1:]
    return Built(_torchvision(name), (image(3, FRAMES, *size),), "", _stated(weights))


def _detection(name: str) -> Built:
    whole = _torchvision(name, weights_backbone=None)
    sides = whole.transform.min_size[0], whole.transform.min_size[0]
    # without proposals, these parts are all that torchvision counts too
    stated = None if hasattr(whole, "rpn") else _stated(_weights(name))
    module = WithoutData(whole).eval()
    return Built(module, (image(3, *sides),), "backbone and dense heads", stated)


def _flow(name: str) -> Built:
    return Built(_torchvision(name), (image(3, *FLOW), image(3, *FLOW)))


TORCHVISION: dict[str, Callable[[str], Built]] = {
    "segmentation": _segmentation,
    "video": _video,
    "detection": _detection,
    "optical_flow": _flow,
}


def _weights(name: str) -> Any:
    entries = list(models.get_model_weights(name))
    return models.get_model_weights(name).DEFAULT if entries else None


def _stated(weights: Any) -> float | None:
    return weights.meta["_ops"] if weights else None


def _torchvision(name: str, **options: Any) -> Any:
    return on_meta(lambda: models.get_model(name, weights=None, **options))


def image(*shape: int) -> Tensor:
    return torch.empty(1, *shape, device="meta")


def on_meta(make: Callable[[], nn.Module]) -> Any:
    """A module without memory for its weights, in inference mode."""
    with torch.no_grad():
        try:
            with torch.device("meta"):
                module = make()
        except (NotImplementedError, RuntimeError):
            # some compute widths or schedules with tensors, which must have data
            with _parameters_without_data():
                module = make()
            module = module.to("meta")
    return module.eval()


@contextmanager
def _parameters_without_data() -> Iterator[None]:
    """Parameters go to the meta device as soon as a module takes them."""
    original = nn.Module.register_parameter

    def register(self: nn.Module, name: str, param: nn.Parameter | None) -> None:
        if param is not None and param.device.type != "meta":
            param = nn.Parameter(param.to("meta"), requires_grad=param.requires_grad)
        original(self, name, param)

    nn.Module.register_parameter = register  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = original  # type: ignore[method-assign]
