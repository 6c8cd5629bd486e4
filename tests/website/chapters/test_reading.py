"""How long a page takes to read comes from its words; code and exercises are not among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnref.errors import UnknownNameError
from website.chapters import reading


def test_minutes_grow_with_the_words_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DOCS", tmp_path)
    prose = "word " * (5 * reading.PACE)
    code = "```\n" + "code " * 5000 + "\n```\n"
    exercises = "\n## Exercises\n" + "question " * 5000 + "\n## References\n"
    (tmp_path / "one.md").write_text(prose + "\n" + code + exercises, encoding="utf-8")
    (tmp_path / "two.md").write_text(prose * 2, encoding="utf-8")
    assert ">10<" in reading.minutes("one")
    assert ">10<" in reading.minutes("two")
    (tmp_path / "one.md").write_text(prose, encoding="utf-8")
    assert ">5<" in reading.minutes("one")
    with pytest.raises(UnknownNameError):
        reading.minutes("three")
