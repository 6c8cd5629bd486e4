"""Look at the built site in a browser as readers do: small, wide, light, dark, keyboard, no script.

The site is served from this machine under a
sub-path, by this script and only while it runs; nothing may be asked of any other host.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from website.places import SITE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# each looks at its own part of the pages
TOURS = 2
PREFIX = "/some/path/"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NO_BROWSER = (
    "no Chromium was found, so the site was not looked at in a browser; install one "
    "(on Debian: apt-get install chromium) and run scripts/check browser."
)


def find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


class Handler(SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A page that is closed while it loads hangs up; that is no fault."""


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """This machine's browser, until the block ends.

    Raises:
        SystemExit: it has none.
    """
    from playwright.sync_api import sync_playwright

    executable = find_browser()
    if executable is None:
        raise SystemExit(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The site's address on this machine, on a free port, until the block ends."""
    handler = functools.partial(Handler, directory=str(site))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()


def check(
    site: Path, screenshots: Path | None = None, pages: Sequence[str] = ()
) -> tuple[list[str], str]:
    """Every fault, and one line that says what was looked at; pages: these alone, where given."""
    from checks.tour.visits import Visit, names

    def toured(part: Sequence[str]) -> Visit:
        with started() as browser:
            visit = Visit(browser, site, address, screenshots, part)
            visit.everything()
        return visit

    asked = list(pages) or names(site)
    parts = [part for number in range(TOURS) if (part := asked[number::TOURS])]
    with served(site) as address, ThreadPoolExecutor(TOURS) as pool:
        visits = list(pool.map(toured, parts))
    counts = sum((visit.counts for visit in visits), Counter[str]())
    faults = [fault for visit in visits for fault in visit.faults]
    return faults, ", ".join(f"{count} {name}" for name, count in counts.items())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Check the built site in a browser.")
    parser.add_argument("site", nargs="?", type=Path, default=SITE)
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="write a PNG of each view")
    alone = "these alone, as resnet.html"
    parser.add_argument("--pages", nargs="+", default=[], metavar="PAGE", help=alone)
    options = parser.parse_args(arguments)
    faults, looked_at = check(options.site.resolve(), options.screenshots, options.pages)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"looked at {looked_at}: {len(faults)} faults")
    return 1 if faults else 0
