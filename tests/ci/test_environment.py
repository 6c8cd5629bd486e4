"""The set-up: what its pins ask for, what it mends, and how a command that is stopped ends."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from importlib.metadata import metadata as metadata_of
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import _environment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = [
    line
    for path in (_environment.PINS, _environment.PINS_OF_TESTS, _environment.PINS_NO_DEPS)
    for line in path.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
# what is run by its name, and what mypy and MkDocs read
# onnxscript: for the exporter of PyTorch; brotli: for the fonts that fontTools reads and writes
TOOLS = {
    "brotli",
    "mkdocstrings-python",
    "mypy",
    "onnxscript",
    "pandas-stubs",
    "pytest-xdist",
    "ruff",
}
OLDEST = ".".join(map(str, _environment.OLDEST))


def refused(asked: str | None, python: str) -> bool:
    """Whether a package that asks for Pythons like these cannot be had by one of them."""
    return python not in SpecifierSet(asked or "")


def used() -> set[str]:
    """The distributions that something of the checkout imports, runs or asks for."""
    files = [
        *ROOT.glob("cnnref/**/*.py"),
        *ROOT.glob("scripts/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    imported = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
    modules = packages_distributions()
    found = {name for module in imported for name in modules.get(module, ())}
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [*PROJECT["build-system"]["requires"], *(line for extra in extras for line in extra)]
    return found | {Requirement(line).name for line in asked} | TOOLS


def reached(names: set[str]) -> set[str]:
    """Distributions and all that they ask for, one way or another."""
    todo, found = [(name, "") for name in names], set()
    while todo:
        name, extra = todo.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        lines = (Requirement(line) for line in requires_of(name))
        needed = [one for one in lines if not one.marker or one.marker.evaluate({"extra": extra})]
        todo += [
            (canonicalize_name(one.name), part) for one in needed for part in ("", *one.extras)
        ]
    return {name for name, _ in found}


def requires_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # of another system
        return []


def test_every_pin_is_of_use() -> None:
    names = {canonicalize_name(pin.partition("==")[0]) for pin in PINS}
    assert names - reached({canonicalize_name(name) for name in used()}) == set()
    assert "mpmath" not in reached({"numpy"})
    assert "mpmath" in reached({"torch"})


@pytest.mark.parametrize("pin", PINS)
def test_the_oldest_promised_python_can_have_each_pin(pin: str) -> None:
    name, pinned = pin.split("==")
    installed = Version(version(name)).public
    assert installed == str(Version(pinned)), "run scripts/test, which installs the pins"
    asked = metadata_of(name)["Requires-Python"]
    # the first release of it counts: a system has its own, and keeps it for years
    assert not refused(asked, f"{OLDEST}.0"), f"{pin} asks for Python {asked}"


def test_a_pin_that_asks_for_a_newer_python_is_refused() -> None:
    assert refused(">=3.11.5", "3.11.0")
    assert refused(">=3.11.5", "3.11.4")
    assert not refused(None, "3.11.0")


def test_every_place_promises_the_same_oldest_python() -> None:
    project, tool = PROJECT["project"], PROJECT["tool"]
    assert project["requires-python"] == f">={OLDEST}"
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert min(classified, key=lambda text: int(text.split(".")[1])) == OLDEST
    assert tool["ruff"]["target-version"] == "py" + OLDEST.replace(".", "")
    assert tool["mypy"]["python_version"] == OLDEST
    assert f"Python {OLDEST} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_extra_for_torch_brings_numpy() -> None:
    # without it torch warns at its first use
    extra = PROJECT["project"]["optional-dependencies"]["torch"]
    assert {Requirement(line).name for line in extra} == {"torch", "numpy"}


def test_an_old_python_is_told_so() -> None:
    with pytest.raises(SystemExit) as told:
        _environment.refuse_old_python((3, 10))
    assert told.value.code == "cnnref needs Python 3.11 or newer, and this is Python 3.10."


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose environment is made and filled by doing nothing, and its steps noted."""
    venv = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin/python", "MADE": venv / ".made"}
    for name, place in places.items():
        monkeypatch.setattr(_environment, name, place)
    noted: list[str] = []

    def made() -> None:
        noted.append("made anew")
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        for name in ("pyvenv.cfg", "bin/python", ".made"):
            (venv / name).touch()

    def step(name: str):
        return lambda: noted.append(name), []

    monkeypatch.setattr(_environment, "make", made)
    monkeypatch.setattr(_environment, "STEPS", {name: step(name) for name in _environment.STEPS})
    monkeypatch.setattr(_environment, "works", lambda same_python=False: venv.exists())
    monkeypatch.setattr(_environment, "noted", noted, raising=False)
    return tmp_path


