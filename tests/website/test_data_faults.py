"""A flipped digit or bit in any file of data is seen: by the digest, and as a sentence if read."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from checks import signed
from cnnref import CnnrefError
from cnnref.networks import published
from studies.machines import record
from studies.operators import record as operators
from studies.peers import trial_records
from website import citations, data
from website.chapters import peers, sources, zoo
from website.chapters.resnet import degradation
from website.errata import claims
from website.experiments import records as experiments
from website.networks import answers
from website.places import ROOT

FLIPS = 60
MEASURED = next(iter(sorted((ROOT / "docs" / "measured").glob("*.json"))))


def tried(name: str) -> object:
    return experiments.record(name)["runs"][0]["wrong"]


# a file of data -> what reads it
READERS: dict[str, Callable[[], object]] = {
    "cnnref/networks/data/published.csv": published.figures,
    "cnnref/networks/data/sources.csv": published.sources,
    "scripts/website/data/claims.csv": claims.claims,
    "scripts/website/data/remarks.csv": claims.said_besides,
    "scripts/website/data/quotes.csv": claims.quotations,
    "scripts/website/data/statements.csv": sources.statements,
    "scripts/website/data/ilsvrc.csv": data.ilsvrc,
    "scripts/website/data/googlenet_table1.csv": data.googlenet_table1,
    "scripts/website/data/known_differences.csv": citations.known_differences,
    "scripts/website/data/degradation.json": degradation.runs,
    "scripts/website/data/degradation_slower.json": partial(degradation.runs, "degradation_slower"),
    "docs/operators/operators.csv": operators.read,
    "docs/zoo/zoo.csv": zoo.families,
    "docs/zoo/zoo.json": partial(zoo.zoo, "models"),
    "docs/peers/counts.csv": answers.said,
    "docs/peers/benchmark.json": partial(peers.record, "benchmark"),
    "docs/peers/trials.json": peers.state_table,
    "docs/peers/disturbed.json": partial(peers.record, "disturbed"),
    "docs/peers/features.toml": trial_records.stated,
    MEASURED.relative_to(ROOT).as_posix(): partial(record.read, MEASURED),
    **{f"docs/experiments/{name}.json": partial(tried, name) for name in experiments.names()},
}
KEPT = (
    published.figures, published.sources, claims.claims, claims.said_besides, claims.quotations,
    data.ilsvrc,
    sources.statements,
    data.googlenet_table1, citations.known_differences, degradation.record, degradation.runs,
    experiments.record, zoo.entries, answers.said, peers.record, operators.read,
)  # fmt: skip


def flips(whole: bytes, draw: random.Random) -> Iterator[bytes]:
    """A digit that is another one, and a bit that differs, in turn."""
    digits = [found.start() for found in re.finditer(rb"\d", whole)]
    for number in range(FLIPS):
        digit = bool(digits) and number % 2
        place = draw.choice(digits) if digit else draw.randrange(len(whole))
        other = (whole[place] - 47) % 10 + 48 if digit else whole[place] ^ 1 << number % 8
        yield whole[:place] + bytes([other]) + whole[place + 1 :]
    yield from (b"", whole[: len(whole) // 2], whole[:-1] + b"\xff")


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, bytes], None]]:
    """Let a file hold other bytes than on the disk; nothing that was read before is kept."""
    real = Path.read_bytes

    def harmed(path: Path, found: bytes) -> None:
        monkeypatch.setattr(Path, "read_bytes", lambda self: found if self == path else real(self))
        for one in KEPT:
            one.cache_clear()

    yield harmed
    for one in KEPT:
        one.cache_clear()


def refusal(read: Callable[[], object]) -> str:
    try:
        read()
    except CnnrefError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_flip_is_seen_by_the_digest_and_read_without_a_bare_error(name: str, put) -> None:
    path, read = ROOT / name, READERS[name]
    assert refusal(read) == ""
    known = signed.signed(ROOT)[name]
    for found in flips(path.read_bytes(), random.Random(name)):
        put(path, found)
        assert signed.digest(path) != known
        said = refusal(read)
        assert said == "" or path.name in said


def test_every_file_of_data_has_a_reader_here() -> None:
    """Besides what is looked at by others: programs, licences, fonts, and the schema of records."""
    others = {path for path in signed.places(ROOT) if "vendor" in path or "fonts" in path}
    others |= {"docs/zoo/models.js", "scripts/website/data/measured.schema.json"}
    others |= {path for path in signed.places(ROOT) if path.startswith("docs/measured/")}
    assert set(READERS) | others == signed.places(ROOT) | set(READERS)


def test_what_is_wrong_in_a_cell_is_named_with_line_and_column(put) -> None:
    path = ROOT / "cnnref/networks/data/published.csv"
    put(path, path.read_bytes().replace(b",61100840,count,", b",6I100840,count,", 1))
    assert refusal(published.figures) == (
        f"{path}, line 2: in the column 'value', '6I100840' is no number."
    )
    put(path, path.read_bytes().replace(b",params,6I1", b",parans,611", 1))
    assert "line 2: in the column 'quantity', 'parans' is none of " in refusal(published.figures)
