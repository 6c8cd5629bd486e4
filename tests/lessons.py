"""The code that stands beside the chapters, as modules."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from website.places import DOCS


def lesson(name: str) -> ModuleType:
    """The file of docs/lessons with that name."""
    spec = importlib.util.spec_from_file_location(f"lesson_{name}", DOCS / "lessons" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
