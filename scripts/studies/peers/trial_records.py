"""The record of all trials: a process for each counter, and which features each one has."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cnnref.files import toml_of
from studies.output import write
from studies.peers.records import PEERS
from studies.peers.tools import TOOLS
from studies.peers.trial_cases import TRIALS
from website.places import SCRIPTS

RECORD = PEERS / "trials.json"
FEATURES = PEERS / "features.toml"
NAMES = ("cnnref", *(tool.name for tool in TOOLS))


def run(output: str | None = None) -> int:
    names = tqdm(NAMES, disable=not sys.stderr.isatty())
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "trials": [
            {"key": trial.key, "title": trial.title, "macs": trial.macs} for trial in TRIALS
        ],
        "tools": [in_process("trials", name) for name in names],
        "features": in_process("trial_records", str(FEATURES)),
    }
    write(output or RECORD, json.dumps(record, indent=1) + "\n")
    return 0


class CrashError(RuntimeError):
    """A counter took the whole process with it."""


def in_process(script: str, *arguments: str) -> Any:
    command = [sys.executable, "-m", f"studies.peers.{script}", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPTS)
    if ran.returncode < 0:
        raise CrashError(f"{' '.join(arguments)} crashed with signal {-ran.returncode}")
    if ran.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed: {ran.stderr.strip().splitlines()[-1]}")
    return json.loads(ran.stdout.splitlines()[-1])


def stated() -> list[dict[str, Any]]:
    """The features as docs/peers/features.toml states them."""
    entries: list[dict[str, Any]] = toml_of(FEATURES)["feature"]
    return entries


def found(evidence: str) -> bool:
    """Whether "package.module:name.attribute" or "package.module:function(parameter)" exists."""
    module, _, path = evidence.partition(":")
    path, _, parameter = path.removesuffix(")").partition("(")
    try:
        value: Any = import_module(module)
        for name in filter(None, path.split(".")):
            value = getattr(value, name)
    except (ImportError, AttributeError):
        return False
    return not parameter or accepts(value, parameter)


def accepts(function: Any, parameter: str) -> bool:
    from inspect import signature

    return parameter in signature(function).parameters


if __name__ == "__main__":
    features = toml_of(Path(sys.argv[1]))["feature"]
    told = [
        {
            "title": feature["title"],
            "tools": {tool: text for tool, text in feature["tools"].items() if found(text)},
            "missing": [tool for tool, text in feature["tools"].items() if not found(text)],
        }
        for feature in features
    ]
    print(json.dumps(told))
