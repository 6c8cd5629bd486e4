"""Notebooks: they run, their assertions bite, and no page shows a number from older code."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError

import cnnref
from cnnref.counting import arithmetic
from website import places
from website.kept import noted, reads, shelf
from website.theme import notebooks as site_notebooks
from website.theme import runs

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
SAID = {
    "alexnet_by_hand": ["12 of 12 rows agree", "64 x 3 x 11 x 11 + 64 = 23,296", "96%"],
    "measure": ["by MACs: plain20_cifar resnet20_cifar resnet32_cifar", "of the MACs", "images/s"],
    "own_network": ["(conv3_2): only in the second table", "differences: 0", "padding is (2, 2)"],
    "shrink": ["51.57 times the budget", "0.1150 of the work is left", "width 0.648"],
    "training": ["one 5x5: 7,510 parameters, 663,672 MACs", "% wrong, by seed"],
}


def test_every_notebook_is_known():
    assert [path.stem for path in NOTEBOOKS] == sorted(SAID)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_and_say_what_is_so(path, capsys):
    runpy.run_path(str(path))
    said = capsys.readouterr().out
    for text in SAID[path.stem]:
        assert text in said
    assert path.read_text(encoding="utf-8").count("assert ") >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fault_in_the_package_stops_a_notebook(path, monkeypatch):
    right = arithmetic.conv

    def wrong(shape, filters, window, bias=True):
        work = right(shape, filters, window, bias)
        counts = work.counts._replace(macs=work.counts.macs + work.out_shape[-1] % 5)
        return work._replace(counts=counts, window=window._replace(padding=(0, 0)))

    monkeypatch.setattr(arithmetic, "conv", wrong)
    with pytest.raises(AssertionError):
        runpy.run_path(str(path))


def test_the_site_runs_notebooks_and_refuses_errors():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    options = text[text.index("- mkdocs-jupyter:") : text.index("hooks:")]
    assert "execute: true" in options
    assert "allow_errors: false" in options
    for path in NOTEBOOKS:
        assert f"notebooks/{path.name}" in text


CONFIG = """
site_name: copy
strict: true
theme: {name: mkdocs}
nav: [index.md, notebooks/a.py]
use_directory_urls: false
plugins:
  - mkdocs-jupyter:
      include: ["notebooks/*.py"]
      execute: true
      allow_errors: false
      kernel_name: python3
      no_prompt: true
hooks: [hooks.py]
"""
HOOKS = """
from website import places
from website.kept import noted, reads, shelf
from website.theme import notebooks as site_notebooks
from website.theme import runs

def on_config(config):
    runs.configure(config)
    return config

def on_files(files, config):
    runs.begin(config, files)

def on_page_markdown(markdown, page, config, files):
    if page.file.src_uri.endswith(".py"):
        runs.take(page)

def on_page_content(html, page, config, files):
    return site_notebooks.tidy(html, page, files)

def on_build_error(error):
    runs.end()

def on_post_build(config):
    runs.end()
"""
NOTEBOOK = """# %% [markdown]
# # A number
#
# See [home](../index.md#home): $x_1 < 2$ and $$ a $$

# %%
import cnnref

print("width", cnnref.table("alexnet")["conv1"].out_shape[0])
{more}

# %% tags=["times"]
print("ticks")
"""


class Copy:
    """A checkout of its own with the package and one notebook."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        shutil.copytree(
            ROOT / "cnnref", folder / "cnnref", ignore=shutil.ignore_patterns("__pycache__")
        )
        (folder / "docs" / "notebooks").mkdir(parents=True)
        (folder / "docs" / "index.md").write_text("# Home\n")
        (folder / "mkdocs.yml").write_text(CONFIG)
        self.notebook()
        (folder / "hooks.py").write_text(HOOKS)
        monkeypatch.setattr(places, "ROOT", folder)
        monkeypatch.setattr(places, "SCRATCH", folder / ".cache")
        monkeypatch.setattr(shelf, "FOLDER", folder / ".cache" / "kept")
        monkeypatch.setenv(shelf.KEEPING, "1")
        monkeypatch.delenv("PYTHONPATH", raising=False)
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_PREFER_ENV_PATH"):
            monkeypatch.setenv(name, "")
        monkeypatch.chdir(folder)  # where the kernel finds the package of this copy

    def notebook(self, more=""):
        (self.folder / "docs" / "notebooks" / "a.py").write_text(NOTEBOOK.format(more=more))

    def widen(self):
        spec = self.folder / "cnnref" / "specs" / "alexnet.py"
        text = spec.read_text(encoding="utf-8")
        assert "(64, 11, 4, 2, True)" in text
        spec.write_text(text.replace("(64, 11, 4, 2, True)", "(80, 11, 4, 2, True)"))

    def width(self, *, runs):
        before = shelf.WORK["notebooks"]
        build(load_config(str(self.folder / "mkdocs.yml")))
        assert shelf.WORK["notebooks"] - before == runs
        self.page = (self.folder / "site" / "notebooks" / "a.html").read_text(encoding="utf-8")
        return int(re.search(r"width (\d+)", self.page)[1])


