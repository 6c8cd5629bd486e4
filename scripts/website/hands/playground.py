"""The playground: Python, this package and what stands on the page, all from the site's own host.

Python comes from a package of npm in one version, held by its digest; where there is no npm, or it
does not give the package, the site is built without and the page says so.
"""

from __future__ import annotations

import inspect
import io
import json
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import cnnref
from checks.vendored import digest, fetched, packed
from cnnref.errors import CnnrefError
from cnnref.files import text_of, write
from website.hands import inside, tasks
from website.markup import Html, element, joined, link
from website.places import CACHE, DOCS, PACKAGE

__all__ = [
    "MACROS",
    "absence",
    "archive",
    "assets",
    "completion",
    "notebooks",
    "opened",
    "playground",
    "runtime",
    "texts",
]

RUNTIME = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
FOLDER = "assets/playground"
NOTEBOOKS = DOCS / "notebooks"
# what no browser has
TORCH = re.compile(r"^(?:import|from) torch\b|cnnref\.measure\(", re.MULTILINE)
# what stands before the name of a text in a list and in a link
NOTEBOOK, EXERCISE = "notebook:", "exercise:"
# the last line of a task in code, which is reached where its asserts hold
HELD = "\n\nprint('Every assert holds.')\n"
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
# the same at each build: the first date that an archive can hold
DATE = (1980, 1, 1, 0, 0, 0)
Fetch = Callable[[str, Path], Path]
EXAMPLE = text_of(DOCS / "examples" / "playground.py")


class Missing(str):
    """Why a site has no playground."""

    __slots__ = ()


@cache
def runtime(fetch: Fetch = packed) -> Mapping[str, bytes] | Missing:
    """The files of Python for a browser by their names, or why there are none.

    They are kept in .cache, so that a machine fetches them once.
    """
    ((package, known),) = fetched().items()
    kept = CACHE / "npm" / f"{package}.tgz"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            try:
                content = fetch(package, Path(folder)).read_bytes()
            except (CnnrefError, OSError) as error:
                return Missing(str(error).removeprefix("vendored: "))
        kept.parent.mkdir(parents=True, exist_ok=True)
        write(kept, content)
    content = kept.read_bytes()
    if digest(content) != known:
        kept.unlink()
        return Missing(f"what npm gives as {package} is not what it was.")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {name: _member(archive, f"package/{name}") for name in RUNTIME}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()


