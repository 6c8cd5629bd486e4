"""Where a row stands: the names of what it is in."""

from __future__ import annotations

from cnnref.counting.layer import Layer

__all__ = ["levels"]


def levels(layer: Layer) -> tuple[str, ...]:
    """The names of what a row is in, from coarse to fine, and its own.

    A traced row's are the parts of its module's path; a spec's its stage, its block and
    what its name adds.

    >>> import cnnref
    >>> levels(cnnref.table("resnet50")["conv2_1.conv1"])
    ('conv2', 'conv2_1', 'conv2_1.conv1')
    """
    words = layer.name.partition("#")[0].split(".")
    path = tuple(".".join(words[: end + 1]) for end in range(len(words)))
    if layer.stage in ("", path[0]):
        return path
    return tuple(dict.fromkeys([layer.stage, *filter(None, [layer.block]), *path]))
