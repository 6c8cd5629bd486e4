"""The playground's page in a browser with Python in it; one reader does it all, on a phone."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playground_site import playground_site

import cnnref
from checks.browser import served, started
from website.hands import inside, tasks
from website.hands.playground import EXAMPLE, completion, notebooks, texts
from website.places import DOCS, ROOT

SMALL = DOCS / "examples" / "small.onnx"
AXE = ROOT / "scripts" / "vendor" / "axe" / "axe.min.js"
PAGE = "playground.html"
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
IDLE = "() => !document.querySelector('.playground').ariaBusy"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return playground_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator[Any]:
    with started() as found:
        yield found


class Reader:
    """One who has the page open; what another host is asked, and what went wrong."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.asked, self.faults = page, list[str](), list[str]()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.address = address
        page.goto(address)

    def part(self, name: str) -> Any:
        return self.page.locator(f"[data-part={name}]")

    def said(self, text: str) -> str:
        """What the page says, once it says that and has nothing more to do."""
        self.page.wait_for_function(
            "text => !document.querySelector('.playground').ariaBusy && "
            "document.querySelector('[data-part=said]').textContent.includes(text)",
            arg=text,
        )
        found: str = self.part("said").text_content()
        return found

    def run(self, code: str, text: str) -> str:
        self.part("code").fill(code)
        self.part("run").click()
        return self.said(text)

    def clean(self) -> None:
        """No other host was asked, and no script failed."""
        known = (self.address.removesuffix(PAGE), "blob:", "data:")
        assert [url for url in self.asked if not url.startswith(known)] == []
        assert self.faults == []


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as found:
        yield f"{found}{PAGE}"


@pytest.fixture(scope="module")
def loaded(browser: Any, address: str) -> Iterator[Reader]:
    """A reader whose Python is loaded at the first test, and stays for those that follow."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    yield Reader(context.new_page(), address)
    context.close()


@pytest.fixture
def reader(loaded: Reader) -> Iterator[Reader]:
    for name in ("start", "convention", "other"):
        loaded.part(name).evaluate("field => { field.selectedIndex = 0; }")
    yield loaded
    loaded.clean()


@pytest.fixture
def visitor(browser: Any, address: str) -> Iterator[Reader]:
    """A reader who has loaded no Python."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    found = Reader(context.new_page(), address)
    yield found
    found.clean()
    context.close()


def test_the_page_is_light_until_it_is_asked(visitor: Reader) -> None:
    root = visitor.address.removesuffix(PAGE)
    plain = [url for url in visitor.asked if not url.endswith(".woff2") and url[:5] != "data:"]
    assert sorted(url.removeprefix(root) for url in plain) == [
        "assets/javascripts/playground.js", "assets/stylesheets/extra.css",
        "assets/stylesheets/hands.css", PAGE, "theme.js",
    ]  # fmt: skip
    assert visitor.page.evaluate(WIDE) <= 0


@pytest.mark.slow
def test_what_is_shown_can_be_taken_along_and_read_by_all(reader: Reader) -> None:
    reader.run(EXAMPLE, "mine: 8 rows")
    assert reader.page.evaluate(WIDE) <= 0
    assert reader.page.locator("tbody tr").count() == 8
    found = json.loads(inside.run(json.dumps({"code": EXAMPLE})))
    for title, key in (("CSV", "csv"), ("LaTeX", "latex"), ("SVG", "svg")):
        with reader.page.expect_download() as taken:
            reader.page.get_by_role("button", name=f"Download {title}").click()
        assert Path(taken.value.path()).read_text(encoding="utf-8") == found[key]
    reader.page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in ("dark", "light"):
        reader.page.emulate_media(color_scheme=scheme)
        wrong = reader.page.evaluate(
            "async () => (await axe.run('main')).violations"
            ".map(({ id, nodes }) => id + nodes.map(({ html }) => html.slice(0, 90)))"
        )
        assert wrong == []


