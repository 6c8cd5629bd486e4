"""What commands print, and where: formats, files, colours, progress, budgets."""

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from cnnref.cli.streams import coloured, say
from cnnref.counting.units import visible
from cnnref.errors import CnnrefError

if TYPE_CHECKING:
    from cnnref.tables.budget import Budget
    from cnnref.tables.printable import Printed
    from cnnref.tables.table import Table

__all__ = [
    "Outcome",
    "delivered",
    "limits",
    "phase",
    "printed",
    "progress",
    "rows",
    "verdicts",
]


TERMINAL = 80
# kinds of lines of a grid -> the code of a terminal
STYLES = {
    "caption": "1", "head": "1", "total": "1", "rule": "2", "note": "2", "free": "2",
    "uncounted": "33", "changed": "33", "only_a": "31", "only_b": "32",
}  # fmt: skip


class Outcome(NamedTuple):
    """What a command prints, all of it, its exit code, and what is said on stderr behind it."""

    text: str
    code: int = 0
    said: str = ""


def rows(table: "Table", arguments: SimpleNamespace) -> Outcome:
    """A table as its options ask for it, and how it stands to its budgets and to its baseline."""
    # what is wrong with a budget is said before anything is printed
    budget = limits(arguments)
    verdict = verdicts(budget, table, arguments) if budget else Outcome("")
    if arguments.quiet and arguments.output is None:
        return verdict
    shown: Printed
    if arguments.baseline is None:
        shown = _arranged(table, arguments)
    else:
        from cnnref.tables.comparison import compare

        shown = compare(arguments.baseline[1], table)
    return verdict._replace(text=printed(shown, arguments, arguments.batch_size or 1))


def _arranged(table: "Table", arguments: SimpleNamespace) -> "Printed":
    grouped = [word for word in ("group", "depth") if getattr(arguments, word) is not None]
    ordered = [word for word in ("sort", "top") if getattr(arguments, word) is not None]
    alone = [*grouped, *(["collapse"] if arguments.collapse else [])]
    if arguments.by_convention is not None:
        columns = ["columns"] if arguments.columns is not None else []
        _refuse("by-convention", *alone, *ordered, *columns)
    _refuse(*alone, *(ordered if arguments.collapse else []))
    if arguments.no_free:
        table = table.without_free()
    if arguments.by_convention is not None:
        return table.by_convention(arguments.by_convention)
    if arguments.collapse:
        return table.collapse()
    found: Any = table
    if grouped:
        found = table.group(arguments.group, depth=arguments.depth)
    by = arguments.sort or "macs"
    if arguments.top is not None:
        return found.top(arguments.top, by, arguments.convention)  # type: ignore[no-any-return]
    return found.sorted(by, arguments.convention) if ordered else found  # type: ignore[no-any-return]


def _refuse(*options: str) -> None:
    if len(options) > 1:
        one, other, *_ = options
        raise CnnrefError(f"--{one} and --{other} exclude each other: give one of them.")


def printed(thing: "Printed", arguments: SimpleNamespace, batch_size: int = 1) -> str:
    """Anything that can be printed, in the format asked for; nothing where it goes to a file."""
    how: dict[str, Any] = {
        "dtype": getattr(arguments, "dtype", "float32"),
        "batch_size": batch_size,
    }
    view = getattr(arguments, "convention", "macs"), getattr(arguments, "columns", None)
    if arguments.format == "text" and arguments.output is None:
        from cnnref.tables import formats
        from cnnref.tables.printable import View, grid_of

        width = _width(sys.stdout)
        paint = _painted if coloured(sys.stdout) else formats.plain
        grid = grid_of(thing, View.of(*view, terse=True, **how))
        text = formats.to_text(grid, width, paint)
    else:
        text = getattr(thing, f"to_{arguments.format}")(*view, **how)
    return delivered(text.rstrip("\n") + "\n", arguments)


def delivered(text: str | bytes, arguments: SimpleNamespace) -> str:
    """The text for stdout, which is nothing where it goes to a file."""
    if arguments.output is None:
        return text if isinstance(text, str) else text.decode()
    from cnnref.files import write

    write(arguments.output, text)
    return ""


def _width(stream: TextIO) -> int:
    try:
        return max(TERMINAL, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError, AttributeError):
        return TERMINAL


def _painted(kind: str, text: str) -> str:
    code = STYLES.get(kind)
    if code is None:
        return text
    return "\n".join(f"\x1b[{code}m{line}\x1b[0m" if line else "" for line in text.split("\n"))


def progress(text: str) -> None:
    """What is being done, on one line of a terminal that the next one replaces."""
    if _watched():
        say(f"\r\x1b[K{text}")


def phase(text: str) -> None:
    """What is being done where it takes long: without a terminal, a line of its own."""
    if not _watched():
        say(f"cnnref: {text}\n")
    progress(text)


def _watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def limits(arguments: SimpleNamespace) -> "Budget | None":
    """The budgets that the options set; None where they set none."""
    given = {
        name.removeprefix("max_"): text
        for name, text in vars(arguments).items()
        if name.startswith("max_") and text is not None
    }
    besides = getattr(arguments, "baseline", None) is not None
    if not given and not besides:
        return None
    from cnnref.tables.budget import Budget

    return Budget(
        given,
        before=arguments.baseline[1] if besides else None,
        convention=getattr(arguments, "convention", "macs"),
        dtype=getattr(arguments, "dtype", "float32"),
        batch_size=getattr(arguments, "batch_size", None) or 1,
    )


def verdicts(budget: "Budget", table: "Table", arguments: SimpleNamespace) -> Outcome:
    """A line for each budget, on stderr, and exit code 1 where one is not kept."""
    found = budget.verdicts(table)
    quiet = getattr(arguments, "quiet", False)
    lines = [str(verdict) for verdict in found if not (verdict.kept and quiet)]
    unknown = "" if arguments.allow_uncounted else budget.unknown(table)
    if unknown:
        lines.append(f"{unknown}; --allow-uncounted takes them as free")
    doubt = "" if getattr(arguments, "values", "auto") == "always" else table.doubt
    if doubt:
        lines.append(f"{doubt}; --values always takes them")
    name = arguments.baseline[0] if getattr(arguments, "baseline", None) else ""
    found_otherwise = budget.against(table, name)
    otherwise = found_otherwise.lines() if found_otherwise else []
    lines += otherwise
    failed = bool(unknown or doubt or otherwise) or not all(verdict.kept for verdict in found)
    told = (visible(f"{table.name}: {line}") for line in lines)
    return Outcome("", int(failed), "".join(f"cnnref: {line}\n" for line in told))