@pytest.fixture
def copy(tmp_path, monkeypatch):
    return Copy(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs_again_where_anything_that_it_read_is_another(copy):
    package = copy.folder / "cnnref"
    assert copy.width(runs=1) == cnnref.table("alexnet")["conv1"].out_shape[0] == 64
    # what it did not read: a network, the tracer, a page
    for path in (package / "specs" / "vgg.py", package / "tracing" / "trace.py"):
        path.write_text(path.read_text(encoding="utf-8") + "# an edit\n", encoding="utf-8")
    (copy.folder / "docs" / "index.md").write_text("# Home\n\nA sentence.\n")
    assert copy.width(runs=0) == 64
    copy.widen()
    assert copy.width(runs=1) == 80
    # of two modules of one name the folder comes first
    (package / "net").mkdir()
    (package / "net.py").rename(package / "net" / "__init__.py")
    assert copy.width(runs=1) == 80
    shutil.rmtree(package / "net" / "__pycache__", ignore_errors=True)
    (package / "net" / "__init__.py").rename(package / "net.py")
    (package / "net").rmdir()
    assert copy.width(runs=1) == 80


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_without_what_it_read_an_old_number_would_stay_on_the_page(copy, monkeypatch):
    monkeypatch.setattr(reads, "_now", lambda place: "")
    assert copy.width(runs=1) == 64
    copy.widen()
    assert copy.width(runs=0) == 64


def taken_down(code, folder):
    notes = folder / "notes"
    notes.write_bytes(b"")
    run = f"import runpy; runpy.run_path({noted.__file__!r})['note'](); {code}"
    environment = {noted.NOTES: str(notes), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", run], env=environment, check=True, cwd=folder)
    return {str(reads._source(place)) for place in notes.read_text().split("\0")}


def test_what_is_read_is_taken_down_whoever_reads_it(tmp_path):
    spec, data = ROOT / "cnnref/specs/zfnet.py", ROOT / "cnnref/networks/data/published.csv"
    read = taken_down("import cnnref; cnnref.table('zfnet')", tmp_path)
    assert {str(spec), str(spec.parent)} <= read
    assert not {str(ROOT / "cnnref/specs/vgg.py"), noted.ALL} & read
    (tmp_path / "beside.txt").write_text("")
    for code in (f"open({str(data)!r})", "open('beside.txt')", "import os; os.listdir()"):
        wanted = {str(data), str(tmp_path), str(tmp_path / "beside.txt")}
        assert taken_down(code, tmp_path) & wanted
    process = "import subprocess; subprocess.run(['true'])"
    assert noted.ALL in taken_down(process, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_page_holds_the_cells_alone_and_a_failing_cell_stops_the_build(copy):
    copy.width(runs=1)
    article = copy.page[copy.page.index("<h1") : copy.page.index("<footer")]
    assert '<a class="headerlink" href="#a-number" title="Link to this section">' in article
    assert 'Download this notebook <a download="" href="a.ipynb">' in article
    assert 'See <a href="../index.html#home">home</a>: ' in article
    assert r'<span class="arithmatex">\(x_1 &lt; 2\)</span>' in article
    assert r'<div class="arithmatex">\[ a \]</div>' in article
    assert '<div class="cell-output" tabindex="0"><pre>width 64\n</pre></div>' in article
    assert "print" in article.partition("ticks")[0]
    assert article.count("ticks") == 1  # in the code, and not as what it prints
    assert site_notebooks.OWN_TIMES in article
    for foreign in ("jp-", "cdnjs", "mermaid", "<style", "MathJax", "clipboard-copy"):
        assert foreign not in article
    copy.notebook(more="assert 1 == 2, 'planted'")
    with pytest.raises(Exception, match="planted"):
        copy.width(runs=0)


def cell(kind, inner):
    return f'{site_notebooks.WRAPPER}<div class="jp-Cell" id="c">{kind}{inner}</div></div>'


def tidied(inner):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="notebooks/a.py", url="notebooks/a.html"))
    files = SimpleNamespace(get_file_from_path=lambda path: None)
    return site_notebooks.tidy(cell("", inner), page, files)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (
            '<div class="jp-OutputArea-output" data-mime-type="application/vnd.jupyter.stderr">'
            "<pre>FutureWarning: old</pre></div>",
            "notebooks/a.py: a cell complains: FutureWarning: old",
        ),
        (
            '<div class="jp-RenderedMarkdown"><h1>A</h1><a href="../no.md">x</a></div>',
            "notebooks/a.py: the link '../no.md' leads nowhere.",
        ),
        (
            '<div class="jp-RenderedMarkdown"><p>A</p></div>',
            "notebooks/a.py: the notebook has no heading of the first level.",
        ),
    ],
)
def test_what_a_page_may_not_hold_stops_the_build(inner, message):
    with pytest.raises(PluginError) as caught:
        tidied(inner)
    assert str(caught.value) == message


