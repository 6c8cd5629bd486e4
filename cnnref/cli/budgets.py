"""What a network may cost: limits of the command line, an earlier table, budgets of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.cli.show import Outcome, limits, printed, progress
from cnnref.cli.words import parsed
from cnnref.errors import UnknownNameError
from cnnref.files import write
from cnnref.tables.budget import Budget, Otherwise, Verdict
from cnnref.tables.formats import Grid
from cnnref.tables.printable import Printed, View
from cnnref.testing.stated import FILE, Stated, budgets, words

if TYPE_CHECKING:
    from types import SimpleNamespace

    from cnnref.tables.table import Table

__all__ = ["Held", "held"]

# of the JSON; it changes where what a name in it means does
SCHEMA = 1


class Held(NamedTuple):
    """One budget of a project, and how its network stands to it.

    unknown: why the limits cannot be held against it, if they cannot.
    """

    name: str
    table: Table
    verdicts: Sequence[Verdict]
    otherwise: Otherwise | None = None
    unknown: str = ""

    @property
    def kept(self) -> bool:
        """Whether nothing is exceeded, nothing is otherwise, and every row is counted."""
        otherwise = self.otherwise is not None and self.otherwise.rows
        return not (otherwise or self.unknown) and all(one.kept for one in self.verdicts)

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """A mark, a word and a sentence for each limit, and for what is otherwise."""
        for verdict in self.verdicts:
            mark, word = ("", "kept") if verdict.kept else ("only_a", "exceeded")
            yield mark, word, str(verdict)
        if self.unknown:
            yield "uncounted", "unknown", self.unknown
        if self.otherwise is not None and not self.otherwise.rows:
            yield "", "kept", f"as {self.otherwise.name} has it"
        elif self.otherwise is not None:
            yield from (("changed", "changed", line) for line in self.otherwise.lines())

    def to_dict(self) -> dict[str, Any]:
        """What is written as JSON."""
        return {
            "name": self.name,
            "network": self.table.name,
            "kept": self.kept,
            "limits": [one.to_dict() for one in self.verdicts],
            "baseline": self.otherwise and self.otherwise.to_dict(),
            "unknown": self.unknown,
        }


class Report(Printed):
    """The budgets of a project in every format."""

    def __init__(self, found: Sequence[Held]) -> None:
        self.found = found

    def _seen(self, _: View) -> Grid:
        lines = [(mark, one.name, *told) for one in self.found for mark, *told in one.lines()]
        count, failed = len(self.found), sum(not one.kept for one in self.found)
        return Grid(
            heads=["budget", "", "why"],
            aligns="lll",
            kinds=["text", "text", "text"],
            cells=[list(cells) for _, *cells in lines],
            exact=[list(cells) for _, *cells in lines],
            totals=[],
            notes=[f"{count} budget{'s' * (count != 1)} of {FILE}, {count - failed} kept"],
            marks=[mark for mark, *_ in lines],
            folds=[(2, 40)],
        )

    def _document(self, _: View) -> dict[str, Any]:
        kept = all(one.kept for one in self.found)
        return {"schema": SCHEMA, "kept": kept, "budgets": [one.to_dict() for one in self.found]}


def held(arguments: SimpleNamespace) -> Outcome:
    """`cnnref budget`."""
    found = budgets(Path.cwd())
    known = [one.name for one in found]
    for name in arguments.budgets:
        if name not in known:
            raise UnknownNameError(f"budget of {FILE}", name, known)
    chosen = [one for one in found if one.name in (arguments.budgets or known)]
    report = []
    for number, one in enumerate(chosen, 1):
        progress(f"[{number}/{len(chosen)}] {one.name}")
        with chdir(one.folder):
            report.append(_held(one, arguments.update))
    progress("")
    code = int(not all(one.kept for one in report))
    return Outcome(printed(Report(report), arguments), code)


def _held(stated: Stated, update: bool) -> Held:
    from cnnref.cli.networks import book

    arguments = parsed("trace", words(stated, update))
    assert arguments is not None
    table = book(arguments.target, arguments)
    kept = stated.given.get("baseline")
    if update and kept:
        write(kept, table.to_json(arguments.convention))
        arguments.baseline = kept, table
    budget = limits(arguments) or Budget({}, besides=True)
    unknown = "" if arguments.allow_uncounted else budget.unknown(table)
    otherwise = budget.against(table, arguments.baseline[0] if arguments.baseline else "")
    return Held(stated.name, table, budget.verdicts(table), otherwise, unknown)
