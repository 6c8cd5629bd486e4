"""The foot of each page: how the site is cited, and the repository where there is one."""

import shutil
import subprocess

import pytest
from mkdocs.config import load_config

from website.places import DOCS, ROOT
from website.theme import exits

FOOT = f"<p>{exits.SAID}</p>"
REPOSITORY = "https://example.org/a/b"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv(exits.REPO_URL, raising=False)


def test_without_a_repository_the_foot_has_licence_and_citation():
    page = exits.placed(FOOT, "alexnet.md", "../")
    assert exits.LICENCE in page
    assert '<a href="../sources.html#cite-this-site">Cite this site</a>' in page
    assert "http" not in page


def test_a_repository_has_its_issues_and_the_source_of_a_page(monkeypatch):
    monkeypatch.setenv(exits.REPO_URL, f"{REPOSITORY}/")
    page = exits.placed(FOOT, "alexnet.md", "")
    for place in ("", "/issues/new", "/edit/main/docs/alexnet.md"):
        assert f'href="{REPOSITORY}{place}"' in page
    assert "/edit/" not in exits.placed(FOOT, "networks/made_by_the_build.md", "../")


@pytest.mark.skipif(not shutil.which("git"), reason="git is not there")
def test_the_date_of_the_commit_is_that_which_git_knows(monkeypatch, tmp_path):
    own = {"GIT_COMMITTER_DATE": "2021-03-04T12:00:00Z", "GIT_AUTHOR_DATE": "2020-01-01T12:00:00Z"}
    for name in ("GIT_COMMITTER_NAME", "GIT_AUTHOR_NAME"):
        own |= {name: "a", name.replace("NAME", "EMAIL"): "a@example.org"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    for call in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(["git", *call], cwd=tmp_path, check=True)
    monkeypatch.setattr(exits, "ROOT", tmp_path)
    monkeypatch.delenv(exits.COMMIT, raising=False)
    assert exits.committed() == ""
    monkeypatch.setenv(exits.COMMIT, "HEAD")
    assert exits.committed() == "2021-03-04"
    monkeypatch.setenv(exits.COMMIT, "0" * 40)
    assert exits.committed() == ""


def test_an_address_of_another_kind_is_refused(monkeypatch):
    monkeypatch.setenv(exits.REPO_URL, "git@example.org:a/b")
    with pytest.raises(ValueError, match=r"^REPO_URL is 'git@example\.org:a/b'; give an address"):
        exits.repository()


def test_the_settings_print_what_the_exits_stand_behind():
    settings = (exits.DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"copyright: {exits.SAID}" in settings


def test_who_is_lost_is_told_where_to_go():
    page = exits.lost(f'<a href="/a/index.html" title="cnnref"></a>{exits.NOT_FOUND}')
    assert "<h1>There is no such page</h1>" in page
    assert '<a href="/a/networks/index.html">all networks</a>' in page
    assert exits.NOT_FOUND not in page


def test_every_page_of_the_menu_is_in_sight_in_its_part() -> None:
    """The line of a part has links alone: a part within a part would have no place there."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    listed = [page for part in config.nav for pages in part.values() for page in
              (pages if isinstance(pages, list) else [pages])]  # fmt: skip
    paths = [*(next(iter(one.values())) if isinstance(one, dict) else one for one in listed)]
    assert [path for path in paths if not isinstance(path, str)] == []
    assert {path for path in paths if path.startswith("reference/")} == {
        path.relative_to(DOCS).as_posix() for path in (DOCS / "reference").glob("*.md")
    }
