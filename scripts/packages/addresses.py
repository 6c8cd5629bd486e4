"""The project's addresses in the metadata of a build, of the repository that REPO_URL names.

A fork that builds has its own; where nothing is said, none is stated.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["Addresses"]


class Addresses(MetadataHookInterface):
    """Adds what a package index shows as links."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the addresses in."""
        repository = os.environ.get("REPO_URL", "").rstrip("/")
        site = os.environ.get("SITE_URL", "")
        places = {
            "Documentation": site,
            "Repository": repository,
            "Issues": repository and f"{repository}/issues",
            "Changelog": repository and f"{repository}/blob/main/CHANGELOG.md",
        }
        metadata["urls"] = {title: place for title, place in places.items() if place}
