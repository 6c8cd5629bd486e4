"""The paths of numbers in words, for those who point at a number and ask what it is."""

from __future__ import annotations

from collections.abc import Mapping

from cnnref.counting.units import grouped
from cnnref.errors import UnknownNameError
from cnnref.networks.catalog import architecture
from website.facts import fact

__all__ = ["compared", "spoken", "told"]

NOUNS: Mapping[str, str] = {
    "macs": "MACs",
    "parameters": "parameters",
    "weights": "weights",
    "biases": "biases",
    "activations": "activations",
    "operations": "operations",
    "stored_bytes": "bytes",
    "rows": "rows",
    "in_channels": "channels in",
    "in_size": "pixels a side, in",
    "out_channels": "channels out",
    "out_size": "pixels a side, out",
    "elements": "elements out",
    "elements_in": "elements in",
    "kernel": "pixels a side of the window",
    "stride": "pixels from window to window",
    "padding": "pixels of padding",
    "groups": "groups",
    "taps": "products for each output",
}
# the words for a group of rows by what they have in common
GROUPS: Mapping[str, str] = {"op": "all {} layers", "stage": "stage {}", "block": "block {}"}


def told(path: str) -> str:
    """What a number is and its exact value.

    >>> told("alexnet@227/conv1/macs")
    'conv1 of AlexNet (one tower) at 227 pixels: 72,855,552 MACs'
    """
    return f"{spoken(path)}: {_counted(path)}"


def compared(one: str, other: str) -> str:
    """Two numbers beside each other: a part of its whole, or each by itself.

    >>> compared("vgg16/stage:fc6/parameters", "vgg16/total/parameters")
    'stage fc6 of VGG-16: 102,764,544 of 138,357,544 parameters'
    >>> compared("vgg19/total/macs", "vgg16/total/macs")
    'VGG-19: 19,632,062,464 MACs; VGG-16: 15,470,264,320 MACs'
    """
    (name, rows, quantity), (whole, total, same) = _parts(one), _parts(other)
    if (name, "total", quantity) == (whole, total, same) and rows != "total":
        return f"{spoken(one)}: {grouped(fact(one))} of {_counted(other)}"
    return f"{told(one)}; {told(other)}"


def spoken(path: str) -> str:
    """The rows of a path and their network, in words."""
    key, rows, _ = _parts(path)
    if rows == "total":
        return network(key)
    return f"{_listed([_group(part) for part in rows.split('+')])} of {network(key)}"


def network(key: str) -> str:
    """The network of a path in words.

    >>> network("googlenet:3a"), network("block:separable")
    ('block 3a of GoogLeNet', 'the block separable')
    """
    name, _, size = key.partition("@")
    whole, colon, part = name.partition(":")
    try:
        title = architecture(whole).title
    except UnknownNameError:
        return f"the block {part.replace(':', ' ')}" if colon else f"the network {name}"
    title = f"block {part} of {title}" if colon else title
    return f"{title} at {size} pixels" if size else title


def _parts(path: str) -> tuple[str, str, str]:
    key, _, rest = path.partition("/")
    rows, _, quantity = rest.rpartition("/")
    return key, rows, quantity


def _group(part: str) -> str:
    by, colon, name = part.partition(":")
    return GROUPS[by].format(name.replace("_", " ")) if colon and by in GROUPS else part


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _counted(path: str) -> str:
    quantity, _, convention = _parts(path)[2].partition(":")
    counted = f"{grouped(fact(path))} {NOUNS[quantity]}"
    return f"{counted}, by {convention}" if convention and quantity == "operations" else counted
