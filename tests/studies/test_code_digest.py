"""The code that a record depends on is found by import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from studies.code import digest, files


def loaded(*modules: str) -> set[str]:
    """What an interpreter has loaded of cnnref after it imported some modules."""
    shown = "print(*(name for name in sys.modules if name.startswith('cnnref.')))"
    code = f"import sys, {', '.join(modules)}; {shown}"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["cnnref.tracing.trace", "cnnref.measuring.run"])
def test_everything_that_an_import_loads_is_among_the_files(module: str) -> None:
    found = {str(path) for path in files(module)}
    for name in loaded(module):
        place = name.replace(".", "/")
        assert any(path.endswith((f"{place}.py", f"{place}/__init__.py")) for path in found), name


def test_modules_that_are_imported_by_a_name_put_together_are_among_the_files() -> None:
    names = {path.parent.name for path in files("cnnref.measuring.run")}
    assert {"specs", "models"} <= names
    assert "models" not in {path.parent.name for path in files("cnnref.tracing.trace")}


def test_a_module_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no file holds the module cnnref\.nowhere"):
        files("cnnref.nowhere")


def test_a_digest_depends_on_the_files_and_on_the_facts() -> None:
    paths = files("cnnref.counting.units")
    assert len({digest(paths), digest(paths, "a"), digest(paths, "b"), digest(())}) == 4