@pytest.mark.slow
def test_another_convention_and_a_second_network_follow_at_once(reader: Reader) -> None:
    reader.run(EXAMPLE, "mine: 8 rows")
    reader.part("convention").select_option("flops")
    # the second is asked for while the first is counted
    reader.part("other").select_option("alexnet")
    reader.page.wait_for_selector("pre:has-text('alexnet')")
    assert "FLOPs (flops)" in reader.page.locator("dl").text_content()


@pytest.mark.slow
def test_what_does_not_end_is_ended(reader: Reader) -> None:
    assert reader.run("while True: pass", "stopped") == "It ran for 10 seconds and was stopped."
    # and Python is there again
    reader.run("net = Net((3, 8, 8))\nnet.conv(net.input, 4, 9)", "Line 2: conv1: a window of 9")
    chosen = reader.page.evaluate("() => getSelection().toString()")
    assert chosen == "net.conv(net.input, 4, 9)"
    said = reader.run("held = []\nwhile True: held.append(bytearray(1 << 26))", "memory")
    assert said.endswith("It takes more memory than the page allows.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os\nos._exit(1)", "Python stopped: Program terminated with exit(1)."),
        ("import json\njson.dumps = None", "Python stopped: TypeError: 'NoneType' object is not"),
    ],
)
def test_what_ends_python_itself_is_told_and_the_next_text_has_a_new_one(
    reader: Reader, code: str, told: str
) -> None:
    assert reader.run(code, "stopped").startswith(told)
    reader.run(EXAMPLE, "mine: 8 rows")


def test_what_is_run_reaches_no_other_host(reader: Reader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(1)
        place = f"http://127.0.0.1:{other.getsockname()[1]}/"
        ways = (
            f"import js\njs.fetch('{place}')\n",
            f"from pyodide.code import run_js\nrun_js(\"fetch('{place}')\")\n",
            f"from pyodide.code import run_js\nrun_js(\"import('{place}x.js')\")\n",
            f"from pyodide.http import open_url\nopen_url('{place}')\n",
        )
        for way in ways:
            reader.run(f"{way}{EXAMPLE}", "")
            reader.page.wait_for_function(IDLE)
        with pytest.raises(TimeoutError):
            other.accept()
        # and it would be seen
        with socket.create_connection(other.getsockname()):
            other.accept()[0].close()
    reader.asked.clear()  # the browser tells of what its policy has stopped, too


@pytest.mark.slow
def test_the_tables_of_the_site_are_counted_anew(reader: Reader, site: Path) -> None:
    rows = sum(len(cnnref.table(name)) for name in cnnref.names())
    many = f"{len(cnnref.names())} networks, {rows:,} rows: the site and this browser"
    reader.part("check").click()
    assert reader.said("this browser") == f"{many} agree in every one."
    path = site / "generated" / "tables" / "alexnet.csv"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("37748736", "37748737"), encoding="utf-8")
    try:
        reader.part("check").click()
        assert reader.said("differ") == f"{many} differ in alexnet at fc6."
    finally:
        path.write_text(right, encoding="utf-8")


HANDED = """data => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(data)], 'dropped.onnx'));
  const given = {dataTransfer: files, bubbles: true, cancelable: true};
  document.querySelector('h1').dispatchEvent(new DragEvent('drop', given));
}"""


def test_a_file_is_read_where_it_is(reader: Reader) -> None:
    whole = (DOCS / "examples" / "small.onnx").read_bytes()
    reader.part("file").set_input_files(DOCS / "examples" / "small.onnx")
    own = reader.said("small: 5 rows")
    assert "194,480" in reader.page.locator("dl").text_content()
    reader.part("shape").fill("3,64,64")
    reader.part("shape").blur()
    assert "830" in reader.said("for an input of 3 x 64 x 64.") + (
        reader.page.locator("dl").text_content()
    )
    reader.part("shape").fill("")
    reader.part("shape").blur()
    assert reader.said(f"an input of {cnnref.from_onnx(SMALL).input_shape}.") == own
    reader.page.evaluate(HANDED, list(whole))
    reader.said("dropped: 5 rows")
    # another convention is of the file that was dropped, and after a run of the text
    reader.part("convention").select_option("flops")
    reader.said("dropped: 5 rows")
    assert "FLOPs (flops)" in reader.page.locator("dl").text_content()
    reader.run(EXAMPLE, "mine: 8 rows")
    reader.part("convention").select_option("macs")
    reader.said("mine: 8 rows")


