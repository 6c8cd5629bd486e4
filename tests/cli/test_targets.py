"""What a name on the command line stands for, and what is said where it stands for nothing."""

import csv
import json
import sys
from io import StringIO

import pytest
from command_line import run

import cnnref
from cnnref.cli import targets as load

MODULES = '''
"""Networks of a user's own, and what is none."""
import functools
import torch
from torch import nn

print("said while it was imported")


class Plain(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)

    def forward(self, x):
        return self.conv(x)


class Needs(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(width, width) for _ in range(depth)])

    def forward(self, x):
        return self.layers(x)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 8)
        self.right = nn.Linear(5, 8)

    def forward(self, a, b, *, scale=None):
        return self.left(a) + self.right(b)


class Many(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 8)

    def forward(self, *inputs, **more):
        return self.one(inputs[0] if inputs else more["x"])


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(100, 8)
        self.out = nn.Linear(8, 2)

    def forward(self, ids, mask=None):
        x = self.table(ids)
        return self.out(x if mask is None else x + mask)


class Counts(nn.Module):
    """Cannot be built on the meta device: it looks at numbers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, int(torch.linspace(1, 8, 2)[1].item()), 1)

    def forward(self, x):
        return self.conv(x)


class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def forward(self, x):
        return self.inner(x)


class Inner(nn.Module):
    def forward(self, x):
        raise KeyError("no such\\nthing")


class Half(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 4).half()
        self.seen = []

    def forward(self, a, b):
        assert a.dtype == b.dtype == torch.float16
        return self.left(a) + b


def build(width=1.0, *, depth=2, name="x"):
    print("said while it was built")
    wide = int(8 * width)
    return nn.Sequential(nn.Conv2d(3, wide, 3), *[nn.Conv2d(wide, wide, 1) for _ in range(depth)])


def broken():
    raise RuntimeError("no weights\\nat home")


def second():
    raise RuntimeError("no weights") from KeyError("first")


def leaves():
    raise SystemExit(3)


class holder:
    inside = staticmethod(lambda: Plain(2))


built = Plain(6)
partly = functools.partial(build, 0.5)
number = 7
_hidden = build
'''
RULES = """
import cnnref
import torch
from torch import nn


class Kernel(nn.Module):
    def forward(self, x):
        raise RuntimeError("runs on a GPU alone")


def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3), Kernel())


def output(kernel, x):
    return torch.empty_like(x)


def cost(result, kernel, x):
    return x.numel(), 5


RULES = {Kernel: cnnref.OpaqueRule(output, cost)}
NONE = {Kernel: 3}
"""
SPEC = """
import cnnref

def net(input_size=32, width=8):
    net = cnnref.Net((3, input_size, input_size), name="own")
    net.conv(net.input, width, 3, padding=1, name="conv")
    return net

def table():
    return net().table()

def wrong():
    net = cnnref.Net((3, 4, 4))
    return net.conv(net.input, 8, 9)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    files = {"own.py": MODULES, "spec.py": SPEC, "typo.py": "def build(:\n", "empty.py": ""}
    files["ruled.py"] = RULES
    files["lacks.py"] = "import nowhere_at_all\n"
    files["sub/deep.py"] = "from neighbour import build\n"
    files["sub/neighbour.py"] = "from torch import nn\nbuild = lambda: nn.Linear(2, 3)\n"
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(load, "_LOADED", {})
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) in {str(tmp_path / name) for name in files}:
            del sys.modules[name]


def rows(capsys, *argv):
    """The rows that a command prints as CSV, with all else on stderr."""
    code, out, _ = run(capsys, *argv, "--format", "csv")
    assert code == 0
    return list(csv.DictReader(StringIO(out)))


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("own:build", 224 + 72 + 72),
        ("own.py:build", 224 + 72 + 72),
        ("./own.py:build", 224 + 72 + 72),
        ("own:Plain", 112),
        ("own.py:built", 168),
        ("own:partly", 112 + 20 + 20),
        ("own:holder.inside", 56),
        ("own:Counts", 32),
        ("own:build --arg width=2 --arg depth=1", 448 + 272),
        ("own:Needs --arg width=3 --arg depth=2 --input 3", 24),
        ("sub/deep.py:build --input 2", 9),
        ("torch.nn:Linear --arg in_features=4 --arg out_features=2 --input 7,4", 10),
    ],
)
def test_a_target_may_be_a_function_a_class_or_an_instance(capsys, words, parameters):
    found = rows(capsys, "trace", *words.split())
    assert sum(int(row["parameters"] or 0) for row in found) == parameters


def test_what_a_module_prints_is_on_stderr(capsys):
    code, out, err = run(capsys, "trace", "own:build", "--format", "json")
    assert (code, json.loads(out)["name"]) == (0, "Sequential")
    assert err == "said while it was imported\nsaid while it was built\n"


@pytest.mark.parametrize("command", ["table", "trace"])
def test_a_spec_of_ones_own_is_a_table_too(capsys, command):
    assert rows(capsys, command, "spec.py:net")[0]["MACs"] == str(32 * 32 * 8 * 27)
    assert rows(capsys, command, "spec.py:table")[0]["MACs"] == str(32 * 32 * 8 * 27)
    own = rows(capsys, command, "spec.py:net", "--input-size", "16", "--arg", "width=2")
    assert own[0]["MACs"] == str(16 * 16 * 2 * 27)
    code, out, err = run(capsys, command, "spec.py:wrong")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("cnnref: conv1: a window of 9 does not fit 4 with padding 0")


def test_a_file_finds_its_neighbours_before_what_has_their_name_elsewhere(capsys, folder):
    (folder / "neighbour.py").write_text("build = None\n", encoding="utf-8")
    (found,) = rows(capsys, "trace", "sub/deep.py:build", "--input", "2")
    assert found["parameters"] == "9"


def test_inputs_by_place_and_by_name(capsys):
    by_place = rows(capsys, "trace", "own:Two", "--input", "4", "--input", "5")
    by_name = rows(capsys, "trace", "own:Two", "--input", "b=5", "--input", "a=4")
    assert by_place == by_name
    assert [row["MACs"] for row in by_place] == ["32", "40", "0"]
    assert rows(capsys, "trace", "own:Many", "--input", "x=4")[0]["MACs"] == "32"
    assert rows(capsys, "trace", "own:Many", "--input", "4", "--input", "3")[0]["MACs"] == "32"


def test_inputs_of_whole_numbers(capsys):
    words = ("trace", "own:Words", "--input", "ids=10:int64")
    assert rows(capsys, *words)[-1]["MACs"] == str(10 * 8 * 2)
    assert rows(capsys, *words, "--input", "mask=10,8")[-1]["MACs"] == str(10 * 8 * 2)
    # one number for the image: the batch axis alone
    assert rows(capsys, "trace", "own:Words", "--input", ":int64")[-1]["MACs"] == str(8 * 2)


def test_an_input_has_the_dtype_of_the_module_unless_told(capsys):
    assert rows(capsys, "trace", "own:Half", "--input", "4", "--input", "4")
    code, out, err = run(capsys, "trace", "own:Half", "--input", "4", "--input", "4:float32")
    assert (code, out) == (2, "")
    assert "AssertionError" in err


def test_rules_of_ones_own_are_named_like_a_target(capsys):
    words = ("ruled.py:build", "--input", "3,8,8", "--rules", "ruled.py:RULES")
    found = rows(capsys, "trace", *words)
    assert [(row["op"], row["MACs"]) for row in found] == [
        ("conv", str(4 * 36 * 27)),
        ("Kernel", str(4 * 36 * 5)),
    ]
    _, out, _ = run(capsys, "explain", words[0], "1", *words[1:])
    assert "MACs        144 x 5 = 720" in out
    assert run(capsys, "trace", *words, "--quiet", "--max-macs", "4k")[0] == 1
    assert run(capsys, "trace", *words, "--quiet", "--max-macs", "5k")[0] == 0
    code, out, _ = run(capsys, "sweep", *words, "--batch-size", "1,2", "--format", "csv")
    assert (code, [line.split(",")[2] for line in out.splitlines()[1:]]) == (0, ["4608", "9216"])


def test_a_module_that_is_built_already_is_swept_as_it_is_traced(capsys):
    code, out, _ = run(capsys, "sweep", "own:built", "--input-size", "8,16", "--format", "csv")
    swept = list(csv.DictReader(StringIO(out)))
    assert (code, [row["input size"] for row in swept]) == (0, ["8", "16"])
    for row in swept:
        alone = rows(capsys, "trace", "own:built", "--input-size", row["input size"])
        assert row["MACs"] == alone[0]["MACs"]
    refusals = [
        run(capsys, *words, "own:built", "--input-size", "8", "--arg", "width=2")
        for words in (("trace",), ("sweep",))
    ]
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == 2


def test_sizes_may_be_written_with_x(capsys):
    words = ("trace", "own:build", "--input")
    assert rows(capsys, *words, "3x16x20") == rows(capsys, *words, "3,16,20")
    assert rows(capsys, "trace", "own:build", "--input-size", "16x20") == rows(
        capsys, *words, "3,16,20"
    )


def test_the_catalogue_is_traced_with_its_own_size_or_another(capsys):
    found = rows(capsys, "trace", "alexnet", "--input-size", "96", "--num-classes", "7")
    book = cnnref.table("alexnet", input_size=96, num_classes=7)
    assert sum(int(row["MACs"]) for row in found) == book.macs
    more = rows(capsys, "trace", "alexnet", "--input", "3,96,96", "--arg", "num_classes=7")
    assert more == found


ONE_LINE = {
    "own:number": "own:number is an int, not a network or what builds one.",
    "os:getcwd": "os:getcwd gave a str, not a torch.nn.Module, a Net or a Table.",
    "own:Needs": "own:Needs needs the arguments width and depth: --arg NAME=VALUE gives one.",
    "own:Needs --arg width=3": "own:Needs needs the argument depth: --arg NAME=VALUE gives one.",
    "own:build --arg widht=3": "Unknown argument of own:build 'widht': did you mean width?",
    "own:built --arg width=3": "own:built is built already; it takes no --arg.",
    "own:buidl": "Unknown name in own 'buidl': did you mean built or build?",
    "own:PLAIN": "Unknown name in own 'PLAIN': did you mean Plain?",
    "own:_hiden": "own has nothing of the name '_hiden'.",
    "own:holder.outside": "Unknown name in own:holder 'outside': did you mean inside?",
    "empty:build": "empty has nothing of the name 'build'.",
    "onw:build": "onw cannot be imported: no module named 'onw'; did you mean own?",
    "nowhere:build": "nowhere cannot be imported: no module named 'nowhere'; it is not installed.",
    "torch.nnn:Linear": "torch.nnn cannot be imported: no module named 'torch.nnn'; it is not "
    "installed.",
    "lacks:build": "lacks cannot be imported: it needs 'nowhere_at_all', which is not installed.",
    "lacks.py:build": "lacks.py cannot be imported: it needs 'nowhere_at_all', which is not "
    "installed.",
    "nowhere.py:build": "nowhere.py is not a file that can be read.",
    "nowhere.py": "nowhere.py is not a file that can be read.",
    "spec.py": "Say what of spec.py to build, as spec.py:NAME; it has net, table, wrong.",
    "empty.py": "Say what of empty.py to build, as empty.py:NAME; it has nothing that can be "
    "called.",
    ".own:build": "'.own' is not the name of a module; write package.module:callable or "
    "path/to/file.py:callable.",
    "own.build": "'own.build' is no network of the catalogue; build of the module own is written "
    "own:build.",
    "torchvision.models.resnet50": "'torchvision.models.resnet50' is no network of the catalogue; "
    "resnet50 of the module torchvision.models is written torchvision.models:resnet50.",
    **{
        name: f"'{name}' names weights, and costs are of code: write a function that gives the "
        "model, as one that loads it, and type FILE.py:FUNCTION."
        for name in ("whole.pt", "kept/whole.PTH", "model.safetensors")
    },
    "own.py:Needs(8)": "'own.py:Needs(8)': arguments stand apart, own.py:Needs --arg NAME=8.",
    "own:Needs(8,depth=2)": "'own:Needs(8,depth=2)': arguments stand apart, own:Needs --arg NAME=8 "
    "--arg depth=2.",
    "own:Needs()": "'own:Needs()': arguments stand apart, own:Needs.",
    "own:Needs width=8": "'width=8' is too many; an argument is given as --arg width=8.",
    "own:build --rules own:number": "--rules own:number is no mapping, but 7.",
    "own:build --rules own:_rulez": "own has nothing of the name '_rulez'.",
    "ruled.py:build --rules ruled.py:NONE": "The rule of Kernel must be a function of a call's "
    "result and arguments, or an OpaqueRule, but is 3.",
    "spec.py:net --rules ruled.py:RULES": "spec.py:net gives a Net, whose rows are stated; drop "
    "--rules.",
    "alexnett": "Unknown network 'alexnett': did you mean alexnet? A model of your own is "
    "package.module:callable or path/to/file.py:callable.",
    "mymodel": "Unknown network 'mymodel': see 'cnnref list'. A model of your own is "
    "package.module:callable or path/to/file.py:callable.",
    "own:build --num-classes 5": "--num-classes is for networks of the catalogue; a callable takes "
    "--arg num_classes=5 if it has such an argument.",
    "spec.py:net --input 3,8,8": "spec.py:net gives a Net, which has an input of its own; drop "
    "--input.",
    "spec.py:table --input-size 8": "spec.py:table gives a Table, which has an input of its own; "
    "drop --input-size.",
    "own:Two": "own:Two takes the inputs a and b, but b is missing: give --input a=SIZES --input "
    "b=SIZES.",
    "own:Two --input b=5": "own:Two takes the inputs a and b, but a is missing: give --input "
    "a=SIZES --input b=SIZES.",
    "own:Two --input a=4 --input c=5": "Unknown input of own:Two 'c': known are a, b, scale.",
    "own:Words --input idz=4:int64": "Unknown input of own:Words 'idz': did you mean ids?",
    "own:Plain --input 3,8,8 --input 3": "own:Plain takes the input x, but 2 were given.",
}


@pytest.mark.parametrize("words", ONE_LINE)
def test_what_is_wrong_with_a_target_is_said_in_one_line(capsys, words):
    code, out, err = run(capsys, "trace", *words.split())
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert last == f"cnnref: {ONE_LINE[words]}"
    assert [line for line in err.splitlines()[:-1] if not line.startswith("said ")] == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", "some.py has nothing of the name 'build'."),
        ("a", "Unknown name in some.py 'build': known are a."),
        ("abcdefgh", "Unknown name in some.py 'build': known are a, b, c, d, e, f, g, h."),
        ("abcdefghi", "some.py has nothing of the name 'build'."),
    ],
)
def test_few_names_are_all_told_where_none_is_close(capsys, folder, names, said):
    (folder / "some.py").write_text("".join(f"def {name}(): pass\n" for name in names))
    assert run(capsys, "trace", "some.py:build") == (2, "", f"cnnref: {said}\n")


def test_the_working_folder_is_looked_in_once(capsys, folder, monkeypatch):
    elsewhere = [path for path in sys.path if path not in ("", str(folder))]
    for before, after in (
        (elsewhere, [str(folder), *elsewhere]),
        ([*elsewhere, ""], [*elsewhere, ""]),
        ([*elsewhere, str(folder)], [*elsewhere, str(folder)]),
    ):
        monkeypatch.setattr(sys, "path", list(before))
        assert load.find("spec:net").__name__ == "net"
        assert sys.path == after


def test_a_file_is_read_once_unless_it_is_forgotten(folder):
    first = load.find("spec.py:net")
    assert load.find("./spec.py:net") is first
    load.forget()
    assert load.find("spec.py:net") is not first


def test_a_module_that_needs_torch_says_which_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for target in ("own:Plain", "own.py:Plain"):
        said = "needs torch, which is not installed: pip install 'cnnref[torch]'.\n"
        assert run(capsys, "trace", target) == (2, "", f"cnnref: {target[:-6]} {said}")


def test_a_failure_in_forward_is_shown_whole_and_ours_is_one_line_more(capsys, folder):
    code, out, err = run(capsys, "trace", "own:Fails")
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[1] == "Traceback (most recent call last):"
    assert [line for line in lines if line.startswith("  File ")] == [
        f'  File "{folder}/own.py", line {number}, in forward'
        for number, text in enumerate(MODULES.splitlines(), 1)
        if text in ("        return self.inner(x)", '        raise KeyError("no such\\nthing")')
    ]
    assert lines[-2] == "KeyError: 'no such\\nthing'"
    assert lines[-1] == (
        "cnnref: own:Fails failed with the KeyError above while tracing it with input 3 x 224 x "
        "224 (the default: give --input); cnnref.trace was in inner (Inner, which got 3 x 224 x "
        "224)."
    )
    *_, last = run(capsys, "trace", "own:Fails", "--input", "3,8,8")[2].splitlines()
    assert "tracing it with input 3 x 8 x 8; " in last


def test_a_failure_while_it_is_built_or_imported_is_shown_too(capsys, folder):
    code, out, err = run(capsys, "trace", "own:broken")
    assert (code, out) == (2, "")
    assert err.splitlines()[-3:] == [
        "RuntimeError: no weights",
        "at home",
        "cnnref: own:broken failed with the RuntimeError above while loading it.",
    ]
    # what a user's code raises because of another error is told as what it raised
    code, out, err = run(capsys, "trace", "own:second")
    assert (code, out) == (2, "")
    assert err.endswith("RuntimeError: no weights\ncnnref: own:second failed with the RuntimeError "
                        "above while loading it.\n")  # fmt: skip
    code, out, err = run(capsys, "trace", "own:leaves")
    assert (code, out) == (2, "")
    assert err.endswith("SystemExit: 3\ncnnref: own:leaves failed with the SystemExit above while "
                        "loading it.\n")  # fmt: skip
    code, out, err = run(capsys, "trace", "typo.py:build")
    assert (code, out) == (2, "")
    assert f'File "{folder}/typo.py", line 1' in err
    assert err.splitlines()[-1] == (
        "cnnref: typo.py:build failed with the SyntaxError above while loading it."
    )


def test_wrong_channels_name_the_layer(capsys):
    code, out, err = run(capsys, "trace", "own:build", "--input", "5,8,8")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("cnnref: ")
    assert "0" in err.splitlines()[-1]


def test_a_target_without_torch_needs_none(capsys):
    import subprocess

    code = (
        "import sys; from cnnref.cli.main import main; "
        "code = main(['table', 'spec.py:net', '--quiet', '--max-macs', '1G']); "
        "main(['sweep', 'spec.py:net', '--input-size', '8,16', '--vary', 'width=2,4']); "
        "print('torch' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"
    assert [line.split()[:2] for line in done.stdout.splitlines()[5:9]] == [
        ["8", "2"], ["8", "4"], ["16", "2"], ["16", "4"]
    ]  # fmt: skip
