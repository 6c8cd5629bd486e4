"""What a page may load and run: its own host's files, and the few scripts that the theme writes.

The policy stands in the page itself, so that a copy of the site keeps it on any host and without
one. A script in a page runs only if its digest is in the policy, which holds those of the theme.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

__all__ = ["guarded", "known", "lifted", "source_of"]

# of the theme's scripts, without the place of the page in the site; a new theme may have others
KNOWN = frozenset(("0eb10c249dbdb0be", "7eb3684fdacd2881", "ffcc0f7735fdab43"))
INLINE = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
PLACE = re.compile(r'(?<=^__md_scope=new URL\(")[./]*(?=",location\))')
HEAD = '<meta charset="utf-8">'
POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="[^"]*">')
# a page opened from a disk has no host, and its files come from "file:"; Vega compiles what it
# draws; drawings and formulas have their measures in style attributes
RULES = {
    "default-src": "'none'",
    "script-src": "'self' file: 'unsafe-eval'",
    "style-src": "'self' file: 'unsafe-inline'",
    "img-src": "'self' file: data:",
    "font-src": "'self' file:",
    "connect-src": "'self' file:",
    "worker-src": "'self' file: blob:",
    "child-src": "'self' file: blob:",
    "form-action": "'self'",
    "base-uri": "'none'",
}


def guarded(page: str) -> str:
    """The page with its policy in front of everything that it loads."""
    allowed = sorted({source_of(script) for script in inline_scripts(page) if known(script)})
    rules = RULES | {"script-src": " ".join([RULES["script-src"], *allowed])}
    text = "; ".join(f"{name} {sources}" for name, sources in rules.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{text}">'
    return page.replace(HEAD, HEAD + meta, 1)


def lifted(page: bytes) -> bytes:
    """A page without its policy, for a preview, which reloads it by a script of its own."""
    return POLICY.sub(b"", page, count=1)


def inline_scripts(page: str) -> Iterator[str]:
    """The scripts that stand in a page itself; data in script elements is none."""
    for attributes, text in INLINE.findall(page):
        if "json" not in attributes:
            yield text


def known(script: str) -> bool:
    """Whether the theme writes a script."""
    return hashlib.sha256(PLACE.sub("", script).encode()).hexdigest()[:16] in KNOWN


def source_of(script: str) -> str:
    """How a policy names a script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
