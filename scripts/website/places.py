"""The folders of the checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CACHE", "DOCS", "GENERATED", "PACKAGE", "ROOT", "SCRIPTS", "SITE"]

SCRIPTS = Path(__file__).resolve().parents[1]
ROOT = SCRIPTS.parent
PACKAGE = ROOT / "cnnref"
DOCS = ROOT / "docs"
GENERATED = DOCS / "generated"
CACHE = ROOT / ".cache"
SITE = ROOT / "site"
