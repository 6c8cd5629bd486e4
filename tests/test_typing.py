"""The types of the public names, as a user's checker sees them; and all names without torch."""

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import typed_program
from mypy import api

import cnnref
import cnnref.testing
import cnnref.typing

PROGRAM = Path(typed_program.__file__)
PROJECT = Path(cnnref.__file__).parents[1]


def checked(path):
    """What mypy says to a user who is as strict as the project, which is more than --strict."""
    options = ["--config-file", PROJECT / "pyproject.toml", "--cache-dir", PROJECT / ".mypy_cache"]
    said, complaints, _ = api.run([*map(str, options), str(path)])
    assert complaints == ""
    return said


def used(text):
    nodes = list(ast.walk(ast.parse(text)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name)}


@pytest.mark.slow
def test_a_program_with_every_public_name_is_typed():
    public = {*cnnref.__all__, *cnnref.typing.__all__, *cnnref.testing.__all__}
    assert public - used(PROGRAM.read_text(encoding="utf-8")) == set()
    assert checked(PROGRAM).startswith("Success")


def test_a_name_that_is_only_imported_is_not_used():
    assert used("from cnnref import Table\nimport cnnref\ncnnref.trace") == {"cnnref", "trace"}


@pytest.mark.slow
def test_a_wrong_type_is_seen(tmp_path):
    text = PROGRAM.read_text(encoding="utf-8")
    wrong = text.replace("assert_type(first.padding_macs, int)", "assert_type(first.macs, float)")
    assert wrong != text
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    assert 'Expression is of type "int", not "float"' in checked(tmp_path / "wrong.py")


def guessed(source):
    """The public attributes whose types a checker has to work out for itself."""
    return [
        target.attr
        for node in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Name | ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_")
    ]


def test_attributes_of_public_classes_say_their_types():
    modules = cnnref, cnnref.typing
    public = [getattr(module, name) for module in modules for name in module.__all__]
    made = [one.__init__ for one in public if inspect.isfunction(vars(one).get("__init__"))]
    assert len(made) > 5
    found = {one.__qualname__: guessed(inspect.getsource(inspect.unwrap(one))) for one in made}
    assert {name: names for name, names in found.items() if names} == {}


def test_an_attribute_without_its_type_is_seen():
    text = "def __init__(self, a):\n self.a = a\n self.b = tuple(a)\n self.c: int = len(a)\n"
    assert guessed(text) == ["b"]


def test_the_parts_of_the_program_that_measure_nothing_run():
    table = typed_program.stated()
    typed_program.rows(table)
    typed_program.catalogue("resnet20_cifar")
    assert typed_program.traced().macs == 3 * 8 * 8
    typed_program.together(table, table)
    assert typed_program.read().input_shape == (3, 64, 64)
    assert typed_program.conventions().name == "mine"
    assert typed_program.refused() == "nothing"


# what an interpreter without torch does
NO_TORCH = """
import sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Finder)
"""


def without_torch(code):
    command = [sys.executable, "-c", NO_TORCH + code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_every_name_can_be_imported_without_torch():
    code = "from cnnref import *\nfrom cnnref.typing import *\nprint(*sorted(globals()))"
    assert {*cnnref.__all__, *cnnref.typing.__all__} <= set(without_torch(code).split())


@pytest.mark.parametrize("name", ["OpaqueRule", "Operation", "ceilings", "measure", "trace"])
def test_what_needs_torch_says_so_when_it_is_called(name):
    code = f"import cnnref\ntry: cnnref.{name}()\nexcept ImportError as error: print(error)"
    assert without_torch(code) == (
        f"cnnref.{name} needs torch, which is not installed: pip install 'cnnref[torch]'.\n"
    )


def test_the_names_of_types_are_sorted_documented_and_there():
    assert cnnref.typing.__all__ == sorted(cnnref.typing.__all__) == dir(cnnref.typing)
    for name in cnnref.typing.__all__:
        assert getattr(cnnref.typing, name).__doc__
    assert set(cnnref.typing.__all__).isdisjoint(cnnref.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Sweeep'"):
        _ = cnnref.typing.Sweeep