def test_a_file_that_is_none_gets_one_sentence(reader: Reader, tmp_path: Path) -> None:
    whole = (DOCS / "examples" / "small.onnx").read_bytes()
    (tmp_path / "bad.onnx").write_bytes(b"\xff" * 99)
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    with (tmp_path / "huge.onnx").open("wb") as file:
        file.truncate((1 << 31) + 1)  # a hole: it takes no room
    for name, told in (
        ("bad", "bad.onnx is no ONNX file"),
        ("cut", "cut.onnx"),
        ("huge", "huge.onnx has 2,147,483,649 bytes, more than the 2 GiB that the format allows."),
    ):
        reader.part("file").set_input_files(tmp_path / f"{name}.onnx")
        said = reader.said(told)
        assert "Traceback" not in said
        assert "wrong" in reader.part("said").get_attribute("class")


def test_a_link_holds_the_text_and_runs_nothing(visitor: Reader) -> None:
    visitor.part("code").fill("net = Net((1, 9, 9))\nnet.relu(net.input, name='é')")
    visitor.part("convention").select_option("flops")
    visitor.part("link").click()
    visitor.said("The address of this page now holds the text")
    address = visitor.page.url
    visitor.page.goto("about:blank")
    visitor.page.goto(address)
    assert visitor.said("came with the link").endswith("It runs when you press Run.")
    assert visitor.part("code").input_value().endswith("name='é')")
    assert visitor.part("convention").input_value() == "flops"
    for broken in ("", "%%%", "e30", "bnVsbA", "_w"):
        # in the same page, as a link is pasted over another
        visitor.page.goto(f"{visitor.address}#playground:{broken}")
        visitor.said("The link's state cannot be read")
        assert visitor.part("code").input_value() == EXAMPLE
    odd = "eyJjb2RlIjoieCIsImNvbnZlbnRpb24iOiJ6enoifQ"  # {"code":"x","convention":"zzz"}
    visitor.page.goto(f"{visitor.address}#playground:{odd}")
    said = visitor.said("came with the link")
    assert said.endswith("“zzz” is not known here, so that macs stands in its place.")
    visitor.page.goto(f"{visitor.address}#notebook:{'z' * 9999}")
    assert f"the notebook “{'z' * 60}…”, and" in visitor.said("The link asks for")
    assert not any("pyodide" in url for url in visitor.asked)


@pytest.mark.slow
def test_a_link_beside_a_file_asks_for_the_file(reader: Reader, visitor: Reader) -> None:
    reader.part("file").set_input_files(SMALL)
    reader.said("small: 5 rows")
    reader.part("shape").fill("3,64,64")
    reader.part("shape").blur()
    reader.said("for an input of 3 x 64 x 64.")
    reader.part("link").click()
    reader.said("of small.onnx nothing but its name")
    visitor.page.goto(reader.page.url)
    assert visitor.said("The link was made").endswith(
        "for the file “small.onnx”, which no link holds: drop it here."
    )
    assert visitor.part("shape").input_value() == "3,64,64"
    assert not any("pyodide" in url for url in visitor.asked)
    visitor.part("file").set_input_files(SMALL)
    visitor.said("small: 5 rows, for an input of 3 x 64 x 64.")
    reader.part("shape").fill("")
    # of the text there is the text in the link again
    reader.run(EXAMPLE, "mine: 8 rows")
    reader.part("link").click()
    reader.said("now holds the text")


