"""What is mended of the theme's own files, as they are installed."""

from pathlib import Path

import material
import pytest

from website.theme import repairs

ASSETS = Path(material.__file__).parent / "templates" / "assets"


def written(folder: Path, kind: str) -> Path:
    """A copy of the one file of the theme that is of that kind, as a site has it."""
    (source,) = (path for path in ASSETS.glob(f"{kind}.*") if path.suffix != ".map")
    target = folder / "assets" / source.relative_to(ASSETS)
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())
    return target


def test_the_script_asks_no_other_host_and_styles_no_page_twice(tmp_path: Path) -> None:
    script = written(tmp_path, "javascripts/bundle")
    assert repairs.OTHER_HOST.search(script.read_text(encoding="utf-8"))
    repairs.repair_scripts(tmp_path)
    text = script.read_text(encoding="utf-8")
    assert not repairs.OTHER_HOST.search(text)
    # only what a reader chooses stops transitions, and no scheme of the window comes late
    assert f"coloured?{repairs.SWITCHED}" in text
    assert 'name:"color-scheme"' not in text
    # nor is what is folded away laid out
    assert 'let t=e,c=e.closest("details:not([open])")' in text


def test_the_style_sheet_has_no_rule_that_a_new_button_sets_off(tmp_path: Path) -> None:
    sheet = written(tmp_path, "stylesheets/main")
    before = sheet.read_text(encoding="utf-8")
    repairs.repair_styles(tmp_path)
    after = sheet.read_text(encoding="utf-8")
    assert "table:not([class])+*" in before
    assert "table:not([class])+*" not in after
    assert len(before) - len(after) < 100


@pytest.mark.parametrize("repair", [repairs.repair_scripts, repairs.repair_styles])
def test_another_theme_is_told(tmp_path: Path, repair: object) -> None:
    for path in ("javascripts/bundle.0.min.js", "stylesheets/main.0.min.css"):
        (tmp_path / "assets" / path).parent.mkdir(parents=True)
        (tmp_path / "assets" / path).write_text("a", encoding="utf-8")
    with pytest.raises(ValueError, match="the theme has no"):
        repair(tmp_path)  # type: ignore[operator]
