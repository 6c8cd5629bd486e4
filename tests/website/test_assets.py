"""The site's own scripts: a file that no page loads does nothing, and nobody would notice."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "docs" / "assets" / "javascripts").glob("*.js"))


def loaded(root):
    """The scripts that the settings load on every page, or a page by itself."""
    texts = [path.read_text(encoding="utf-8") for path in (root / "docs").glob("*.md")]
    texts.append((root / "mkdocs.yml").read_text(encoding="utf-8"))
    return {
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