def steps_of_a_run() -> list[str]:
    _environment.noted.clear()
    _environment.ensure()
    return list(_environment.noted)


def test_what_is_complete_is_reused_and_what_is_not_is_done_again(checkout: Path) -> None:
    every = list(_environment.STEPS)
    assert steps_of_a_run() == ["made anew", *every]
    assert steps_of_a_run() == []
    for name in every:
        for cut in (
            b"",
            _environment.stamp(name).read_bytes()[:10],
            b"\xff\xfe of another version",
        ):
            _environment.stamp(name).write_bytes(cut)
            assert steps_of_a_run() == [name]
            assert steps_of_a_run() == []


def test_the_site_is_built_without_the_packages_of_tests(checkout: Path) -> None:
    _environment.noted.clear()
    _environment.ensure(tests=False)
    left = [name for name in _environment.STEPS if name not in _environment.TESTS]
    assert _environment.noted == ["made anew", *left]
    # tests add what is theirs, and what is there for the site stays
    assert steps_of_a_run() == list(_environment.TESTS)
    assert _environment.wanted(tests=False) != _environment.wanted()


def test_a_complete_environment_is_only_read(checkout: Path, monkeypatch) -> None:
    steps_of_a_run()
    monkeypatch.setattr(_environment, "locked", None)  # a read-only checkout has no lock
    assert steps_of_a_run() == []


def test_what_another_python_began_is_made_anew(checkout: Path, monkeypatch) -> None:
    steps_of_a_run()
    monkeypatch.setattr(_environment, "works", lambda same_python=False: not same_python)
    assert steps_of_a_run() == []
    _environment.stamp("torchvision").unlink()
    assert steps_of_a_run() == ["made anew", *_environment.STEPS]
    # the checkout alone is linked without pip, whatever the Python
    _environment.stamp(_environment.LINK).unlink()
    assert steps_of_a_run() == [_environment.LINK]


def test_an_old_environment_that_was_removed_in_part_is_swept(tmp_path: Path, monkeypatch) -> None:
    venv, cache = tmp_path / ".venv", tmp_path / ".cache"
    for name, place in (("ROOT", tmp_path), ("VENV", venv), ("MADE", venv / ".made")):
        monkeypatch.setattr(_environment, name, place)
    (cache / "venv-left" / ".venv" / "lib").mkdir(parents=True)
    (venv / "old").mkdir(parents=True)
    monkeypatch.setattr(_environment, "call", lambda _: venv.mkdir() or 0)
    _environment.make()
    assert [*cache.iterdir()] == []
    assert [path.name for path in venv.iterdir()] == [".made"]


def test_the_python_of_an_environment_is_asked_for_its_version() -> None:
    assert _environment.works()
    assert _environment.works(same_python=True) == (
        _environment.runs(f"import sys; sys.exit(sys.version_info[:3] != {sys.version_info[:3]})")
    )


@pytest.mark.parametrize("before", ["old", None])
@pytest.mark.parametrize("works", [True, False])
def test_a_shim_that_is_there_is_renewed(before, works: bool, tmp_path: Path, monkeypatch) -> None:
    shim = tmp_path / _environment.SHIM.name
    if before:
        shim.write_text(before)
    monkeypatch.setattr(_environment, "install", lambda *_: None)
    monkeypatch.setattr(_environment, "packages", lambda: tmp_path)
    monkeypatch.setattr(_environment, "runs", lambda _: works)
    _environment.install_torchvision()
    needed = bool(before) or not works
    assert shim.exists() == needed
    assert not needed or shim.read_bytes() == _environment.SHIM.read_bytes()


