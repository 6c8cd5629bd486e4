"""The folders of the checkout."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["CACHE", "DOCS", "GENERATED", "PACKAGE", "ROOT", "SCRATCH", "SCRIPTS", "SITE"]

SCRIPTS = Path(__file__).resolve().parents[1]
ROOT = SCRIPTS.parent
PACKAGE = ROOT / "cnnref"
DOCS = ROOT / "docs"
GENERATED = DOCS / "generated"
CACHE = ROOT / ".cache"
# where a build runs notebooks and lays out charts; one that keeps nothing is given its own
SCRATCH = Path(os.environ.get("CNNREF_SCRATCH", CACHE))
SITE = ROOT / "site"
