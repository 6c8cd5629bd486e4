"""The runs of scripts/measure: what is left to do, what is written down, when it ends."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm import tqdm

import cnnref
from cnnref.counting.units import GIB
from cnnref.measuring.machine import machine
from cnnref.measuring.record import Machine, Measurement
from cnnref.measuring.roofline import Ceilings
from cnnref.measuring.settings import resolved_device
from studies.code import digest, files
from studies.ledger import Ledger
from studies.machines.plan import SPREAD, Case, kinds, plan
from studies.machines.record import LeftOut, Record, drift, read, write
from website import places
from website.places import DOCS

RECORDS = DOCS / "measured"
CACHE = places.CACHE / "measured"
THIS = CACHE / "this-machine.json"
TIME_UP = "the time for the whole was up"
# seconds of repeating for one case, and of one size of a ceiling
FULL, QUICK = (3.0, 2.0), (0.6, 0.3)
# of a build's own record as a whole, but for the case that runs when the time is up
QUICK_LIMIT = 60.0


def main(given: Namespace) -> int:
    """The run of scripts/measure.

    Raises:
        CnnrefError: what is asked for cannot be measured, or may not be written there.
    """
    if given.check:
        lines = check()
        print("\n".join(lines) or f"{len(committed())} records are as the specs say")
        return int(bool(lines))
    if given.here:
        this_machine(lambda line: print(f"  {line}", flush=True))
        return 0
    only = given.networks.split(",") if given.networks else None
    if (given.quick or only) and not (given.output or given.plan):
        raise cnnref.CnnrefError("a part of the plan is no reference; name a file with --output.")
    todo = job(given.device, quick=given.quick, only=only, limit=given.seconds)
    if given.plan:
        print("\n".join(map(str, todo.cases)))
        return 0
    print(f"{len(todo.cases)} cases on {todo.machine}", flush=True)
    found = run(todo)
    path = Path(given.output or RECORDS / f"{found.key}.json")
    (write if given.output else keep)(found, path)
    print(f"{path}: {len(found.measurements)} measured, {len(found.left_out)} left out")
    return 0


class Book:
    """What is measured so far, which an interrupted run goes on from."""

    def __init__(self, path: Path, key: str) -> None:
        self._ledger = Ledger(path, key, lambda stated: (Case(**stated.pop("case")), stated))
        self.found: dict[Case, dict[str, Any]] = dict(self._ledger)

    def add(self, case: Case, entry: Mapping[str, Any]) -> None:
        """Keep what came of a case."""
        self.found[case] = dict(entry)
        self._ledger.add({"case": case._asdict(), **entry})


class Job(NamedTuple):
    """One run: on what, how much of the plan, and how long."""

    device: torch.device
    machine: Machine
    cases: list[Case]
    quick: bool
    limit: float | None

    @property
    def key(self) -> str:
        """What a result depends on besides its case."""
        return f"{code()}-{digest((), repr((self.machine, self.quick)))}"


def job(device: str, *, quick: bool, only: Iterable[str] | None, limit: float | None) -> Job:
    """The run that the options ask for.

    Raises:
        CnnrefError: the device is not there, or no network has a name.
    """
    for name in only or ():
        cnnref.architecture(name)
    place = resolved_device(device)
    here = machine(place, torch.get_num_threads())
    return Job(place, here, plan(place.type, quick=quick, only=only), quick, limit)


def run(todo: Job) -> Record:
    """Measure what is left of a job, and put its record together."""
    book = Book(CACHE / f"{digest((), todo.key)}.jsonl", todo.key)
    until = time.monotonic() + (todo.limit or float("inf"))
    # what failed may have failed for a reason that is gone
    left = [case for case in todo.cases if "measurement" not in book.found.get(case, {})]
    bar = tqdm(left, disable=not sys.stderr.isatty(), unit="case", leave=False)
    for case in bar:
        if time.monotonic() > until:
            break
        bar.set_description(str(case)[:50])
        book.add(case, outcome(case, todo))
    return record(todo, book)


def outcome(case: Case, todo: Job) -> dict[str, Any]:
    """A measurement, or the reason why there is none."""
    options = case.options
    try:
        found = cnnref.measure(
            case.network,
            device=todo.device,
            layers=plain(case),
            seconds=(QUICK if todo.quick else FULL)[0],
            spread=SPREAD,
            **options,
        )
    except (cnnref.CnnrefError, RuntimeError, ValueError) as error:
        said = [str(error) or type(error).__name__, *getattr(error, "__notes__", ())]
        return {"reason": " ".join(" ".join(said).split())[:300]}
    return {"measurement": found.to_dict()}


def plain(case: Case) -> bool:
    """Whether a case also takes the times of its layers: in float32 and the usual layout."""
    return not (case.channels_last or case.compiled or case.dtype != "float32")


def record(todo: Job, book: Book) -> Record:
    """What the book holds of a job's cases."""
    found = {case: book.found.get(case, {"reason": TIME_UP}) for case in todo.cases}
    measured = [entry["measurement"] for entry in found.values() if "measurement" in entry]
    return Record(
        title=title(todo.machine),
        plan="quick" if todo.quick else "full",
        date=max((one["date"] for one in measured), default=today()),
        code=code(),
        machine=todo.machine,
        ceilings=tuple(_ceilings(todo)),
        measurements=tuple(Measurement.from_dict(one, todo.machine) for one in measured),
        left_out=tuple(
            LeftOut(**case._asdict(), reason=entry["reason"])
            for case, entry in found.items()
            if "reason" in entry
        ),
    )