def test_a_borrowed_environment_is_refused(checkout: Path) -> None:
    _environment.refuse_borrowed()
    (checkout / "other").mkdir()
    (checkout / ".venv").symlink_to(checkout / "other")
    with pytest.raises(SystemExit, match="which is not this checkout's; remove the link"):
        _environment.refuse_borrowed()


def package(folder: Path, name: str) -> Path:
    """A package as pip leaves it: one module and the record of it."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("x = 1\n")
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "INSTALLER").write_text("pip\n")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        f"../../../bin/{name},sha256=abc,99",
        f"{name}/__init__.py,sha256=abc,6",
        f"{name}/__pycache__/__init__.cpython-311.pyc,,",
        f"{name}-1.0.dist-info/RECORD,,",
    ]
    (metadata / "RECORD").write_text("\n".join(lines) + "\n")
    return metadata


@pytest.mark.parametrize(
    "harm",
    [
        lambda found: (found / "RECORD").unlink(),
        lambda found: (found / "INSTALLER").unlink(),
        lambda found: (found / "RECORD").write_bytes(b""),
        lambda found: (found / "RECORD").write_bytes((found / "RECORD").read_bytes()[:40]),
        lambda found: (found / "RECORD").write_bytes(b"\xff\xfe"),
        lambda found: (found.parent / "harmed" / "__init__.py").unlink(),
        lambda found: (found.parent / "harmed" / "__init__.py").write_bytes(b""),
    ],
)
def test_a_package_that_is_there_in_part_is_installed_anew(harm, tmp_path: Path, capsys) -> None:
    whole, harmed = package(tmp_path, "whole"), package(tmp_path, "harmed")
    (tmp_path / "~armed").mkdir()
    harm(harmed)
    _environment.drop_broken(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"whole", whole.name, "harmed"}
    told = capsys.readouterr().out
    assert told == "environment: harmed-1.0 is there in part, and is installed anew\n"
    _environment.drop_broken(tmp_path)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_pip_would_install_a_package_that_it_was_killed_in(tmp_path: Path) -> None:
    """pip itself, which is asked and does nothing: it believes metadata that is there."""
    wheel(tmp_path)
    folder = tmp_path / "packages"
    found = package(folder, "tried")
    assert "Requirement already satisfied: tried==1.0" in told_by_pip(tmp_path, folder)
    (folder / "tried" / "__init__.py").unlink()
    (found / "RECORD").unlink()
    assert "Requirement already satisfied: tried==1.0" in told_by_pip(tmp_path, folder)
    _environment.drop_broken(folder)
    assert "Would install tried-1.0" in told_by_pip(tmp_path, folder)


def told_by_pip(wheels: Path, packages: Path) -> str:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--find-links"]
    place = os.environ | {"PYTHONPATH": str(packages)}
    ran = subprocess.run(
        [*command, str(wheels), "tried==1.0"], env=place, capture_output=True, text=True, check=True
    )
    return ran.stdout


def wheel(folder: Path) -> None:
    import zipfile

    with zipfile.ZipFile(folder / "tried-1.0-py3-none-any.whl", "w") as file:
        file.writestr("tried.py", "x = 1\n")
        file.writestr(
            "tried-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tried\nVersion: 1.0\n"
        )
        file.writestr(
            "tried-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(
            "tried-1.0.dist-info/RECORD",
            "tried.py,,\ntried-1.0.dist-info/METADATA,,\ntried-1.0.dist-info/WHEEL,,\ntried-1.0.dist-info/RECORD,,\n",
        )


@pytest.mark.parametrize("name", ["plain", "a b", "it's \"$HOME`", "語" * 30, "long" * 40])
def test_the_command_starts_from_a_path_of_any_kind(name: str, tmp_path: Path) -> None:
    python = tmp_path / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    script = python.with_name("command")
    script.write_text(_environment.first_lines(python) + "\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o755)
    ran = subprocess.run([script, "an argument"], capture_output=True, text=True, check=True)
    assert ran.stdout == "['an argument']\n"


def test_an_index_out_of_reach_is_named_as_the_cause() -> None:
    lines = [
        "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by "
        "'NewConnectionError(...)': /simple/torch/",
        "ERROR: Could not find a version that satisfies torch==2.13.0 (from versions: none)",
    ]
    assert _environment.not_installed("torch", lines).startswith(
        "the package index cannot be reached; check the network"
    )
    assert "pip could not install torch; mend the cause" in _environment.not_installed(
        "torch", lines[1:]
    )


def started(code: str, **options) -> subprocess.Popen[str]:
    head = f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); sys.argv = ['trial']\n"
    command = [sys.executable, "-c", head + "import _command as e\n" + code]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options)


# a command, its child and the child of that, which would all go on for an hour
FAMILY = """
inner = "import time; print('ready', flush=True); time.sleep(3600)"
outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
e.command(lambda: e.call([sys.executable, "-c", outer]))
"""


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGTERM, 143, "\ntrial: ended from outside; the same command starts again.\n"),
        (signal.SIGINT, 130, "\ntrial: interrupted; the same command starts again.\n"),
    ],
)
def test_a_command_that_is_stopped_ends_its_children_and_says_so(
    number: int, code: int, told: str
) -> None:
    process = started(FAMILY, stderr=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    # to the end of both pipes, which every process of the family holds open
    assert process.communicate(timeout=120) == ("", told)
    assert process.returncode == code


def test_workers_of_a_pool_end_too() -> None:
    code = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import time
def main():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        waiting = [pool.submit(time.sleep, 3600) for _ in range(2)]
        while not all(one.running() for one in waiting):
            pass
        print("ready", flush=True)
        waiting[0].result()
e.command(main, resumes=True)
"""
    process = started(code, stderr=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, told = process.communicate(timeout=120)
    assert "trial: ended from outside; the same command goes on from here." in told
    assert process.returncode == 143


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (
            "OSError(30, 'Read-only file system', 'a/lock')",
            2,
            "trial: a/lock: Read-only file system.\n",
        ),
        ("OSError(28, 'No space left on device')", 2, "trial: a file: No space left on device.\n"),
        ("__import__('cnnref').CnnrefError('no layer x')", 2, "trial: no layer x\n"),
    ],
)
def test_what_is_expected_to_fail_ends_with_a_sentence(raised: str, code: int, told: str) -> None:
    process = started(f"def main(): raise {raised}\ne.command(main)", stderr=subprocess.PIPE)
    assert process.communicate(timeout=120) == ("", told)
    assert process.returncode == code


