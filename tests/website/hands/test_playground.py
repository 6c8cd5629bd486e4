"""The playground: what runs inside it, its files, and where there is no npm."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

import cnnref
from cnnref.errors import CnnrefError
from website.hands import inside, playground
from website.hands.equipment import equipped
from website.hands.playground import EXAMPLE, Missing, archive, assets, completion, runtime
from website.places import DOCS, PACKAGE


def answer(code: str, **given: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inside.run(json.dumps({"code": code, **given})))
    return found


def test_a_text_becomes_a_table() -> None:
    found = answer(EXAMPLE, convention="flops", other="alexnet")
    space = {"Net": cnnref.Net}
    exec(EXAMPLE, space)
    table = space["net"].table()
    assert found["totals"][1] == ["parameters", f"{table.parameters:,}"]
    assert found["totals"][2] == ["FLOPs (flops)", f"{table.operations('flops'):,}"]
    assert [row[0] for row in found["rows"]][: len(table)] == [row.name for row in table]
    assert found["head"][:3] == ["Layer", "parameters", "FLOPs"]
    assert found["csv"] == table.to_csv("flops")
    assert found["latex"] == table.to_latex("flops")
    assert found["svg"] == table.draw().standalone()
    assert "alexnet" in found["compared"]
    assert sum(share for _, share, _ in found["bars"]) == pytest.approx(1)
    assert "error" not in found


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("small = Net((3, 8, 8), name='small')\nsmall.relu(small.input)", "small"),
        ("a, b = Net((1,), name='a'), Net((2,), name='b')\nb.relu(b.input)", "b"),
        (
            "net = Net((1,), name='net')\nnet.relu(net.input)\n"
            "other = Net((2,), name='other')\nother.relu(other.input)",
            "net",
        ),
        ("net = 3\nt = Net((2,), name='t')\nt.relu(t.input)\nu = t.table()", "t"),
    ],
)
def test_a_text_may_call_its_network_otherwise(code: str, name: str) -> None:
    assert answer(code)["name"] == name


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("net = Net((3, 8, 8))\nnet.conv(net.input, 4, kernel=11)", 2,
         "conv1: a window of 11 does not fit 8 with padding 0 (input 3 x 8 x 8)."),
        ("x = 1\nnet = Net((3, 8, 8)", 2, "SyntaxError: '(' was never closed"),
        ("def f(net):\n    return net.cnov\n\nf(Net((3, 8, 8)))", 2, "AttributeError: 'Net'"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("x = 3", 0, "The text makes no network: it begins with a Net, as the example does."),
        ("net = Net((3, 8, 8))", 0, "The network has no layer yet"),
        ("raise SystemExit", 1, "SystemExit"),
        ("raise MemoryError", 1, "It takes more memory than the page allows."),
        ("f = lambda: f()\nf()", 1, "RecursionError"),
    ],
)  # fmt: skip
def test_a_wrong_text_is_told_at_its_line(code: str, line: int, said: str) -> None:
    found = answer(code)
    assert (found["line"], said in found["error"]) == (line, True)
    assert "rows" not in found


def test_what_a_text_prints_and_warns_of_is_said() -> None:
    found = answer("print('told')\n" + EXAMPLE)
    assert found["printed"] == "told\n"
    path = DOCS / "examples" / "small.onnx"
    read = json.loads(inside.read(str(path), json.dumps({"shape": "3, 64,64"})))
    assert read["totals"][2] == ["MACs (macs)", f"{cnnref.from_onnx(path, (3, 64, 64)).macs:,}"]
    gone = json.loads(inside.read("gone.onnx", "{}"))
    assert gone["error"] == "gone.onnx cannot be read: No such file or directory."


@pytest.mark.parametrize(
    "shape", ["a,b", "1e9,3,3", "3,,3", "3;64;64", "3,64,64,", "-3,8,8", "9" * 5000]
)
def test_sizes_that_are_none_are_told_in_a_sentence(shape: str) -> None:
    path = DOCS / "examples" / "small.onnx"
    found = json.loads(inside.read(str(path), json.dumps({"shape": shape})))
    assert found["error"] == (
        "The sizes of the input are whole numbers, one for each axis, with commas between "
        f"them, but {shape!r} stands there."
    )


def test_a_file_whose_rows_are_all_constant_is_told_so(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    sizes, kind = [1, 3, 8, 8], onnx.TensorProto.FLOAT
    given, made = (onnx.helper.make_tensor_value_info(name, kind, sizes) for name in "xy")
    shape = onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [4], sizes)
    node = onnx.helper.make_node("ConstantOfShape", ["shape"], ["y"])
    graph = onnx.helper.make_graph([node], "none", [given], [made], [shape])
    (tmp_path / "none.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    found = json.loads(inside.read(str(tmp_path / "none.onnx"), "{}"))
    assert found["error"] == "Nothing in the file depends on its input, so that it has no row."


def test_what_is_printed_takes_no_more_room_than_is_shown() -> None:
    found = answer("import sys\nfor _ in range(99): print('x' * 999)\nsize = sys.stdout.tell()\n"
                   "assert size == 2000, size\n" + EXAMPLE)  # fmt: skip
    assert found["printed"] == ("x" * 999 + "\n") * 2
    cells = answer("# %% A\nfor _ in range(99): print('x' * 999)")["cells"]
    assert [len(text) for *_, text in cells] == [inside.MOST_CELL]


@pytest.mark.parametrize("name", cnnref.names())
def test_a_spec_is_a_text_to_start_from(name: str) -> None:
    net = {"Net": cnnref.Net}
    exec(compile(inside.starting(name), "<network>", "exec"), net)
    assert net["net"].table() == cnnref.table(name)


def test_a_published_table_is_held_against_the_package() -> None:
    published = (DOCS / "generated" / "tables" / "vgg16.csv").read_text(encoding="utf-8")
    assert json.loads(inside.checked("vgg16", published)) == {"rows": 40, "unlike": ""}
    changed = published.replace("1849688064", "1849688065")
    assert json.loads(inside.checked("vgg16", changed))["unlike"] == "conv1_2"
    cut = published.rpartition("\n39,")[0]
    assert json.loads(inside.checked("vgg16", cut))["unlike"] == "another number of rows"


def test_the_archive_is_the_package_and_the_same_each_time() -> None:
    whole = archive()
    assert whole == archive()
    with zipfile.ZipFile(io.BytesIO(whole)) as held:
        names = set(held.namelist())
        assert held.read("inside.py") == Path(inside.__file__).read_bytes()
    here = {p.relative_to(PACKAGE.parent).as_posix() for p in PACKAGE.rglob("*.py")}
    assert here <= names
    assert not any("__pycache__" in name for name in names)


def test_completion_is_of_the_package() -> None:
    found = {name: (takes, told) for name, takes, told in completion()}
    assert set(found) == {
        name for name, value in vars(cnnref.Net).items() if callable(value) and name[0] != "_"
    }
    assert found["conv"][0].startswith("x, filters, kernel, *, stride=1, padding=0")
    assert found["relu"] == ("x", "A rectified linear unit.")


@pytest.fixture
def without_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(playground, "CACHE", tmp_path)
    runtime.cache_clear()
    yield tmp_path
    runtime.cache_clear()


def test_without_npm_the_page_says_why(
    without_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_npm(package: str, place: Path) -> Path:
        raise CnnrefError("vendored: npm is needed, which brings the packages.")

    found = runtime(no_npm)
    assert found == Missing("npm is needed, which brings the packages.")
    monkeypatch.setattr(playground, "runtime", lambda: found)
    assert assets() == {}
    page = playground.playground()
    assert page == (
        '<p role="note">This copy of the site was built without the playground: '
        "npm is needed, which brings the packages.</p>"
    )
    assert equipped(f"<head></head>{page}", "") == f"<head></head>{page}"


@pytest.mark.parametrize("why", ["", "npm is needed, which brings the packages."])
def test_a_page_without_the_playground_promises_none(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    files = dict.fromkeys(playground.RUNTIME, b"")
    monkeypatch.setattr(playground, "runtime", lambda: Missing(why) if why else files)
    text = (DOCS / "playground.md").read_text(encoding="utf-8").partition("# Playground")[2]
    shown = jinja2.Template(text).render(playground.MACROS)
    assert (f"built without the playground: {why}" in shown) is bool(why)
    for promise in ("runs in your browser", "## How to use it", "<noscript>", "data-part="):
        assert (promise in shown) is not bool(why)
    assert "](count.md)" in shown


def test_another_archive_is_refused_and_not_kept(without_cache: Path) -> None:
    def other(package: str, place: Path) -> Path:
        (place / "other.tgz").write_bytes(b"other")
        return place / "other.tgz"

    assert "is not what it was" in runtime(other)
    assert not list(without_cache.rglob("*.tgz"))


def test_cells_are_run_in_turn_and_each_says_what_it_prints() -> None:
    found = answer("print(1)\n# %% A\nx = 2\nprint(x)\n# %% B\nx += 1\n# %% B\nprint(x)\n1 / 0")
    assert found["cells"] == [[1, "", "1\n"], [2, "A", "2\n"], [7, "B", "3\n"]]
    assert (found["line"], found["error"]) == (9, "ZeroDivisionError: division by zero")


def test_notebooks_without_torch_open_here() -> None:
    found = playground.notebooks()
    assert "training" not in found
    for name, (title, text) in found.items():
        assert f"# {title}\n" in (DOCS / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
        ran = answer(text)
        assert "error" not in ran
        assert len(ran["cells"]) > 6
        assert f'href="../playground.html#notebook:{name}"' in playground.opened(
            f"notebooks/{name}.py"
        )
    for other in ("notebooks/training.py", "networks/shrink.md"):
        assert playground.opened(other) == ""


def test_bars_are_of_the_rows_or_of_the_stages_that_cost_most() -> None:
    rows = answer(
        "net = Net((1, 4, 4), name='n')\n"
        "x = net.conv(net.input, 3, 1, name='a')\n"
        "x = net.relu(x, name='idle')\n"
        "x = net.conv(x, 3, 1, name='b')\n"
    )["bars"]
    # 16 places, 3 products each, then 9
    assert rows == [["a", 0.25, "48"], ["b", 0.75, "144"]]
    staged = answer(
        "net = Net((1, 4, 4), name='n')\n"
        "with net.stage('first'):\n"
        "    x = net.conv(net.input, 3, 1, name='a')\n"
        "    x = net.conv(x, 1, 1, name='b')\n"
        "with net.stage('second'):\n"
        "    x = net.conv(x, 2, 1, name='c')\n"
        "x = net.conv(x, 4, 1, name='alone')\n"
    )["bars"]
    assert staged == [["first", 6 / 16, "96"], ["second", 2 / 16, "32"], ["alone", 8 / 16, "128"]]
    many = answer(
        "net = Net((1, 1, 1), name='n')\n"
        f"for n in range({inside.BARS + 3}): net.conv(net.input, n + 1, 1, name=f'c{{n}}')\n"
    )["bars"]
    assert [name for name, *_ in many] == [f"c{n}" for n in range(3, inside.BARS + 3)]
    nothing = answer("net = Net((1, 2, 2), name='n')\nnet.relu(net.input)")
    assert nothing["bars"] == []


def test_so_many_rows_are_shown_and_the_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "MOST_ROWS", 3)
    text = (
        "net = Net((1000,), name='n')\nx = net.input\nfor _ in range({}): x = net.linear(x, 1000)"
    )
    for count, left in ((2, 0), (3, 0), (5, 2)):
        found = answer(text.format(count))
        assert (len(found["rows"]), found["left"]) == (min(count, 3), left)
        assert dict(found["totals"])["rows"] == str(count)
        # what a row costs stands behind its name, with its digits in groups
        assert found["rows"][0][1:3] == ["1,001,000", "1,000,000"]


def test_each_warning_of_a_text_is_said() -> None:
    text = "import warnings\nfor _ in range(2): warnings.warn('so')\n"
    assert answer(text + EXAMPLE)["warnings"] == ["so", "so"]


def test_the_first_row_that_is_not_as_published_is_named() -> None:
    published = (DOCS / "generated" / "tables" / "vgg16.csv").read_text(encoding="utf-8")
    lines = published.splitlines(keepends=True)
    lines[4], lines[7] = (lines[n].replace(",", ",1", 5) for n in (4, 7))
    name = cnnref.table("vgg16")[3].name
    assert json.loads(inside.checked("vgg16", "".join(lines)))["unlike"] == name
    assert json.loads(inside.checked("vgg16", "".join(lines[:-1])))["unlike"] == name
