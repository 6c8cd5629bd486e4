"""How much work something is, in lines that run: a number that no load changes."""

import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any


def steps(run: Callable[[], object], *modules: ModuleType) -> int:
    """The lines of these modules that run while `run` does."""
    files = {module.__file__ for module in modules}
    count = 0

    def called(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename in files else None

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(called)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def growth(run: Callable[[int], Callable[[], object]], n: int, *modules: ModuleType) -> list[float]:
    """How many times the steps grow from n to 2n and from 2n to 4n; what is linear doubles them."""
    counts = [steps(run(size), *modules) for size in (n, 2 * n, 4 * n)]
    assert counts[0] > n
    return [counts[1] / counts[0], counts[2] / counts[1]]
