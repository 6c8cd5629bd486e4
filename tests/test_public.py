"""The public names: they are there, and loading them loads nothing heavy."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cnnref

PACKAGE = Path(cnnref.__file__).parent
HEAVY = ("torch", "pandas", "altair", "numpy")


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
        "import cnnref as c; t = c.table('vgg16'); t.draw('conv1').standalone(); t.draw()",
        "import cnnref as c; t = c.table('vgg16'); t.to_latex(); t.to_markdown(); c.compare(t, t)",
        "import cnnref.__main__ as m; import io, sys; sys.stdout = io.StringIO(); "
        "m.main(['table', 'alexnet']); sys.stdout = sys.__stdout__",
    ],
)
def test_the_core_loads_nothing_heavy(code):
    assert loaded_by(code) == []


@pytest.mark.extras
def test_a_heavy_import_would_be_seen():
    assert "pandas" in loaded_by("import cnnref; cnnref.table('alexnet').to_frame()")


@pytest.mark.extras
def test_public_names_are_sorted_documented_and_there():
    assert cnnref.__all__ == sorted(cnnref.__all__)
    for name in cnnref.__all__:
        assert getattr(cnnref, name).__doc__
    assert set(cnnref.__all__) <= set(dir(cnnref))
    assert {"testing", "typing"} <= set(dir(cnnref))
    with pytest.raises(AttributeError, match="no attribute 'tabel'"):
        _ = cnnref.tabel


@pytest.mark.parametrize("name", ["testing.assert_budget", "typing.Sweep"])
def test_what_has_a_module_of_its_own_is_found_from_the_top(name):
    assert loaded_by(f"import cnnref; cnnref.{name}; cnnref.{name.split('.')[0]}.__doc__") == []


def test_the_version_is_literal():
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert re.search(rf'^__version__ = "{re.escape(cnnref.__version__)}"$', source, re.MULTILINE)


def test_missing_torch_says_which_extra(monkeypatch):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import cnnref\n"
        "import cnnref.networks.agreement\n"
        "trace, measure = cnnref.trace, cnnref.measure\n"
        "calls = [lambda: trace(None), lambda: cnnref.model('alexnet'), measure]\n"
        "for call in [*calls, lambda: cnnref.check('alexnet')]:\n"
        "    try: call()\n"
        "    except ValueError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == [
        "cnnref.trace needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "model('alexnet') needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "cnnref.measure needs torch, which is not installed: pip install 'cnnref[torch]'.",
        "check('alexnet') needs torch, which is not installed: pip install 'cnnref[torch]'.",
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
