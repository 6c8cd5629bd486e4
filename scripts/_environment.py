"""The repository's own virtual environment: made when missing, completed when half done.

A script calls `enter()` before it imports anything that is not in the standard library; it then
runs under `.venv/bin/python` with every pinned package. This file alone must also start on
Pythons that are too old, to say so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MADE = VENV / ".made"
PINS = ROOT / "scripts" / "requirements.txt"
PINS_NO_DEPS = ROOT / "scripts" / "requirements-nodeps.txt"
SHIM = ROOT / "scripts" / "torchvision_shim.py"
OLDEST = (3, 11)
SHOWN = ("Downloading ", "Installing collected")
LINE, TAIL = 100, 25


def enter() -> None:
    """Bring the environment up to date and continue in it (the running script starts anew)."""
    refuse_old_python(sys.version_info[:2])
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if inside and os.environ.get("CNNREF_ENVIRONMENT") == wanted():
        return
    ensure()
    os.environ["CNNREF_ENVIRONMENT"] = wanted()
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


def ensure() -> None:
    started = time.perf_counter()
    with locked(ROOT / ".cache" / "environment.lock"):
        todo = [step for step in STEPS if not done(step)]
        if not todo:
            say("unchanged, reused")
            return
        if not python_works():
            make()
            todo = list(STEPS)
        for number, step in enumerate(todo, 1):
            say(f"{number}/{len(todo)} {step}")
            stamp(step).unlink(missing_ok=True)
            STEPS[step][0]()
            stamp(step).write_text(fingerprint(step), encoding="utf-8")
    say(f"ready in {time.perf_counter() - started:.0f} s")


def make() -> None:
    say(f"making {VENV.name}/ with Python {'.'.join(map(str, sys.version_info[:3]))}")
    if VENV.exists():
        # Out of the way in one go: a removal cut short must not leave half of it in place.
        old = Path(tempfile.mkdtemp(prefix="venv-", dir=ROOT / ".cache"))
        VENV.rename(old / VENV.name)
        shutil.rmtree(old, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    MADE.touch()


def python_works() -> bool:
    test = "import pip, sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))"
    return MADE.exists() and PYTHON.exists() and runs(test)


def runs(code: str) -> bool:
    command = [str(PYTHON), "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_torch() -> None:
    lines = PINS.read_text(encoding="utf-8").split()
    install(*(line for line in lines if line.startswith("torch==")))


def install_pins() -> None:
    install("--requirement", str(PINS))


def install_torchvision() -> None:
    install("--no-deps", "--requirement", str(PINS_NO_DEPS))
    if not runs("import torchvision"):
        shutil.copyfile(SHIM, packages() / SHIM.name)
        write(packages() / f"{SHIM.stem}.pth", f"import {SHIM.stem}\n")


def link_project() -> None:
    """Make `import cnnref` and the command `cnnref` run this checkout, whatever its state."""
    write(packages() / "cnnref-checkout.pth", f"{ROOT}\n")
    command = PYTHON.with_name("cnnref")
    code = 'import runpy\n\nrunpy.run_module("cnnref", run_name="__main__", alter_sys=True)\n'
    write(command, f"#!{PYTHON}\n{code}")
    command.chmod(0o755)


def packages() -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([str(PYTHON), "-c", code], text=True).strip())


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


# A step's stamp is written when the step has ended well, so an interrupted one is done again.
STEPS = {
    "torch": (install_torch, [PINS]),
    "the pinned packages": (install_pins, [PINS]),
    "torchvision": (install_torchvision, [PINS_NO_DEPS, SHIM]),
    "cnnref from this checkout": (link_project, [Path(__file__)]),
}


def install(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install"]
    command += ["--progress-bar", "off", *arguments]
    # Whatever state .venv is in, nothing outside it may be changed.
    environment = os.environ | {"PIP_REQUIRE_VIRTUALENV": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    said: list[str] = []
    with subprocess.Popen(command, text=True, cwd=ROOT, env=environment, **pipes) as process:  # type: ignore[call-overload]
        for line in process.stdout:
            said.append(line.rstrip())
            if line.strip().startswith(SHOWN):
                print(f"  {line.strip()[:LINE]}", flush=True)
    if process.returncode:
        print("\n".join(said[-TAIL:]))
        raise SystemExit(
            f"environment: pip could not install {arguments[-1]}; mend the cause named above and "
            "run the same command again, what is already installed is kept."
        )


def wanted() -> str:
    return "-".join(fingerprint(step)[:12] for step in STEPS)


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
        and mark.read_text(encoding="utf-8") == fingerprint(step)
    )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time in; where the system has no such lock, go on without."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print(f"environment: {text}", flush=True)


if __name__ == "__main__":
    enter()
