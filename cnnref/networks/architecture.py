"""What the catalogue says of one network."""

from typing import NamedTuple

from cnnref.counting.shapes import Size

__all__ = ["Architecture"]


class Architecture(NamedTuple):
    """One network of the catalogue.

    year: of the paper's first version.
    source: the table or figure that both books were taken from.
    differences: what is not as in the paper, one sentence; "" where nothing is.
    depth: convolutions and fully-connected layers, as the papers count.
    input_size: the default height and width, in pixels.
    sizes: the input sizes, in pixels, at which the two books are compared.
    torchvision: its name there, "" where torchvision does not have it.
    spec, model: "module:function" of the two books, below cnnref.specs and cnnref.models.
    family: the line of networks that it belongs to, those that have most of their layers in common.
    chapter: the page of the lecture that tells of it, without its ending; "" where none does.
    num_classes: the classes of the data set it was made for.

    >>> import cnnref
    >>> record = cnnref.architecture("resnet50")
    >>> record.title, record.year, record.family
    ('ResNet-50', 2015, 'ResNet')
    """

    name: str
    title: str
    authors: str
    year: int
    venue: str
    paper: str
    source: str
    differences: str
    depth: int
    input_size: int
    sizes: tuple[Size, ...]
    torchvision: str
    spec: str
    model: str
    family: str
    chapter: str
    num_classes: int = 1000
