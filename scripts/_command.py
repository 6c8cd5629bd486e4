"""How each command starts what it needs and how it ends: with one sentence and all its children.

A command that is stopped, or fails for a reason of the machine, says so without a traceback.
Standard library only, and it starts on Pythons that are too old, as `_environment` does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
# the machine's failures, not ours: they need a sentence and no traceback
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
# how long a child may take to end when it is asked to
GRACE = 10.0
# the locks that this process holds; its children hold them too, and go on if it is killed
_held: list[int] = []


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def command(main: Callable[[], int], *, resumes: bool = False) -> NoReturn:
    """Run a command; being stopped, a full disk and a read-only folder end it with a sentence.

    resumes: the command goes on where it was stopped.
    """
    name = Path(sys.argv[0]).name
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        code = main()
    except Stopped as stopped:
        how = "interrupted" if stopped.number == signal.SIGINT else "ended from outside"
        again = "goes on from here" if resumes else "starts again"
        print(f"\n{name}: {how}; the same command {again}.", file=sys.stderr, flush=True)
        code = 128 + stopped.number
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        print(f"{name}: {error.filename or 'a file'}: {error.strerror}.", file=sys.stderr)
        code = 2
    except ValueError as error:
        if "CnnrefError" not in {cls.__name__ for cls in type(error).__mro__}:
            raise
        print(f"{name}: {error}", file=sys.stderr)
        code = 2
    raise SystemExit(code)


def stop(number: int, frame: object, process: int = os.getpid()) -> NoReturn:
    """End the workers, which would be waited for, and unwind this process."""
    if os.getpid() != process:  # a worker that was forked
        os._exit(128 + number)
    workers = sys.modules.get("multiprocessing")
    for worker in workers.active_children() if workers else ():
        worker.terminate()
    raise Stopped(number)


@contextlib.contextmanager
def child(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with this one, and with it all that it started."""
    if os.name == "posix":
        options |= {"process_group": 0, "pass_fds": _held}
    options = {"stdin": subprocess.DEVNULL} | options
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
            process.wait()
        except BaseException:
            end(process)
            raise


def end(process: subprocess.Popen[str]) -> None:
    process.terminate() if os.name != "posix" else tell(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(GRACE)
    process.kill() if os.name != "posix" else tell(process, signal.SIGKILL)


def tell(process: subprocess.Popen[str], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def call(command: list[str], **options: Any) -> int:
    """Run a process to its end and return its exit status."""
    with child(command, cwd=ROOT, **options) as process:
        process.wait()
    return process.returncode


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time in; where the system has no such lock, go on without."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{path.stem}: another run is at work here; waiting for its end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _held.append(lock.fileno())
        try:
            yield
        finally:
            _held.remove(lock.fileno())
