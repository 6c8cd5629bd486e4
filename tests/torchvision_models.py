"""torchvision's models, also where its compiled operators cannot be loaded."""

from __future__ import annotations

import torch

try:
    from torchvision import models
except RuntimeError:
    # the import registers shapes for these two whether or not they exist
    LIBRARY = torch.library.Library("torchvision", "DEF")
    LIBRARY.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    LIBRARY.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision import models

__all__ = ["models"]
