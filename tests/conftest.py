"""How a terminal shows what is printed is no matter of any test."""

import os

for name in ("FORCE_COLOR", "NO_COLOR", "PYTHON_COLORS", "COLUMNS", "LINES"):
    os.environ.pop(name, None)
