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
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from website.places import SITE

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


def check(site: Path, screenshots: Path | None = None) -> tuple[list[str], str]:
    """Every fault, and one line that says what was looked at."""
    from playwright.sync_api import sync_playwright

    from checks.tour.visits import Visit

    executable = find_browser()
    if executable is None:
        raise SystemExit(NO_BROWSER)
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        visit = Visit(browser, site, address, screenshots)
        visit.everything()
        browser.close()
    return visit.faults, ", ".join(f"{count} {name}" for name, count in visit.counts.items())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Check the built site in a browser.")
    parser.add_argument("site", nargs="?", type=Path, default=SITE)
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="write a PNG of each view")
    options = parser.parse_args(arguments)
    faults, looked_at = check(options.site.resolve(), options.screenshots)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"looked at {looked_at}: {len(faults)} faults")
    return 1 if faults else 0
