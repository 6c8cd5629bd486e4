"""The page on detectors: its examples run, and are torchvision's own models in full."""

from __future__ import annotations

import re

import pytest
import torch
import torchvision_models
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from website.chapters import count

TEXT = (count.EXAMPLES.parent / "detection.md").read_text(encoding="utf-8")
FOLDER = count.EXAMPLES / "detection"
OUTPUTS = re.findall(r'\{\{ recorded\("([^"]+)"\) \}\}', TEXT)


def test_every_example_is_on_the_page_with_what_it_prints() -> None:
    files = [f"detection/{path.name}" for path in FOLDER.glob("*.py")]
    assert sorted(OUTPUTS) == sorted(files)
    assert sorted(re.findall(r'--8<-- "docs/examples/([\w./]+)"', TEXT)) == sorted(files)


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTPUTS)
def test_an_example_runs_and_prints(name: str) -> None:
    text = count.recorded(name)
    assert text == count.output(name), "put what it prints into the text file beside it"
    assert "Warning" not in text
    assert text.count(" MACs\n") > 3
    assert max(map(len, text.splitlines())) < 115


DETECTORS = (
    "fasterrcnn_mobilenet_v3_large_320_fpn", "retinanet_resnet50_fpn", "fcos_resnet50_fpn",
    "ssd300_vgg16", "ssdlite320_mobilenet_v3_large", "maskrcnn_resnet50_fpn",
)  # fmt: skip
SMALL = {"min_size": 128, "max_size": 128}


@pytest.mark.slow
@pytest.mark.parametrize("name", DETECTORS)
def test_the_macs_of_a_detector_are_those_of_torch(name: str) -> None:
    """On the same image both see the same boxes."""
    few = {"box_detections_per_img": 10} if name.startswith("maskrcnn") else {}
    how = {} if name.startswith("ssd") else SMALL | few
    torch.manual_seed(0)
    detector = torchvision_models.models.get_model(
        name, weights=None, weights_backbone=None, **how
    ).eval()
    image = torch.rand(3, 128, 128)
    table = cnnref.trace(detector, inputs=([image],), strict=True)
    assert table.ran.by == "inputs"
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        detector([image])
    assert table.macs == counter.get_total_flops() // 2
    parts = table.group(depth=1)
    assert {"backbone", "roi_heads" if "rcnn" in name else "head"} <= set(parts)
    with pytest.raises(cnnref.CnnrefError, match=r'values="auto" runs it once'):
        cnnref.trace(detector, inputs=([image],), values="never")
