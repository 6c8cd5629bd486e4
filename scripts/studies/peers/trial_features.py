"""Which features each counter has: a name that is claimed must be there, or the claim falls.

`python trial_features.py FILE` prints what of the file's evidence was found, as JSON.
"""

from __future__ import annotations

import json
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any


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
    features = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["feature"]
    told = [
        {
            "title": feature["title"],
            "tools": {tool: text for tool, text in feature["tools"].items() if found(text)},
            "missing": [tool for tool, text in feature["tools"].items() if not found(text)],
        }
        for feature in features
    ]
    print(json.dumps(told))
