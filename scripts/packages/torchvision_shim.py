"""Let torchvision import beside a torch build that its compiled operators do not fit.

Its Python part registers operators without looking whether the compiled part was loaded, and
dies. Here they are declared, and three of them, which detectors and deformable convolutions call,
are written in PyTorch: slow, and the same function. The environment copies this file into its
site-packages only where a plain `import torchvision` fails; it costs nothing until then.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

DECLARED = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, "
    "int pooled_width, int sampling_ratio, bool aligned) -> Tensor",
    "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
    "int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, "
    "int groups, int offset_groups, bool use_mask) -> Tensor",
)
# regions of interest at once, and images: each takes its own memory
REGIONS = 64
KEPT: list[object] = []


class DeclareOperators:
    """Waits for the first import of torchvision."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name != "torchvision":
            return None
        sys.meta_path.remove(self)
        found = find_spec(name)
        if found is None or found.loader is None or not declared():
            return found
        loader: Any = found.loader
        run = loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            compute()

        loader.exec_module = exec_module
        return found


def declared() -> bool:
    """Whether the operators were declared here, and not by somebody else before."""
    import torch

    try:
        library = torch.library.Library("torchvision", "DEF")
    except RuntimeError:
        return False
    for schema in DECLARED:
        library.define(schema)
    KEPT.append(library)
    return True


def compute() -> None:
    """Give the operators their kernels, on any device, and let torchvision call them."""
    from torch.library import Library

    library: Any = Library("torchvision", "IMPL")
    for kernel in (nms, roi_align, deform_conv2d):
        library.impl(kernel.__name__, kernel, "CPU")
    KEPT.append(library)
    for name in ("torchvision.extension", "torchvision.ops.roi_align"):
        vars(import_module(name))["_has_ops"] = lambda: True


def nms(dets: Any, scores: Any, iou_threshold: float) -> Any:
    """The boxes that overlap no better one by more than a share of their union, best first."""
    import torch
    from torchvision.ops import box_iou

    kept, rest = [], scores.argsort(descending=True, stable=True)
    while len(rest):
        kept.append(rest[:1])
        overlap = box_iou(dets[rest[:1]], dets[rest])[0]
        overlap[0] = 2
        rest = rest[overlap <= iou_threshold]
    return torch.cat(kept) if kept else rest


def roi_align(input: Any, rois: Any, *how: Any) -> Any:
    """torchvision's own words in Python, for some regions at a time."""
    import torch

    written = inspect.unwrap(import_module("torchvision.ops.roi_align")._roi_align)  # noqa: SLF001
    if not len(rois):
        return input.new_empty((0, input.shape[1], *how[1:3]))
    return torch.cat([written(input, some, *how) for some in rois.split(REGIONS)])


def deform_conv2d(
    input: Any,
    weight: Any,
    offset: Any,
    mask: Any,
    bias: Any,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    offset_groups: int,
    use_mask: bool,
) -> Any:
    """A convolution whose taps are moved: each map is sampled for each tap, then weighed."""
    import torch
    import torch.nn.functional as F

    n, channels, height, width = input.shape
    kernel_h, kernel_w = weight.shape[-2:]
    taps, (out_h, out_w) = kernel_h * kernel_w, offset.shape[-2:]
    moved = offset.view(n, offset_groups, taps, 2, out_h, out_w)
    tap = torch.arange(taps)
    row = torch.arange(out_h).view(-1, 1) * stride_h - pad_h
    column = torch.arange(out_w) * stride_w - pad_w
    y = moved[:, :, :, 0] + row + (tap // kernel_w * dilation_h).view(-1, 1, 1)
    x = moved[:, :, :, 1] + column + (tap % kernel_w * dilation_w).view(-1, 1, 1)
    # from pixels to -1..1, with the centres of pixels in their middle
    place = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1)
    maps = input.reshape(n * offset_groups, channels // offset_groups, height, width)
    place = place.view(n * offset_groups, taps * out_h, out_w, 2)
    seen = F.grid_sample(maps, place, align_corners=False).view(
        n, offset_groups, -1, taps, out_h, out_w
    )
    if use_mask:
        seen = seen * mask.view(n, offset_groups, 1, taps, out_h, out_w)
    seen = seen.reshape(n, groups, -1, out_h * out_w)
    weights = weight.reshape(groups, weight.shape[0] // groups, -1)
    found = torch.einsum("gok,ngkp->ngop", weights, seen).reshape(n, -1, out_h, out_w)
    return found + bias.view(1, -1, 1, 1)


sys.meta_path.insert(0, DeclareOperators())
