"""Cited figures beside computed ones: by which convention, and why some differ."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from cnnref.cited import Figure
from cnnref.units import GIGA, MEGA, rounded

__all__ = ["FOLLOWS", "KNOWN_DIFFERENCES", "UNITS", "agrees", "difference"]

# source -> the convention that its counts of operations follow; each counts a multiply-add once
FOLLOWS: Mapping[str, str] = {
    "torchvision": "macs",
    "resnet2015": "macs",
    "googlenet2014": "macs",
    "inceptionv3_2015": "macs",
}
# unit -> what one of it is; a value is rounded half up to the digits that are printed
UNITS: Mapping[str, int] = {"count": 1, "px": 1, "year": 1, "M": MEGA, "G": GIGA}

# (network, quantity, source) -> why the source prints something else
KNOWN_DIFFERENCES: Mapping[tuple[str, str, str], str] = {
    ("alexnet_2012", "params", "krizhevsky2012"): (
        "the abstract's 60 million is a round number: its layers have 60.97 million"
    ),
    ("alexnet_2012", "input", "krizhevsky2012"): (
        "224 without padding does not give the paper's 55 x 55 maps, 227 does"
    ),
    ("vgg16", "flops", "resnet2015"): (
        "15.3 billion are the convolutions alone (15.35); with the fully-connected layers, "
        "which its 19.6 billion for VGG-19 include, they are 15.47 billion"
    ),
    ("resnet34", "flops", "resnet2015"): (
        "3.66 billion with projections; 3.6 is the network with padded shortcuts (3.64)"
    ),
    ("resnet50_v1", "flops", "resnet2015"): (
        "3.86 billion are cut off to 3.8, where 7.57 for ResNet-101 are rounded to 7.6"
    ),
    ("googlenet", "macs", "googlenet2014"): (
        "1.5 billion is the budget the network was designed for; its layers have 1.58 billion"
    ),
    ("googlenet", "macs", "inceptionv3_2015"): "the design budget again, beside 1.58 billion",
    ("inception_v3", "params", "torchvision"): (
        "torchvision counts the auxiliary head, which does not run at inference"
    ),
    ("inception_v3", "macs", "inceptionv3_2015"): (
        "the network that its authors published has 5.7 billion, as torchvision counts too"
    ),
}


def agrees(text: str, unit: str, value: int) -> bool:
    """Whether a value, in its unit, is what is printed, to the digits that are printed.

    >>> agrees("15.5", "G", 15_470_264_320), agrees("<25", "M", 25_000_000)
    (True, False)
    """
    if text.startswith("<"):
        return Fraction(value, UNITS[unit]) < Fraction(text[1:])
    digits = len(text.partition(".")[2])
    return rounded(value, UNITS[unit], digits).replace(",", "") == text


def difference(figure: Figure) -> str:
    """Why a cited figure is not what is computed; "" where no reason is on record."""
    return KNOWN_DIFFERENCES.get((figure.name, figure.quantity, figure.source.key), "")
