"""Faster R-CNN, part by part: what every image costs, and what each proposal adds."""

import torch
from torchvision.models.detection import fasterrcnn_resnet50_fpn

import cnnref

how = {"weights": None, "weights_backbone": None, "min_size": 320, "max_size": 320}
detector = fasterrcnn_resnet50_fpn(**how, rpn_post_nms_top_n_test=50).eval()
torch.manual_seed(0)
table = cnnref.trace(detector, inputs=([torch.rand(3, 320, 320)],))
print(table.ran)

parts = {name: part.macs for name, part in table.group(depth=2).items() if part.macs}
for name, macs in parts.items():
    print(f"{name:25} {macs:>14,} MACs")

proposals = next(row for row in table if row.name.endswith("fc6")).in_shapes[0][0]
heads = sum(macs for name, macs in parts.items() if name.startswith("roi_heads"))
image = table.macs - heads
print(f"{image:,} MACs for the image, and {heads // proposals:,} for each of {proposals} proposals")
for number in (50, 300, 1000):
    print(f"{number:>5} proposals: {image + number * heads // proposals:,} MACs")
