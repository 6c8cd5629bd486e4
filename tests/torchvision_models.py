"""torchvision's models, also where its compiled operators cannot be loaded."""

from __future__ import annotations

import sys

try:
    from torchvision import models
except (RuntimeError, AttributeError):
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    from torchvision import models

    import packages.torchvision_shim  # noqa: F401

__all__ = ["models"]
