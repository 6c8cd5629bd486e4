"""The site's own scripts: a file that no page loads does nothing, and nobody would notice."""

import re
from pathlib import Path

from website.hands import equipment
from website.macros import MACROS
from website.teaching import slides

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "docs" / "assets" / "javascripts").glob("*.js"))


def loaded(root):
    """The scripts that the settings load on every page, a page, what stands on it, or slides."""
    equipped = {path.rpartition("/")[2] for path in (*equipment.SCRIPTS.values(), slides.SCRIPT)}
    texts = [path.read_text(encoding="utf-8") for path in (root / "docs").glob("*.md")]
    texts.append((root / "mkdocs.yml").read_text(encoding="utf-8"))
    return equipped | {
        name for text in texts for name in re.findall(r"assets/javascripts/([\w.-]+\.js)", text)
    }


def test_every_script_is_loaded_by_a_page():
    assert len(SCRIPTS) >= 4
    assert {path.name for path in SCRIPTS} == loaded(ROOT)


def test_a_script_that_is_left_out_is_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(settings.replace("tables.js", "other.js"))
    assert "tables.js" not in loaded(tmp_path)


def test_a_page_loads_what_stands_on_it_alone():
    page = "<head></head><body>{}</body>"
    shown = MACROS["convolution"]("A window", "W")
    equipped = equipment.equipped(page.format(shown), "../")
    assert equipped.startswith(
        '<head><link rel="stylesheet" href="../assets/stylesheets/hands.css">'
        '<script src="../assets/javascripts/convolution.js" defer></script></head>'
    )
    assert equipment.equipped(page.format("a convolution"), "") == page.format("a convolution")
    assert (ROOT / "docs" / equipment.STYLE).is_file()


RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
WRONG = re.compile(r"disagree|erratum|verdict\.wrong|td\.differs|slide\.corrected|verdict=\"wrong")


def reds(sheet):
    """The selectors of what is red and says nothing wrong."""
    return [
        selector.strip()
        for selector, body in RULE.findall(sheet)
        if "var(--ink-wrong)" in body and not WRONG.search(selector)
    ]


def test_red_says_wrong_and_nothing_else():
    sheets = sorted((ROOT / "docs/assets/stylesheets").glob("*.css"))
    sheet = "".join(path.read_text(encoding="utf-8") for path in sheets)
    assert "var(--ink-wrong)" in sheet
    assert reds(sheet) == []
    assert reds(".link { color: var(--ink-wrong) }") == [".link"]
