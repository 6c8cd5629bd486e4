"""The repository's own virtual environment: made when missing, completed when half done.

A script calls `enter()` before it imports anything that is not in the standard library; it then
runs under `.venv/bin/python` with every pinned package, or with those alone that build the site:
whoever only rebuilds it needs no tools of tests and no other counters. This file must also start
on Pythons that are too old, to say so.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _command import call, child, locked

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MADE = VENV / ".made"
PACKAGES = ROOT / "scripts" / "packages"
PINS = PACKAGES / "requirements.txt"
PINS_OF_TESTS = PACKAGES / "requirements-tests.txt"
PINS_NO_DEPS = PACKAGES / "requirements-nodeps.txt"
SHIM = PACKAGES / "torchvision_shim.py"
OLDEST = (3, 11)
SHOWN = ("Downloading ", "Installing collected", "WARNING: Retrying")
LINE, TAIL = 100, 25
# of the first line of a script, as the kernel of Linux reads it
SHEBANG = 127
OUT_OF_REACH = re.compile(r"Retrying \(|Max retries exceeded|Temporary failure in name resolution")


def enter(*, tests: bool = True) -> None:
    """Bring the environment up to date and continue in it (the running script starts anew).

    tests: with the packages of tests and studies, which the site is built without.
    """
    refuse_old_python(sys.version_info[:2])
    refuse_borrowed()
    inside = Path(sys.prefix).resolve() == VENV
    if inside and os.environ.get("CNNREF_ENVIRONMENT") == wanted(tests):
        return
    ensure(tests=tests)
    os.environ["CNNREF_ENVIRONMENT"] = wanted(tests)
    if inside:
        return
    # A process keeps its number when it starts anew, which must happen once only.
    if os.environ.get("CNNREF_STARTED_ANEW") == str(os.getpid()):
        raise SystemExit("environment: .venv does not work; delete it and run this again.")
    os.environ["CNNREF_STARTED_ANEW"] = str(os.getpid())
    os.execv(PYTHON, [str(PYTHON), *sys.argv])


def refuse_old_python(version: tuple[int, ...]) -> None:
    if version < OLDEST:
        have, need = (".".join(map(str, v)) for v in (version, OLDEST))
        raise SystemExit(f"cnnref needs Python {need} or newer, and this is Python {have}.")


def refuse_borrowed() -> None:
    """Two checkouts with one environment would each run the other's code."""
    if VENV.resolve() != VENV:
        raise SystemExit(
            f"environment: .venv is a link to {VENV.resolve()}, which is not this checkout's; "
            "remove the link and run the same command again."
        )


def ensure(*, tests: bool = True) -> None:
    started = time.perf_counter()
    # what is complete is only read, so that a checkout may be read-only
    if not todo(tests) and works():
        say("unchanged, reused")
        return
    with locked(ROOT / ".cache" / "environment.lock"):
        steps = todo(tests)
        if not works(same_python=bool(set(steps) - {LINK})):
            make()
            steps = steps_of(tests)
        for number, step in enumerate(steps, 1):
            say(f"{number}/{len(steps)} {step}")
            stamp(step).unlink(missing_ok=True)
            STEPS[step][0]()
            stamp(step).write_text(fingerprint(step), encoding="utf-8")
    say(f"ready in {time.perf_counter() - started:.0f} s")


def steps_of(tests: bool) -> list[str]:
    return [step for step in STEPS if tests or step not in TESTS]


def todo(tests: bool = True) -> list[str]:
    return [step for step in steps_of(tests) if not done(step)]


def make() -> None:
    say(f"making {VENV.name}/ with Python {'.'.join(map(str, sys.version_info[:3]))}")
    for left in (ROOT / ".cache").glob("venv-*"):
        shutil.rmtree(left, ignore_errors=True)
    if VENV.exists():
        # Out of the way in one go: a removal cut short must not leave half of it in place.
        old = Path(tempfile.mkdtemp(prefix="venv-", dir=ROOT / ".cache"))
        VENV.rename(old / VENV.name)
        shutil.rmtree(old, ignore_errors=True)
    if call([sys.executable, "-m", "venv", str(VENV)]):
        raise SystemExit(
            "environment: Python could not make .venv, for the reason above; on Debian and Ubuntu "
            "the package python3-venv is the remedy."
        )
    MADE.touch()


def works(*, same_python: bool = False) -> bool:
    """Whether the environment's Python starts and has pip.

    same_python: also whether it is of the version that runs this; what another one began is
        made anew, and what it completed is used as it is.
    """
    version = tuple(sys.version_info[:3]) if same_python else OLDEST
    fits = f"sys.version_info[:3] {'==' if same_python else '>='} {version}"
    test = f"import pip, sys; sys.exit(sys.prefix == sys.base_prefix or not {fits})"
    return MADE.exists() and PYTHON.exists() and runs(test)


