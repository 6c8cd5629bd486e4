"""Generated files: the same at every run, as committed, and a drift is named by its cell."""

import csv
import io
import json
import subprocess
from functools import partial
from pathlib import Path

import pytest

from cnnref import CnnrefError, specs
from cnnref.net import Net
from cnnref.networks import catalog
from cnnref.specs import vgg
from website import drift as drifting
from website import facts
from website.drift import drift, read, write
from website.publish import outputs

ROOT = Path(__file__).resolve().parents[2]


NAMES = ("alexnet", "alexnet_2012", "vgg16", "vgg16_bn", "resnet18")


@pytest.fixture(scope="module")
def computed():
    # the whole catalogue is held against the committed files by scripts/generate --check
    return outputs(NAMES)


@pytest.mark.slow
def test_the_committed_files_are_as_computed(computed):
    committed = read(ROOT / "docs" / "generated")
    shared = [path for path in computed if path not in ("networks.csv", "facts.json")]
    assert len(shared) > 2 * len(NAMES)
    assert (
        drift({path: committed[path] for path in shared}, {path: computed[path] for path in shared})
        == []
    )
    for name in catalog.names():
        assert f"tables/{name}.csv" in committed


@pytest.mark.slow
def test_outputs_are_the_same_at_every_run(computed):
    assert outputs(NAMES) == computed


def test_networks_csv_has_a_row_for_each_network_and_none_differs(computed):
    rows = list(csv.DictReader(io.StringIO(computed["networks.csv"].decode())))
    assert list(rows[0]) == [
        "name",
        "input",
        "parameters",
        "macs",
        "activations",
        "rows",
        "rows_differing",
        "sizes_compared",
    ]
    assert [row["name"] for row in rows] == list(NAMES)
    for row in rows:
        book = catalog.table(row["name"])
        assert (int(row["parameters"]), int(row["macs"])) == (book.parameters, book.macs)
        assert int(row["rows_differing"]) == 0
        assert len(row["sizes_compared"].split()) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_tables_hold_the_rows_of_the_spec(computed, name):
    rows = list(csv.DictReader(io.StringIO(computed[f"tables/{name}.csv"].decode())))
    book = catalog.table(name)
    assert [row["layer"] for row in rows] == [layer.name for layer in book]
    for row, layer in zip(rows, book, strict=True):
        assert int(row["macs"]) == layer.macs
        assert int(row["weights"]) + int(row["biases"]) == layer.parameters
        assert row["output"] == "x".join(map(str, layer.out_shape))
        assert tuple(map(int, row["inputs"].split())) == layer.inputs


def test_facts_are_what_their_paths_say(computed):
    stated = json.loads(computed["facts.json"])
    assert stated == {path: facts.fact(path) for path in stated}
    assert stated["vgg16/total/parameters"] == 138357544


def test_chart_values_are_the_rows_of_the_table(computed):
    spec = json.loads(computed["charts/alexnet-parameters.vl.json"])
    book = facts.lookup("alexnet@227")
    values = {value["layer"]: value["exact"] for value in spec["data"]["values"]}
    assert values == {
        layer.name: layer.parameters for layer in book.listed("lecture") if layer.op != "flatten"
    }
    assert "config" not in spec
    assert "width" not in spec


def test_nothing_has_drifted_when_nothing_changed():
    assert drift({"a.csv": b"layer,macs\nconv1,1\n"}, {"a.csv": b"layer,macs\nconv1,1\n"}) == []


def test_an_edited_cell_is_named_with_file_row_column_and_both_values(computed):
    committed = dict(computed)
    path = "tables/vgg16.csv"
    committed[path] = committed[path].replace(b"86704128", b"86704129", 1)
    (line,) = drift(committed, computed)
    assert line == (
        "tables/vgg16.csv: line 2 (conv1_1), column macs: committed '86704129', computed '86704128'"
    )


def test_an_edited_markdown_cell_is_named(computed):
    committed = dict(computed)
    path = "tables/alexnet_227.md"
    committed[path] = committed[path].replace(b"784", b"785", 1)
    (line,) = drift(committed, computed)
    assert line.startswith("tables/alexnet_227.md: line 3 (conv1), column memory (KB): ")
    assert line.endswith("committed '785', computed '784'")


def test_an_edited_fact_is_named_by_its_path(computed):
    committed = dict(computed)
    committed["facts.json"] = committed["facts.json"].replace(b"138357544", b"138357545", 1)
    (line,) = drift(committed, computed)
    assert line == ("facts.json: vgg16/total/parameters: committed 138357545, computed 138357544")


def test_a_missing_and_a_stale_file_are_named(computed):
    committed = dict(computed)
    del committed["networks.csv"]
    committed["tables/lenet.csv"] = b"layer\n"
    assert drift(committed, computed) == [
        "networks.csv: missing; run scripts/generate",
        "tables/lenet.csv: stale, nothing generates it any more; run scripts/generate",
    ]