def test_an_axis_that_is_free_is_asked_for(reader: Reader, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(SMALL)
    for axis in (0, 2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"free{axis}"
    onnx.save(model, tmp_path / "free.onnx")
    reader.part("file").set_input_files(tmp_path / "free.onnx")
    reader.said("free x 3 x free x free: give the sizes of one image as input_shape")
    reader.part("shape").fill("3,64,48")
    reader.part("shape").blur()
    reader.said("free: 5 rows, for an input of 3 x 64 x 48.")
    table = cnnref.from_onnx(tmp_path / "free.onnx", (3, 64, 48))
    assert f"{table.macs:,}" in reader.page.locator("dl").text_content()
    for title, made in (("CSV", table.to_csv("macs")), ("LaTeX", table.to_latex("macs")),
                        ("SVG", table.draw().standalone())):  # fmt: skip
        with reader.page.expect_download() as taken:
            reader.page.get_by_role("button", name=f"Download {title}").click()
        assert Path(taken.value.path()).read_text(encoding="utf-8") == made
    reader.part("shape").fill("")


def test_a_notebook_waits_in_the_field_until_it_is_run(visitor: Reader) -> None:
    visitor.page.goto(f"{visitor.address}#notebook:training")
    assert visitor.said("The link asks for").endswith(
        "here are alexnet_by_hand, own_network, shrink."
    )
    assert visitor.part("code").input_value() == EXAMPLE
    visitor.page.goto(f"{visitor.address}#notebook:shrink")
    visitor.said("They run when you press Run.")
    assert visitor.part("code").input_value() == notebooks()["shrink"][1]
    assert not any("pyodide" in url for url in visitor.asked)


def test_an_exercise_runs_until_its_asserts_hold(reader: Reader) -> None:
    _, begun = texts()["exercise:output_size"]
    reader.part("start").select_option("exercise:output_size")
    reader.said("The exercise stands above")
    assert reader.part("code").input_value() == begun
    reader.run(begun, "AssertionError: conv1")
    solved = begun.replace(tasks.TO_FILL, "    return (size + 2 * padding - kernel) // stride + 1")
    reader.run(solved, "The text ran to its end")
    assert reader.page.locator(".playground pre").all_text_contents() == ["Every assert holds.\n"]


@pytest.mark.parametrize("name", notebooks())
def test_a_notebook_runs_to_its_end(name: str, reader: Reader) -> None:
    reader.part("start").select_option(f"notebook:{name}")
    reader.said("They run when you press Run.")
    reader.part("run").click()
    reader.said("The text ran to its end")
    cells = json.loads(inside.run(json.dumps({"code": notebooks()[name][1]})))["cells"]
    assert reader.page.locator(".playground pre").all_text_contents() == [
        text for *_, text in cells
    ]
    assert reader.page.evaluate(WIDE) <= 0


def test_a_cell_that_fails_keeps_what_was_printed(reader: Reader) -> None:
    said = reader.run("# %% One\nprint(7)\n# %% Two\n1 / 0", "Line 4: ZeroDivisionError")
    assert said.endswith("division by zero")
    assert reader.page.locator(".playground pre").all_text_contents() == ["7\n"]
    assert reader.page.locator(".cell").text_content() == "Line 1, One"


def test_a_keyboard_is_enough(reader: Reader) -> None:
    keys = reader.page.keyboard
    reader.part("code").focus()
    keys.press("Control+A")
    keys.type("net = Net((3, 8, 8))\nnet.max")
    listed = reader.page.locator("[role=option]")
    assert [text.partition("(")[0] for text in listed.all_text_contents()] == ["max_pool"]
    keys.press("Enter")
    keys.type("net.input, 2)")
    assert reader.part("code").input_value().endswith("net.max_pool(net.input, 2)")
    keys.type("\nnet.")
    keys.press("ArrowDown")
    assert reader.page.locator("[aria-selected=true]").text_content().startswith(completion()[1][0])
    keys.press("Escape")
    assert listed.first.is_hidden()
    for _ in "net.\n":
        keys.press("Backspace")
    keys.press("Control+Enter")
    reader.said("net: 1 row,")


def test_a_spec_stands_there_to_be_changed(reader: Reader) -> None:
    reader.part("start").select_option("vgg16")
    reader.said("The spec of vgg16 stands above")
    assert reader.part("code").input_value() == inside.starting("vgg16")
    reader.part("run").click()
    reader.said("vgg16: 40 rows")


def test_from_a_disk_it_says_why_not(site: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto((site / PAGE).as_uri())
    said = page.locator("[data-part=said]").text_content()
    assert said.startswith("This page was opened from a disk")
    assert page.locator("[data-part=run]").is_disabled()
    page.close()
