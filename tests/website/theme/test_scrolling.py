"""What scrolls by itself can be reached with the keyboard, also when its font comes late."""

import pytest

from checks.browser import find_browser, served, started
from website.places import DOCS

pytestmark = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")

FONT = DOCS / "assets" / "fonts" / "plex-sans" / "ibm-plex-sans-latin-400-normal.woff2"
PAGE = """<!doctype html><html lang="en"><head><style>
  @font-face {{ font-family: Late; src: url(font.woff2); font-display: swap; size-adjust: {}%; }}
  .katex-display {{ display: block; width: 200px; overflow-x: auto; white-space: nowrap; }}
  .katex {{ display: block; font: 16px Late, serif; }}
</style></head><body><div class="md-typeset">
  <span class="katex-display"><span class="katex">a formula of a few words</span></span>
</div><script src="site.js"></script></body></html>"""


@pytest.mark.slow
@pytest.mark.parametrize(("size", "reached"), [(100, -1), (300, 0)])
def test_a_formula_that_its_font_makes_too_wide_can_be_reached(tmp_path, size, reached):
    (tmp_path / "site.js").write_text((DOCS / "assets/javascripts/site.js").read_text("utf-8"))
    (tmp_path / "font.woff2").write_bytes(FONT.read_bytes())
    (tmp_path / "a.html").write_text(PAGE.format(size))
    with started() as browser, served(tmp_path) as address:
        page = browser.new_page()
        held = []
        page.route("**/font.woff2", lambda route: held.append(route))
        page.goto(f"{address}a.html", wait_until="domcontentloaded")
        page.wait_for_timeout(200)
        box = page.locator(".katex-display")
        before = box.evaluate("box => box.tabIndex")
        held[0].continue_()
        page.evaluate("() => document.fonts.ready.then(() => true)")
        page.wait_for_timeout(100)
        assert (before, box.evaluate("box => box.tabIndex")) == (-1, reached)
        # and says that it goes on
        assert box.evaluate("box => box.hasAttribute('data-more')") == (reached == 0)
        browser.close()
