"""Which networks the strip "What if?" of each chapter has, and the link that asks it for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = ["CHAPTERS", "PLACES", "Chapter", "link_to", "state"]

# a strip that is not on the page of its name
PLACES = {"resnet": "resnet_variants"}


class Chapter(NamedTuple):
    """What may be changed in a chapter.

    networks: by their keys, names of the catalogue or of VARIANTS; the first is the chapter's own.
    size: its input. line: what a line of the table is: a row that the lecture lists, a block or a
    stage. lecture: whether the lecture has that network; a page beside it counts MACs.
    """

    networks: tuple[str, ...]
    size: int
    line: Literal["layer", "block", "stage"] = "layer"
    lecture: bool = True

    @property
    def convention(self) -> str:
        """The convention that the chapter counts by."""
        return "lecture" if self.lecture else "macs"

    @property
    def own(self) -> str:
        """Whose table it is that nothing is changed in."""
        return "the lecture" if self.lecture else "the page"


CHAPTERS: Mapping[str, Chapter] = {
    "alexnet": Chapter(("alexnet", "alexnet_2012", "alexnet_2012_nogroups"), 227),
    "zfnet": Chapter(("zfnet", "zfnet_b"), 224),
    "vgg": Chapter(
        ("vgg16", "vgg11", "vgg13", "vgg19", "vgg16_bn", "vgg16_half", "vgg16_double"), 224
    ),
    "googlenet": Chapter(
        ("googlenet", "googlenet_torchvision", "googlenet_naive"), 224, line="block"
    ),
    "resnet": Chapter(
        ("resnet50", "resnet18", "resnet34", "plain34", "resnet101", "resnet152"), 224, line="block"
    ),
    "one_by_one": Chapter(
        ("nin", "bn_nin", "vgg16", "vgg16_flattened", "vgg16_averaged"), 224, lecture=False
    ),
    "after": Chapter(
        (
            "resnet50",
            "resnext50_32x4d",
            "seresnet50",
            "densenet121",
            "mobilenet_v1",
            "mobilenet_v2",
            "shufflenet_v2_x1_0",
            "efficientnet_b0",
            "regnet_x_400mf",
            "regnet_y_400mf",
            "convnext_tiny",
        ),
        224,
        line="stage",
        lecture=False,
    ),
}


def state(name: str) -> str:
    """What a link to a strip says that asks for a network."""
    return f"what-if:network={name}"


def link_to(name: str) -> str:
    """The first strip that has a network, by its page, asked for it; nothing where none has it."""
    having = (key for key, chapter in CHAPTERS.items() if name in chapter.networks)
    return next((f"{PLACES.get(key, key)}.html#{state(name)}" for key in having), "")
