"""RetinaNet, part by part: its heads see every position, so the image alone decides."""

import torch
from torchvision.models.detection import retinanet_resnet50_fpn

import cnnref

how = {"weights": None, "weights_backbone": None, "min_size": 320, "max_size": 320}
detector = retinanet_resnet50_fpn(**how).eval()
torch.manual_seed(0)
table = cnnref.trace(detector, inputs=([torch.rand(3, 320, 320)],))
for name, part in table.group(depth=2).items():
    if part.macs:
        print(f"{name:25} {part.macs:>14,} MACs")
dense = table[: table.ran.row]
print(f"{dense.macs:,} of {table.macs:,} MACs come before the first box is looked at")
