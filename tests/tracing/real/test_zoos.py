"""Networks of torchvision and timm run once with the rows of a trace by shapes."""

from __future__ import annotations

import warnings

import pytest
import torch
import torchvision_models  # noqa: F401  (the zoos are loaded after it)
from torch import nn

import cnnref
from studies.zoo.models import build, cases

# one of each kind: classes, masks and clips
TORCHVISION = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "inception_v3",
    "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf",
    "regnet_y_400mf", "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1",
    "swin_t", "swin_v2_t", "vgg11_bn", "vit_b_32",
    "deeplabv3_mobilenet_v3_large", "fcn_resnet50", "lraspp_mobilenet_v3_large",
    "mc3_18", "mvit_v1_b", "r2plus1d_18", "r3d_18", "s3d", "swin3d_t",
)  # fmt: skip
TIMM = (
    "resnet10t", "convnext_atto", "vit_tiny_patch16_224", "mobilevitv2_050", "ghostnet_100",
    "efficientvit_b0", "levit_128s", "xcit_nano_12_p16_224", "botnet26t_256", "coatnet_pico_rw_224",
    "edgenext_xx_small", "fastvit_t8", "gmixer_12_224", "hrnet_w18_small", "lcnet_050",
    "pit_ti_224", "poolformer_s12", "repvit_m0_9", "starnet_s1", "tf_mixnet_s",
)  # fmt: skip
NAMED = {(case.library, case.name): case for case in cases()}
CHOSEN = [("torchvision", name) for name in TORCHVISION] + [("timm", name) for name in TIMM]
# classes are found in images of any size but by these
FIXED, SMALL = ("vit_", "maxvit_"), 128


def filled(module: nn.Module) -> nn.Module:
    """A module of the meta device with numbers in its weights, the same everywhere."""
    module = module.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.fill_(0.01 if tensor.is_floating_point() else 0)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name"), CHOSEN)
def test_a_run_has_the_rows_of_a_trace_by_shapes(library: str, name: str) -> None:
    built = build(NAMED[library, name])
    inputs = built.inputs
    if NAMED[library, name].family == "classification" and not name.startswith(FIXED):
        inputs = tuple(image[..., :SMALL, :SMALL] for image in inputs)
    shapes = cnnref.trace(built.module, inputs=inputs, values="never")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cnnref.DataWarning)
        values = cnnref.trace(filled(built.module), inputs=inputs, values="always")
    assert values == shapes