def _ceilings(todo: Job) -> Iterator[Ceilings]:
    seconds = (QUICK if todo.quick else FULL)[1]
    for dtype, tf32 in kinds(todo.cases):
        yield cnnref.ceilings(todo.device, dtype, tf32=tf32, seconds=seconds)


def title(where: Machine) -> str:
    """A short name of a machine."""
    if where.device != "cpu":
        return where.name
    return f"{where.name}, {where.threads} thread{'s' * (where.threads != 1)}"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def code() -> str:
    """What the measured code comes to: all that a measurement imports, both books among it."""
    return digest(files("cnnref.measuring.run"))


def this_machine(say: Callable[[str], None]) -> Record:
    """The quick record of this machine: from an earlier build where nothing has changed."""
    todo = job("auto", quick=True, only=None, limit=QUICK_LIMIT)
    if THIS.exists():
        try:
            known = read(THIS)
            ended = all(one.reason != TIME_UP for one in known.left_out)
            if ended and (known.code, known.machine) == (code(), todo.machine):
                say(f"measured on {known.date}, reused")
                return known
        except cnnref.CnnrefError:
            say(f"{THIS.name} is broken or older, and is measured again")
    started = time.monotonic()
    found = run(todo)
    if not found.measurements:
        raise cnnref.CnnrefError(f"measure: nothing could be measured: {found.left_out[0].reason}")
    write(found, THIS)
    say(f"{len(found.measurements)} networks in {time.monotonic() - started:.0f} s")
    return found


def keep(found: Record, path: Path) -> None:
    """Write a record, unless there is one of more, or of another machine, which is not replaced.

    Raises:
        CnnrefError: there is such a record, or one that cannot be read; --output is the remedy.
    """
    if path.exists():
        known = read(path)
        if hardware(known.machine) != hardware(found.machine):
            raise cnnref.CnnrefError(
                f"{path.name} is of another machine of that name; write elsewhere with --output."
            )
        if len(known.measurements) > len(found.measurements):
            raise cnnref.CnnrefError(
                f"{path.name} has {len(known.measurements)} measurements and this run "
                f"{len(found.measurements)}; run it to its end, or write elsewhere with --output."
            )
    write(found, path)


def hardware(where: Machine) -> tuple[object, ...]:
    """What of a machine stays when its software changes; memory in GiB, as a system keeps some."""
    memory = round(where.memory_bytes / GIB)
    return where.device, where.name, where.processor, where.cores, where.threads, memory


def committed() -> list[Record]:
    """The records of the reference machines, in the order of their files."""
    return [read(path) for path in sorted(RECORDS.glob("*.json"))]


def check() -> list[str]:
    """What is no longer true of the committed records, a line each."""
    lines = []
    for path in sorted(RECORDS.glob("*.json")):
        try:
            found = read(path)
        except cnnref.CnnrefError as error:
            lines.append(str(error))
            continue
        if path.stem != found.key:
            lines.append(f"{path.name}: the record is of {found.title}; name it {found.key}.json")
        lines += drift(found)
    return lines
