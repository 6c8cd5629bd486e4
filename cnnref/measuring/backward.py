"""The feature maps that a backward pass cannot do without."""

from __future__ import annotations

from cnnref.counting import operators as kinds
from cnnref.tables.analysis import IN_PLACE, VIEWS, storages
from cnnref.tables.table import Table

__all__ = ["needed_elements"]

# their backward pass reads what they were given
READS_INPUT = frozenset((*kinds.COUNTED_BY_TORCH, *kinds.NORMS, *kinds.POOLS))


def needed_elements(table: Table) -> int:
    """The elements of one image's maps that are held until the backward pass, at the least.

    A map stays where a convolution, a product, a norm or a pool has read it, or where a rectifier
    wrote it. A map that is only added to another, or joined with others, may go at once: this is
    why it comes to less than `Table.training_activation_bytes`, which has every output.
    """
    layers = tuple(table)
    owners, _ = storages(layers, VIEWS | IN_PLACE)
    held: set[int] = set()
    for number, layer in enumerate(layers):
        if layer.op in READS_INPUT:
            held.update(owners[source] for source in layer.inputs)
        if layer.op in IN_PLACE:
            held.add(owners[number])
    return sum(layers[owner].out_shape.elements for owner in held if owner >= 0)
