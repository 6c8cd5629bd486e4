"""The memory alive along a chain"""

import cnnref


def peak(maps):
    """The most numbers alive at once; each layer reads one map and writes the next."""
    return max(before + after for before, after in zip(maps, maps[1:]))


# these write no new map: a ReLU overwrites the one it reads, the others hand it on
SAME = ("relu", "dropout", "flatten")
for name in ("vgg16", "alexnet", "nin"):
    table = cnnref.table(name)
    maps = [table[0].in_shape.elements]
    maps += [row.out_shape.elements for row in table if row.op not in SAME]
    assert peak(maps) == table.peak_activation_bytes("int8"), name
