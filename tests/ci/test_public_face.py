"""What the project shows the world is true of it: workflows, citation, templates, metadata."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from trove_classifiers import classifiers
from wheels import ROOT

import cnnref

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / ".github" / "actions" / "budget" / "action.yml"
EXAMPLE = ROOT / "docs" / "examples" / "budget.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# by its commit, with the version that a reader knows
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# the one place that may write more than the log of the run: the deployment of the site
WRITES = {("pages", "deploy"): {"pages": "write", "id-token": "write"}}
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def unpinned(text: str) -> list[str]:
    """What a workflow uses by a name that can be moved."""
    used = re.findall(r"^\s*-?\s*uses: (.+)$", text, re.MULTILINE)
    return [one for one in used if not PINNED.fullmatch(one)]


@each_workflow
def test_actions_are_pinned_by_commit(path: Path) -> None:
    assert unpinned(path.read_text(encoding="utf-8")) == []


def test_an_action_by_its_tag_is_seen() -> None:
    assert unpinned("  - uses: actions/checkout@v6\n") == ["actions/checkout@v6"]
    assert unpinned(f"  uses: a/b@{'0' * 40}\n") == [f"a/b@{'0' * 40}"]


def test_one_action_has_one_version() -> None:
    used: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, EXAMPLE):
        for name, version in re.findall(r"uses: ([\w/-]+)@(\S+ # \S+)", path.read_text()):
            used.setdefault(name, set()).add(version)
    assert {name for name, versions in used.items() if len(versions) > 1} == set()
    assert "actions/checkout" in used


def granted(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """What each job may do beside reading the code."""
    found = read(path)
    assert found["permissions"] == {"contents": "read"}
    return {
        (path.stem, name): job["permissions"]
        for name, job in found["jobs"].items()
        if "permissions" in job
    }


def test_nothing_may_write_but_the_deployment() -> None:
    every = [granted(path) for path in WORKFLOWS]
    assert {key: value for found in every for key, value in found.items()} == WRITES


@each_workflow
def test_a_job_ends_and_keeps_no_credentials(path: Path) -> None:
    for job in read(path)["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def scripts(path: Path) -> Iterator[str]:
    found = read(path)
    jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
    yield from (step["run"] for job in jobs for step in job["steps"] if "run" in step)


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.stem)
def test_scripts_are_scripts_and_name_what_is_here(path: Path) -> None:
    for script in scripts(path):
        # an expression in a script would run what somebody named a branch
        assert "${{" not in script
        done = subprocess.run(["bash", "-n", "-c", script], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
        for command in re.findall(r"(?<![\w/])((?:scripts|\.ci)/\w+)", script):
            assert (ROOT / command).is_file()


def test_every_supported_python_is_tested() -> None:
    tests = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]
    start = "Programming Language :: Python :: 3."
    promised = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if one.startswith(start)]
    assert tests["core"]["strategy"]["matrix"]["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"


def test_the_oldest_versions_are_tested() -> None:
    pairs = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["pairs"]["strategy"]
    oldest, newest = (one["packages"].split() for one in pairs["matrix"]["include"])
    tested = dict(one.split("==") for one in oldest)
    for text in (*PROJECT["optional-dependencies"]["torch"], "pandas>=2.2"):
        floor = Requirement(text)
        (least,) = [one.version for one in floor.specifier if one.operator == ">="]
        assert tested[floor.name].startswith(f"{least}.")
        assert floor.name in newest
    assert "pandas>=2.2" in PROJECT["optional-dependencies"]["pandas"]
    told = re.search(r"oldest PyTorch is ([\d.]+\d)", (ROOT / "CHANGELOG.md").read_text())[1]
    assert f"torch>={told}" in PROJECT["optional-dependencies"]["torch"]


def test_the_metadata_are_known_to_the_index() -> None:
    assert set(PROJECT["classifiers"]) <= set(classifiers)
    assert "Operating System :: OS Independent" in PROJECT["classifiers"]
    for path in re.findall(r"\]\((?!https?:)([^)]+)\)", (ROOT / "README.md").read_text()):
        raise AssertionError(f"{path} has no address where the index shows the README")


def test_the_citation_is_of_this_version() -> None:
    cited = read(ROOT / "CITATION.cff")
    assert cited["cff-version"] == "1.2.0"
    assert (cited["title"], cited["version"]) == (PROJECT["name"], cnnref.__version__)
    assert cited["license"] == PROJECT["license"]
    assert [one["name"] for one in cited["authors"]] == [one["name"] for one in PROJECT["authors"]]
    assert {"message", "type", "abstract"} <= set(cited)


def test_the_home_page_has_a_title_beside_the_sites_name() -> None:
    site = re.search(r"^site_name: (.+)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)[1]
    home = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    title = re.search(r"^title: (.+)$", home, re.MULTILINE)[1]
    # a tab of a browser shows both, the title first
    assert title not in (site, "Home")
    assert f"\n# {title}\n" in home


def test_what_a_host_sets_is_told() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"!ENV \[(\w+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")):
        assert f"`{name}`" in told, name


def links(path: Path) -> list[str]:
    return re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / ".github").glob("*.md")), ids=lambda p: p.stem)
def test_links_and_commands_of_a_page_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in links(path):
        assert (path.parent / link).exists(), link
    for command in re.findall(r"((?:scripts|\.ci)/\w+)", text):
        assert (ROOT / command).exists(), command


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda p: p.stem
)
def test_a_form_asks_for_something(path: Path) -> None:
    found = read(path)
    if path.stem == "config":
        assert set(found) == {"blank_issues_enabled"}
        return
    assert {"name", "description", "body"} <= set(found)
    for field in found["body"]:
        assert field["type"] in ("textarea", "input")
        assert field["attributes"]["label"]
    assert any(field.get("validations", {}).get("required") for field in found["body"])


def test_the_root_holds_what_tools_look_for_there() -> None:
    shown = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    root = {path.partition("/")[0] for path in shown}
    assert root == {
        ".ci", ".github", ".gitignore", ".pre-commit-hooks.yaml", "CHANGELOG.md", "CITATION.cff",
        "LICENSE", "README.md", "cnnref", "docs", "mkdocs.yml", "pyproject.toml", "scripts",
        "tests",
    }  # fmt: skip
