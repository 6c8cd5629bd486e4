"""The records of the catalogue, a file for each family; this list is the catalogue's order."""

from __future__ import annotations

from cnnref.networks.architecture import Architecture
from cnnref.networks.records import alexnet, inception, later, nin, others, resnet, vgg, zfnet

__all__ = ["ARCHITECTURES"]

ARCHITECTURES: tuple[Architecture, ...] = (
    *alexnet.RECORDS,
    *zfnet.RECORDS,
    *vgg.RECORDS,
    *nin.RECORDS,
    *inception.RECORDS,
    *resnet.RECORDS,
    *others.RECORDS,
    *later.RECORDS,
)
