"""The preview: after an edit of any file its pages follow, numbers too, and then they are checked.

A process that has loaded all that it can waits for the next edit, and builds at once where that is
one of a page's text. What else is edited it may have loaded, so that another takes its place, which
has loaded packages alone, and loads the code while files are generated.
"""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.livereload import LiveReloadServer

from _command import locked
from checks import policy
from cnnref.files import write
from website import build
from website.build import BuildError, Kept
from website.kept import reach
from website.kept.reach import SKIPPED
from website.kept.shelf import PREVIEWED, PROGRESS
from website.places import CACHE, DOCS, GENERATED, ROOT
from website.preview.beside import LATER, Beside

__all__ = ["Preview", "Server", "everything", "main", "watched"]

SHOWN = CACHE / "preview"
PACKAGES = "packages.wait"
# what a preview passes on of what MkDocs says
PASSED_ON = (PROGRESS, "WARNING", "ERROR")


def main(given: Namespace) -> int:
    """Show the site until Ctrl-C."""
    if given.no_measure:
        os.environ[SKIPPED] = "1"
    # bytecode would be an edit of the folders that are watched
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with Preview(SHOWN) as preview:
        preview.follow()
        server = Server(preview.follow, host="127.0.0.1", port=given.serve, root=str(SHOWN))
        write(LATER, b"")
        for place, whole in (*watched(), (LATER, False)):
            server.watch(str(place), recursive=whole)
        print(f"site: http://127.0.0.1:{given.serve}/, and an edit is there by itself", flush=True)
        try:
            server.serve()  # type: ignore[no-untyped-call]
        finally:
            server.shutdown()
    return 0


class Server(LiveReloadServer):
    """MkDocs's own, for pages whose policy lets no script run that is not theirs."""

    def _inject_js_into_html(self, content: bytes, epoch: int) -> bytes:
        page: bytes = super()._inject_js_into_html(policy.lifted(content), epoch)  # type: ignore[no-untyped-call]
        return page


def watched() -> Iterator[tuple[Path, bool]]:
    """What people write, without what is generated, and whether with all below it."""
    for name in build.SOURCES:
        yield ROOT / name, name != DOCS.name
    for path in sorted((ROOT / DOCS.name).iterdir()):
        if path.is_dir() and path != GENERATED:
            yield path, True


class Preview:
    """A folder that follows the sources, by processes that have the code as it is now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._next, self._spare = Beside(PACKAGES), Beside(PACKAGES)
        self._check = Beside("beside.look")
        self._now: Callable[[], str] = everything
        self._loaded = self._packages = ""
        self._kept: Kept | None = None

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, *raised: object) -> None:
        self._next.end()
        self._spare.end()
        self._end_check()

    def follow(self) -> None:
        """Bring the folder up to date, and then begin to check it."""
        self._end_check()
        try:
            with (
                locked(CACHE / "site.lock"),
                build.steady(),
                build.scratch() as scratch,
                build.step("preview"),
            ):
                if not self._up_to_date():
                    self._let_wait("begin", written)
                build.generate(**{PREVIEWED: "1"})
                build.follow(self._process(scratch / "site"), PASSED_ON)
                build.swap(scratch / "site", scratch / "old", self.folder)
        except BuildError as error:
            print(f"site: {error}; the preview stays as it was", flush=True)
        else:
            self._kept = Kept.now()
            self._check.start()
            self._check.tell(str(self.folder))
        self._let_wait("wait", everything)
        self._spare.start(stdout=subprocess.PIPE)
        self._packages = reach.installed()

    def _end_check(self) -> None:
        """End the check; of one that was at work nothing stays that is of other sources."""
        if self._check.end() and self._kept is not None:
            self._kept.forget_since()

    def _process(self, target: Path) -> subprocess.Popen[str]:
        """One that builds into a folder: the one that waits, if it has loaded what is there now."""
        if not self._up_to_date():
            self._let_wait("wait", everything)
        self._loaded = ""
        return self._next.tell(str(target))

    def _up_to_date(self) -> bool:
        return self._loaded == self._now()

    def _let_wait(self, function: str, now: Callable[[], str]) -> None:
        """Let another process wait.

        now: what says whether that which it has loaded is as it was.
        """
        self._next.end()
        self._now, self._loaded = now, now()
        if self._packages != reach.installed():
            self._spare.end()
            self._spare.start(stdout=subprocess.PIPE)
        self._next, self._spare, self._packages = self._spare, Beside(PACKAGES), ""
        self._next.tell(function)


def written() -> str:
    """All that is loaded and is not generated, as it is now."""
    return build.written(pages=False)


def everything() -> str:
    """All that is loaded and read besides the pages' texts, as it is now."""
    reach.forget()
    return reach.everything()