@cache
def archive() -> bytes:
    """The package of this checkout, and what the playground runs, as one archive."""
    made = io.BytesIO()
    paths = (path for path in sorted(PACKAGE.rglob("*")) if "__pycache__" not in path.parts)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for path in filter(Path.is_file, paths):
            name = path.relative_to(PACKAGE.parent).as_posix()
            whole.writestr(zipfile.ZipInfo(name, DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
        source = Path(inside.__file__).read_bytes()
        whole.writestr(zipfile.ZipInfo("inside.py", DATE), source, zipfile.ZIP_DEFLATED)
    return made.getvalue()


@cache
def notebooks() -> Mapping[str, tuple[str, str]]:
    """The notebooks that run in a browser, by their names: the title and the code of each."""
    found = {path.stem: text_of(path) for path in sorted(NOTEBOOKS.glob("*.py"))}
    return {name: _cells(text) for name, text in found.items() if not TORCH.search(text)}


def _cells(text: str) -> tuple[str, str]:
    """The title of a notebook, and its cells of code, each with the heading above it."""
    import jupytext

    title, heading, cells = "", "", list[str]()
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        if cell["cell_type"] == "code":
            cells.append(f"# %% {heading}\n{cell['source']}\n")
        elif headings := HEADING.findall(cell["source"]):
            heading = headings[-1]
            title = title or heading
    return title, "\n".join(cells)


def texts() -> Mapping[str, tuple[str, str]]:
    """What a reader can start from besides networks: the title and the code of each text."""
    read = {name: tasks.of(name) for name in tasks.names()}
    begun = {
        f"{EXERCISE}{name}": (one.title, f"# %% {one.title}\n{one.skeleton}{HELD}")
        for name, one in read.items()
        if not TORCH.search(one.skeleton)
    }
    return {f"{NOTEBOOK}{name}": one for name, one in notebooks().items()} | begun


def absence() -> str:
    """Why the site has no playground; nothing where it has one."""
    found = runtime()
    return found if isinstance(found, Missing) else ""


def assets() -> Mapping[str, bytes]:
    """The files that the playground loads on a click, by their places in the site."""
    found = runtime()
    if isinstance(found, Missing):
        return {}
    content = {**found, "cnnref.zip": archive()}
    sizes = json.dumps({name: len(data) for name, data in content.items()}).encode()
    code = {_file(name): text.encode() for name, (_, text) in texts().items()}
    every = {**content, "files.json": sizes, **code}
    return {f"{FOLDER}/{name}": data for name, data in every.items()}


def _file(name: str) -> str:
    return f"{name.replace(':', '/')}.py"


def completion() -> list[tuple[str, str, str]]:
    """The methods of Net, each with what it takes and what it is."""
    methods = (name for name in vars(cnnref.Net) if not name.startswith("_") and name != "input")
    found = ((name, getattr(cnnref.Net, name)) for name in methods)
    return [
        (name, _taken(method), (inspect.getdoc(method) or "").partition("\n")[0])
        for name, method in found
        if callable(method)
    ]


def _taken(method: Callable[..., object]) -> str:
    found = inspect.signature(method)
    empty = inspect.Parameter.empty
    given = [
        one.replace(annotation=empty)
        for name, one in found.parameters.items()
        if name not in ("self", "name")
    ]
    return str(inspect.Signature(given))[1:-1]


def playground() -> Html:
    """The playground of the page, or why there is none."""
    if why := absence():
        return element(
            "p", f"This copy of the site was built without the playground: {why}", role="note"
        )
    told = json.dumps(
        {
            "methods": completion(),
            "networks": cnnref.names(),
            "bytes": sum(map(len, assets().values())),
        }
    )
    return element(
        "section",
        joined([_starting(), _text(), _settings(), _output()]),
        class_="playground",
        aria_label="Playground",
        data_told=told,
    )


def _starting() -> Html:
    networks = (element("option", name, value=name) for name in cnnref.names())
    options = (
        element("option", "an example", value=""),
        element("optgroup", *networks, label="networks"),
        _texts("notebooks", NOTEBOOK),
        _texts("exercises", EXERCISE),
    )
    start = element("select", *options, autocomplete="off", data_part="start")
    file = element("input", type="file", accept=".onnx", data_part="file")
    shape = element("input", type="text", placeholder="3,224,224", size=10, data_part="shape")
    return element(
        "div",
        joined(
            [
                element("label", joined(["Start from ", start])),
                element("label", joined(["or an ONNX file ", file])),
                element("label", joined(["of the input_shape ", shape])),
            ]
        ),
        class_="row",
    )


def _texts(label: str, kind: str) -> Html:
    found = (
        # with a place of its own, so that a link to it is one to something
        element("option", title, value=name, id=name)
        for name, (title, _) in texts().items()
        if name.startswith(kind)
    )
    return element("optgroup", *found, label=label)


def _text() -> Html:
    area = element(
        "textarea",
        EXAMPLE,
        rows=10,
        spellcheck="false",
        autocapitalize="off",
        autocomplete="off",
        aria_label="The network, as Python",
        aria_controls="playground-methods",
        data_part="code",
    )
    listed = element(
        "ul", "", id="playground-methods", role="listbox", aria_label="Methods of Net", hidden=True
    )
    return joined([area, listed])


def _settings() -> Html:
    conventions = (element("option", name, value=name) for name in cnnref.conventions())
    beside = [element("option", "nothing", value="")]
    beside += [element("option", name, value=name) for name in cnnref.names()]
    return element(
        "div",
        joined(
            [
                element("button", "Run", type="button", data_part="run"),
                element(
                    "label",
                    joined(
                        [
                            "counted as ",
                            element("select", joined(conventions), data_part="convention"),
                        ]
                    ),
                ),
                element(
                    "label",
                    joined(["beside ", element("select", joined(beside), data_part="other")]),
                ),
                element("button", "Link to this", type="button", data_part="link"),
                element("button", "Check the site's tables", type="button", data_part="check"),
            ]
        ),
        class_="row",
    )


def _output() -> Html:
    bar = element("progress", "", max="1", value="0", aria_label="Loading", hidden=True)
    said = element("p", "", role="status", data_part="said")
    return joined([bar, said, element("div", "", data_part="out")])


def opened(uri: str) -> Html:
    """A link from a notebook's page that opens it in the playground; nothing of other pages."""
    path = Path(uri)
    if path.suffix != ".py" or absence() or path.stem not in notebooks():
        return Html("")
    return link("open it in the playground", f"../playground.html#{NOTEBOOK}{path.stem}")


MACROS = {"playground_absence": absence, "playground": playground}
