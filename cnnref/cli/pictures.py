"""The commands that make pictures: drawings of networks and blocks, and bars of their costs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from cnnref.cli.commands import CHARTS, PICTURES
from cnnref.cli.networks import book
from cnnref.cli.show import Outcome, delivered
from cnnref.cli.streams import complain
from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.tables.quantities import current

if TYPE_CHECKING:
    from types import SimpleNamespace

__all__ = ["charted", "drawn"]

# how files of a notation end where it is not by its name
ENDINGS = {"gv": "dot", "mmd": "mermaid"}
# of a chart: what is no text
BINARY = ("png", "pdf")


def drawn(arguments: SimpleNamespace) -> Outcome:
    """`cnnref draw`."""
    kind = _kind(arguments, PICTURES)
    found = book(arguments.name, arguments)
    if kind == "svg":
        picture = found.draw(arguments.block, fields=arguments.fields, fold=not arguments.no_fold)
        return Outcome(delivered(picture.standalone(), arguments))
    if arguments.fields:
        raise CnnrefError(f"--fields is a picture to scale: {kind} has no scale; drop --fields.")
    notation = found.to_dot if kind == "dot" else found.to_mermaid
    return Outcome(delivered(notation(arguments.block, fold=not arguments.no_fold), arguments))


def charted(arguments: SimpleNamespace) -> Outcome:
    """`cnnref chart`."""
    kind = _kind(arguments, CHARTS)
    if kind in BINARY and arguments.output is None:
        raise CnnrefError(f"A chart as {kind} is no text: give --output FILE.{kind}.")
    chart = book(arguments.name, arguments).chart(
        current(arguments.quantity, complain),
        arguments.by,
        arguments.convention,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size or 1,
    )
    return Outcome(delivered(_written(chart, kind), arguments))


def _kind(arguments: SimpleNamespace, known: tuple[str, ...]) -> str:
    """What a picture is written as: as the option says, or as the file ends."""
    ending = (arguments.output or "").rpartition(".")[2].lower()
    ending = ENDINGS.get(ending, ending)
    kind = arguments.kind or (ending if ending in known else known[0])
    if kind not in known:
        raise UnknownNameError("kind of picture", kind, known)
    return str(kind)


def _written(chart: Any, kind: str) -> Any:
    file: Any = io.BytesIO() if kind in BINARY else io.StringIO()
    try:
        chart.save(file, format=kind)
    except (ImportError, ValueError) as error:
        if "vl-convert" not in str(error) and "vl_convert" not in str(error):
            raise
        raise MissingExtraError(f"A chart as {kind}", "vl-convert-python", "charts") from None
    return file.getvalue()