def test_a_missing_row_and_a_missing_column_are_named():
    want = {"a.csv": b"layer,macs\nconv1,1\nconv2,2\n"}
    assert drift({"a.csv": b"layer,macs\nconv1,1\n"}, want) == [
        "a.csv: line 3 (conv2), column layer: committed None, computed 'conv2'",
        "a.csv: line 3 (conv2), column macs: committed None, computed '2'",
    ]
    assert drift({"a.csv": b"layer\nconv1\nconv2\n"}, want)[0] == (
        "a.csv: line 1 (layer), column macs: committed None, computed 'macs'"
    )


def test_a_row_that_is_too_short_for_its_name_goes_by_its_first_cell():
    assert drift({"a.csv": b"macs,layer\n1\n"}, {"a.csv": b"macs,layer\n2\n"}) == [
        "a.csv: line 2 (2), column macs: committed '1', computed '2'"
    ]


def test_a_broken_file_and_other_line_ends_are_named():
    assert drift({"a.json": b"{"}, {"a.json": b"{}"})[0].startswith("a.json: cannot be read (")
    assert drift({"a.csv": b"x,y\r\n"}, {"a.csv": b"x,y\n"}) == [
        "a.csv: the same cells in other bytes (order, spaces or line ends)"
    ]


@pytest.mark.slow
def test_a_changed_kernel_in_a_spec_is_refused(computed, monkeypatch):
    def wrong(net, x, filters, name, norm):
        kernel, padding = (5, 2) if name == "3_2" else (3, 1)
        x = net.conv(x, filters, kernel, padding=padding, name=f"conv{name}")
        x = net.batch_norm(x, name=f"bn{name}") if norm else x
        return net.relu(x, name=f"relu{name}")

    monkeypatch.setattr(vgg, "conv_unit", wrong)
    facts.lookup.cache_clear()
    try:
        changed = outputs(NAMES)
    finally:
        facts.lookup.cache_clear()
    lines = drift(computed, changed)
    assert any(
        line.startswith("tables/vgg16.csv: line 14 (conv3_2), column kernel: ")
        and line.endswith("committed '3x3', computed '5x5'")
        for line in lines
    )
    differing = [line for line in lines if "networks.csv" in line and "rows_differing" in line]
    assert len(differing) > 0


def test_write_replaces_changed_files_and_removes_stale_ones(tmp_path):
    (tmp_path / "old.csv").write_bytes(b"stale\n")
    (tmp_path / "same.csv").write_bytes(b"same\n")
    before = (tmp_path / "same.csv").stat().st_mtime_ns
    want = {"same.csv": b"same\n", "sub/new.csv": b"new\n"}
    assert write(tmp_path, read(tmp_path), want) == 2
    assert read(tmp_path) == want
    assert (tmp_path / "same.csv").stat().st_mtime_ns == before


def test_write_leaves_no_half_file_when_it_fails(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(b"old\n")
    monkeypatch.setattr(Path, "replace", partial(_fail))
    with pytest.raises(CnnrefError, match=r"a.csv cannot be written: disk is full"):
        write(tmp_path, read(tmp_path), {"a.csv": b"new\n"})
    assert (tmp_path / "a.csv").read_bytes() == b"old\n"


def _fail(*_):
    raise OSError(28, "disk is full")


def test_specs_are_torch_free_functions_of_a_net():
    net = Net((3, 224, 224))
    vgg.vgg11(net)
    assert net.table() == catalog.table("vgg11")
    assert specs.__doc__


def committed(folder: Path, text: str) -> None:
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
    (folder / "made").mkdir(exist_ok=True)
    (folder / "made" / "a.csv").write_text(text, encoding="utf-8")
    for words in (("init", "-q"), ("add", "made"), ("commit", "-q", "-m", "a")):
        subprocess.run([*git, *words], cwd=folder, check=True)


def test_what_changed_since_a_commit_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(drifting, "ROOT", tmp_path)
    monkeypatch.setattr(drifting, "GENERATED", tmp_path / "made")
    committed(tmp_path, "layer,macs\nconv1,1\n")
    assert drifting.main(check=False, since="HEAD") == 0
    committed(tmp_path, "layer,macs\nconv1,2\n")
    (tmp_path / "made" / "b.csv").write_text("layer\n", encoding="utf-8")
    assert drifting.main(check=False, since="HEAD^1") == 0
    assert capsys.readouterr().out.splitlines() == [
        "no generated number changes",
        "a.csv: line 2 (conv1), column macs: was '1', is '2'",
        "b.csv: new",
    ]
    for unknown in ("nothing", "--output=x"):
        with pytest.raises(CnnrefError, match=unknown):
            drifting.main(check=False, since=unknown)