def runs(code: str) -> bool:
    command = [str(PYTHON), "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_torch() -> None:
    lines = PINS.read_text(encoding="utf-8").split()
    install(*(line for line in lines if line.startswith("torch==")))


def install_pins() -> None:
    # Without hashes: pip takes them for all packages or for none, and torch has several builds of
    # one version, by system and card.
    install("--requirement", str(PINS))


def install_tools() -> None:
    install("--requirement", str(PINS_OF_TESTS))


def install_torchvision() -> None:
    install("--no-deps", "--requirement", str(PINS_NO_DEPS))
    # one that is there was needed, and lets torchvision be imported whatever it lacks
    if (packages() / SHIM.name).exists() or not runs("import torchvision"):
        shutil.copyfile(SHIM, packages() / SHIM.name)
        write(packages() / f"{SHIM.stem}.pth", f"import {SHIM.stem}\n")


def link_project() -> None:
    """Make `import cnnref` and the command `cnnref` run this checkout, whatever its state."""
    write(packages() / "cnnref-checkout.pth", f"{ROOT}\n")
    command = PYTHON.with_name("cnnref")
    code = 'import runpy\n\nrunpy.run_module("cnnref", run_name="__main__", alter_sys=True)\n'
    write(command, f"{first_lines(PYTHON)}\n{code}")
    command.chmod(0o755)


def first_lines(python: Path) -> str:
    """What starts a script; the kernel takes neither a space in this line nor a long one."""
    plain = f"#!{python}"
    if " " not in plain and len(plain.encode()) <= SHEBANG:
        return plain
    # to a shell an exec of Python, to Python a text
    quoted = re.sub(r'(["\\$`])', r"\\\1", str(python))
    return f"#!/bin/sh\n'''exec' \"{quoted}\" \"$0\" \"$@\"\n' '''"


def packages() -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([str(PYTHON), "-c", code], text=True).strip())


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


LINK = "cnnref from this checkout"
# A step's stamp is written when the step has ended well, so an interrupted one is done again.
STEPS = {
    "torch": (install_torch, [PINS]),
    "the pinned packages": (install_pins, [PINS]),
    "tools of tests": (install_tools, [PINS_OF_TESTS]),
    "torchvision": (install_torchvision, [PINS_NO_DEPS, SHIM, Path(__file__)]),
    LINK: (link_project, [Path(__file__)]),
}


# steps that the site is built without
TESTS = ("tools of tests", "torchvision")


def install(*arguments: str) -> None:
    drop_broken(packages())
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install"]
    command += ["--progress-bar", "off", *arguments]
    # Whatever state .venv is in, nothing outside it may be changed.
    environment = os.environ | {"PIP_REQUIRE_VIRTUALENV": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    said: list[str] = []
    with child(command, cwd=ROOT, env=environment, **pipes) as process:
        for line in process.stdout or ():
            said.append(line.rstrip())
            if line.strip().startswith(SHOWN):
                print(f"  {line.strip()[:LINE]}", flush=True)
    if process.returncode:
        print("\n".join(said[-TAIL:]))
        raise SystemExit(f"environment: {not_installed(arguments[-1], said)}")


def not_installed(what: str, said: list[str]) -> str:
    if any(OUT_OF_REACH.search(line) for line in said):
        return (
            "the package index cannot be reached; check the network and pip's settings (its index "
            "and its proxy) and run the same command again, what is already installed is kept."
        )
    return (
        f"pip could not install {what}; mend the cause named above and run the same command again, "
        "what is already installed is kept."
    )


def drop_broken(folder: Path) -> None:
    """Let pip see what it was killed in: it believes a package whose metadata is there."""
    for left in folder.glob("~*"):
        shutil.rmtree(left, ignore_errors=True)
    for metadata in folder.glob("*.dist-info"):
        if not complete(metadata):
            say(f"{metadata.stem} is there in part, and is installed anew")
            shutil.rmtree(metadata)


def complete(metadata: Path) -> bool:
    """Whether a package's files are there as its record says; pip writes the record last."""
    record = metadata / "RECORD"
    if not (record.is_file() and (metadata / "INSTALLER").is_file()):
        return False
    try:
        with record.open(encoding="utf-8", newline="") as file:
            sizes = {name: size for name, _, size in csv.reader(file) if size}
    except (ValueError, csv.Error):  # cut short, or other bytes
        return False
    # a command's first line holds the place of the environment, which may have been moved
    inside = {name: size for name, size in sizes.items() if not name.startswith("..")}
    return bool(sizes) and all(has(metadata.parent / name, inside[name]) for name in inside)


def has(path: Path, size: str) -> bool:
    return path.is_file() and str(path.stat().st_size) == size


def wanted(tests: bool = True) -> str:
    return "-".join(fingerprint(step)[:12] for step in steps_of(tests))


def fingerprint(step: str) -> str:
    # The place counts too: an environment that was copied or moved points at its old one.
    digest = hashlib.sha256(str(ROOT).encode())
    for source in STEPS[step][1]:
        digest.update(b"\0" + (source.read_bytes() if source.exists() else b""))
    return digest.hexdigest()


def stamp(step: str) -> Path:
    return VENV / f".done-{step.split()[0]}-{list(STEPS).index(step)}"


def done(step: str) -> bool:
    mark = stamp(step)
    return (
        (VENV / "pyvenv.cfg").exists()
        and MADE.exists()
        and PYTHON.exists()
        and mark.exists()
        and mark.read_bytes() == fingerprint(step).encode()
    )


def say(text: str) -> None:
    print(f"environment: {text}", flush=True)


if __name__ == "__main__":
    from _command import command

    def main() -> int:
        enter()
        return 0

    command(main)
