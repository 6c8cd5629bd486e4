"""The foot of each page: how the site is cited, and the repository where there is one."""

import pytest

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
