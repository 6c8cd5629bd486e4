"""The house: which module may import which, and what an import may load."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cnnref

PACKAGE = Path(cnnref.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "pandas", "altair", "numpy")
USES_TORCH = {
    "tracing", "rules", "watching", "measuring", "models", "load", "check", "catalog",
}  # fmt: skip
ABOVE_PAGES = {"pages", "publish"}  # who may know what the site prints
# what each module of the core may import; a module that is not named may import any of them
ARROWS = {
    "errors": set(),
    "units": set(),
    "layer": {"conventions", "explain"},
    "arithmetic": {"errors", "layer"},
    "checks": {"architecture", "errors", "layer"},
    "architecture": set(),
    "net": {"architecture", "arithmetic", "checks", "errors", "layer", "table"},
    "specs": {"net"},
    "models": set(),
    "records": {"architecture", "records"},
    "compare": {"alignment", "contrast", "layer", "table"},
    "alignment": {"layer", "paths"},
    "paths": {"layer"},
    "conventions": {"errors", "kinds", "layer", "own_conventions", "presets"},
    "kinds": set(),
    "presets": {"kinds"},
    "own_conventions": {"conventions", "errors", "kinds", "layer", "presets"},
    "rules": {"arithmetic", "errors", "kinds", "layer"},
    "watching": {"errors", "kinds", "layer", "rules"},
}


def imports(source):
    """Every imported module of a file, also those inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def trespasses(name, source):
    """What a module imports although the arrows of the house do not allow it."""
    rooms = {room(path) for path in FILES}
    own = {part.split(".")[1] for part in imports(source) if part.startswith("cnnref.")} & rooms
    allowed = ARROWS.get(name, rooms if name in ABOVE_PAGES else rooms - {"pages"})
    wrong = {f"cnnref.{other}" for other in own - allowed - {name}}
    if name not in USES_TORCH:
        wrong |= {part for part in imports(source) if part.partition(".")[0] == "torch"}
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_run_one_way(path):
    if path == PACKAGE / "__init__.py":
        return
    assert trespasses(room(path), path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("name", "source", "wrong"),
    [
        ("specs", "import torch", {"torch"}),
        ("specs", "from cnnref.models import vgg", {"cnnref.models"}),
        ("models", "from cnnref import net", {"cnnref.net"}),
        ("net", "def f():\n    from torch import nn", {"torch", "torch.nn"}),
        ("compare", "from cnnref.tables.listing import to_text", {"cnnref.tables.listing"}),
        ("table", "def f():\n    from website import figures", {"website"}),
    ],
)
def test_a_wrong_arrow_is_seen(name, source, wrong):
    assert trespasses(name, source) == wrong


def loaded_by(code):
    """Which heavy packages a new interpreter has loaded after some code."""
    tail = f"; import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code + tail]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import cnnref",
        "import cnnref; [cnnref.table(name) for name in cnnref.names()]",
        "import cnnref as c; t = c.table('vgg16'); t.to_text(); t.to_csv(); t.to_html()",
        "import cnnref as c; c.table('vgg16').to_json()",
        "import cnnref as c; t = c.table('vgg16'); t.to_latex(); t.to_markdown(); c.compare(t, t)",
        "import cnnref.__main__ as m; import io, sys; sys.stdout = io.StringIO(); "
        "m.main(['table', 'alexnet']); sys.stdout = sys.__stdout__",
    ],
)
def test_the_core_loads_nothing_heavy(code):
    assert loaded_by(code) == []


def test_a_heavy_import_would_be_seen():
    assert "pandas" in loaded_by("import cnnref; cnnref.table('alexnet').to_frame()")


def test_public_names_are_sorted_documented_and_there():
    assert cnnref.__all__ == sorted(cnnref.__all__)
    for name in cnnref.__all__:
        assert getattr(cnnref, name).__doc__
    assert set(cnnref.__all__) <= set(dir(cnnref))
    with pytest.raises(AttributeError, match="no attribute 'tabel'"):
        _ = cnnref.tabel


def test_the_version_is_literal():
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert re.search(rf'^__version__ = "{re.escape(cnnref.__version__)}"$', source, re.MULTILINE)


def too_long(lengths):
    return {name for name, length in lengths.items() if length > 500}


def test_files_are_one_room_each():
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in [*FILES, *PACKAGE.parent.glob("scripts/*.py")]
    }
    assert too_long(lengths) == set()
    assert too_long({"hall.py": 501}) == {"hall.py"}


def test_missing_torch_says_which_extra(monkeypatch):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import cnnref\n"
        "import cnnref.networks.agreement\n"
        "calls = [lambda: cnnref.trace, lambda: cnnref.model('alexnet'), lambda: cnnref.measure]\n"
        "for call in [*calls, lambda: cnnref.agreement('alexnet')]:\n"
        "    try: call()\n"
        "    except ValueError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == [
        "cnnref.trace needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "model('alexnet') needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "cnnref.measure needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "agreement('alexnet') needs torch, which is not installed: pip install 'cnnref[torch]'.",
    ]


@pytest.mark.parametrize("command", [["check"], ["check", "alexnet"], ["trace", "alexnet"]])
def test_the_command_line_without_torch_says_so_in_one_line(command):
    code = (
        "import sys; sys.modules['torch'] = None; "
        f"from cnnref.__main__ import main; sys.exit(main({command}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "needs torch, which is not installed: pip install 'cnnref[torch]'." in ran.stderr