@pytest.mark.parametrize("raised", ["ValueError('x')", "FileNotFoundError(2, 'gone', 'x')"])
def test_what_is_a_fault_of_the_program_keeps_its_traceback(raised: str) -> None:
    process = started(f"def main(): raise {raised}\ne.command(main)", stderr=subprocess.PIPE)
    assert "Traceback" in process.communicate(timeout=120)[1]
    assert process.returncode == 1


def test_a_second_run_says_that_it_waits(tmp_path: Path) -> None:
    place = tmp_path / "site.lock"
    code = f"with e.locked(e.Path({str(place)!r})): print('in', flush=True)"
    with place.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = started(code)
        told = process.stdout.readline()
    assert told == "site: another run is at work here; waiting for its end\n"
    assert process.communicate(timeout=120)[0] == "in\n"


def test_what_a_killed_run_left_at_work_holds_the_lock(tmp_path: Path) -> None:
    place, gate = tmp_path / "site.lock", tmp_path / "gate"
    os.mkfifo(gate)
    child = f"print('ready', flush=True); open({str(gate)!r}).read()"
    code = f"""
with e.locked(e.Path({str(place)!r})):
    e.call([sys.executable, "-c", {child!r}])
"""
    process = started(code)
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    with place.open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gate.write_text("")  # lets the child end
        fcntl.flock(lock, fcntl.LOCK_EX)
    process.stdout.close()
