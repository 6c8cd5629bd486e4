"""All that a new network needs once its spec, its model and its record are written.

The steps are those of docs/contributing.md, in the order in which each needs the one before; the
first that fails ends the run, since the others would only repeat what it says.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from checks.every import module, script
from cnnref import CnnrefError
from cnnref.networks.catalog import names

__all__ = ["main", "run_all", "steps"]

Step = tuple[str, Callable[[], bool]]
UNKNOWN = (
    "{!r} is no network of the catalogue yet. Write its spec in cnnref/specs/, its model in "
    "cnnref/models/ and its Architecture in cnnref/networks/records/, whose __init__.py lists the "
    "files; docs/contributing.md shows each."
)


def main(arguments: list[str]) -> int:
    """Run all that a new network needs, one step after another, to the first that fails."""
    parser = argparse.ArgumentParser(prog="check network", description=main.__doc__)
    parser.add_argument("name", help="the network's name, as in its record")
    return run_all(parser.parse_args(arguments).name)


def run_all(name: str) -> int:
    """Run the steps for one network; 1 where one fails, and then no more of them.

    Raises:
        CnnrefError: the catalogue has no such network.
    """
    if name not in names():
        raise CnnrefError(UNKNOWN.format(name))
    todo = steps(name)
    for number, (title, run) in enumerate(todo, 1):
        print(f"\n== {number}/{len(todo)} {title}", flush=True)
        if not run():
            print(f"network: {name} stops at: {title}")
            return 1
    print(f"network: {name} is as it should be; last comes scripts/test, which runs everything")
    return 0


def steps(name: str) -> list[Step]:
    """What is run for a network, with what it is for."""
    return [
        ("layout of the code", lambda: module("ruff", "format", "cnnref")),
        ("rules of the code", lambda: module("ruff", "check", "cnnref")),
        ("both books, at every size", lambda: module("cnnref", "check", name)),
        ("every fault in both books", lambda: script("faults", "--networks", name)),
        ("what other counters say of it", lambda: script("peer_counts", "--networks", name)),
        ("signatures", lambda: script("check", "signed", "--renew", "docs/peers/counts.csv")),
        ("tables, facts and catalogue", lambda: script("generate")),
        ("what pages show", lambda: script("check", "shown", "--renew")),
        ("tests that concern it", lambda: module("pytest", "-q", "-k", name)),
    ]
