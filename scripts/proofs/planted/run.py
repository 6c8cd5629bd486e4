"""The run of scripts/faults: its parts, several processes that do them, and what came of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import cnnref
from proofs.planted import arithmetic, books, figures
from proofs.planted.change import OUTCOMES, Tally, tally

__all__ = ["found_in", "report", "run", "tasks_of"]

IDLE = "idle"
Task = tuple[str, str]


def tasks_of(chosen: Iterable[str], networks: Iterable[str] | None) -> Iterator[Task]:
    """The parts that a process does in one go, the longest first."""
    names = list(networks or cnnref.names())
    names.sort(key=lambda name: -len(cnnref.table(name)))
    for book in sorted(set(chosen) & set(books.BOOKS)):
        yield from ((book, name) for name in names)
    if "rules" in chosen:
        yield from (("rules", rules.__name__) for rules in arithmetic.RULES)
    if "data" in chosen:
        yield from (("data", name) for name in figures.BOOKS)


def found_in(task: Task, sample: int | None, seed: int) -> Tally:
    """What comes of the faults of one part."""
    book, name = task
    if book == "rules":
        return tally(arithmetic.plant(sys.modules[name], sample=sample, seed=seed))
    if book == "data":
        return tally(figures.plant(name, sample=sample, seed=seed))
    found = tally(books.plant(book, name, sample=sample, seed=seed))
    if book == "models":
        found.outcomes[IDLE] = len(books.idle_in(name))
    return found


def run(tasks: list[Task], sample: int | None, seed: int, jobs: int) -> int:
    """Do all parts, in several processes, and say what came of them."""
    done: dict[Task, Tally] = {}
    with ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn")) as pool:
        waiting = {pool.submit(found_in, task, sample, seed): task for task in tasks}
        for future in as_completed(waiting):
            done[waiting[future]] = future.result()
            progress(done, len(tasks), waiting[future])
    return report(tasks, done)


def progress(done: dict[Task, Tally], parts: int, last: Task) -> None:
    if sys.stdout.isatty():
        missed = sum(len(tally.missed) for tally in done.values())
        words = f"{len(done)}/{parts} parts, {missed} missed; last: {' '.join(last)}"
        print(f"\r\033[K{words}", end="\r\033[K" if len(done) == parts else "", flush=True)


def report(tasks: list[Task], done: dict[Task, Tally]) -> int:
    """A line for each book and the sum, the reasons, and every fault that was missed."""
    sums = {book: tally() for book, _ in tasks}
    for task in tasks:
        sums[task[0]] += done[task]
    whole = sum(sums.values(), tally())
    print(f"{'faults in':<10}{'planted':>9}", *(f"{word:>11}" for word in OUTCOMES), sep="")
    for book, part in (*sums.items(), ("all", whole)):
        counts = (f"{part.outcomes[word]:>11}" for word in OUTCOMES)
        print(f"{book:<10}{part.planted:>9}", *counts, sep="")
    for reason, times in whole.reasons.most_common():
        print(f"equivalent, {times}: {reason}")
    if left := whole.outcomes[IDLE]:
        print(f"left out, {left}: layers of models that run in training only")
    for text in whole.missed:
        print(f"missed: {text}")
    return 1 if whole.missed else 0