def test_printed_text_is_one_piece_however_the_kernel_sent_it():
    heading = '<div class="jp-RenderedMarkdown"><h1>A</h1></div></div><div class="jp-Cell" id="d">'
    output = '<div class="jp-OutputArea-output" data-mime-type="text/plain"><pre>{}</pre></div>'
    whole = tidied(heading + output.format("one\ntwo\n"))
    parts = tidied(heading + output.format("one\n") + output.format("two\n"))
    assert whole == parts
    assert '<div class="cell-output" tabindex="0"><pre>one\ntwo\n</pre></div>' in whole


def test_times_are_not_on_the_page_and_a_complaint_beside_them_is():
    shown = '<div class="jp-OutputArea-output"{}><pre>1.5 ms</pre></div>'
    inner = f'<h1>A</h1></div></div><div class="jp-Cell celltag_times" id="d">{shown}'
    text = tidied(f'<div class="jp-RenderedMarkdown">{inner.format("")}')
    assert "1.5 ms" not in text
    assert site_notebooks.OWN_TIMES in text
    stderr = f' data-mime-type="{site_notebooks.STDERR}"'
    with pytest.raises(PluginError, match="a cell complains"):
        tidied(f'<div class="jp-RenderedMarkdown">{inner.format(stderr)}')


def test_a_price_in_code_is_no_formula():
    text = tidied(
        '<div class="jp-RenderedMarkdown"><h1>A</h1><p><code>$a$</code> and $b$</p></div>'
    )
    assert "<code>$a$</code>" in text
    assert r'<span class="arithmatex">\(b\)</span>' in text
    assert site_notebooks.tidy("<p>$a$</p>", None, None) == "<p>$a$</p>"


def test_downloads_are_notebooks_without_outputs_and_equal_at_every_run():
    config = SimpleNamespace(docs_dir=ROOT / "docs")
    files = dict(site_notebooks.downloads(config))
    assert files == dict(site_notebooks.downloads(config))
    assert sorted(files) == [f"notebooks/{path.stem}.ipynb" for path in NOTEBOOKS]
    for text in files.values():
        notebook = json.loads(text)
        assert notebook["nbformat"] == 4
        assert [c["id"] for c in notebook["cells"]][:2] == ["cell-1", "cell-2"]
        assert all(not c.get("outputs") for c in notebook["cells"])
        assert "](../" not in text


def test_what_a_notebook_says_the_lecture_states_is_so():
    from website.errata.claims import erratum

    source = (ROOT / "docs" / "notebooks" / "alexnet_by_hand.py").read_text(encoding="utf-8")
    for key in ("worked formulas/fc6 params = C_in*C_out + C_out", "full table/conv4/flop (M)"):
        assert f'stated = "{erratum(f"AlexNet/{key}").claim.stated}"' in source


def test_a_notebook_imports_nothing_of_the_site():
    for path in NOTEBOOKS:
        assert "website" not in path.read_text(encoding="utf-8"), path.name


SET = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_PREFER_ENV_PATH", "PYTHONPYCACHEPREFIX")


def test_kernels_have_settings_of_their_own_also_where_an_earlier_build_made_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SET:
        monkeypatch.setenv(name, "of the reader")
    monkeypatch.setattr(places, "SCRATCH", tmp_path)
    plugin = SimpleNamespace(config={"cache": True})
    runs.configure(SimpleNamespace(plugins={}))
    assert [os.environ[name] for name in SET] == ["of the reader"] * len(SET)
    for _ in range(2):
        runs.configure(SimpleNamespace(plugins={"mkdocs-jupyter": plugin}))
    assert plugin.config == {"cache": False}
    own = [str(tmp_path / "ipython"), str(tmp_path / "jupyter"), "1", None]
    assert [os.environ.get(name) for name in SET] == own
    assert (tmp_path / "jupyter").is_dir()
    (first,) = (tmp_path / "ipython" / "profile_default" / "startup").iterdir()
    said = first.read_text(encoding="utf-8")
    assert said == f"__import__('runpy').run_path({runs.noted.__file__!r})['note']()\n"
