"""The command line as a process: what it loads, and how it ends."""

import os
import subprocess
import sys

import pytest
from command_line import PYTHON, ROOT, process, run

import cnnref
from cnnref.cli import main as cli
from cnnref.errors import CnnrefError


def test_the_module_runs_as_a_program(tmp_path):
    done = process("table", "vgg19", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cnnref.table("vgg19").to_csv("macs")


def test_bad_input_shows_no_traceback():
    done = process("table", "vgg61")
    assert (done.returncode, done.stdout) == (2, "")
    message = "cnnref: Unknown network 'vgg61': did you mean vgg19 or vgg16 or vgg13?\n"
    assert done.stderr == message


LIGHT = ("torch", "pandas", "numpy", "dataclasses", "inspect", "importlib.metadata", "json", "csv",
         "html", "tempfile", "pathlib", "shutil")  # fmt: skip


def loaded_by(*argv):
    code = (
        "import sys; from cnnref.cli.main import main; main(sys.argv[1:]);"
        f"print([name for name in {LIGHT} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-S", "-c", code, *argv]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr.strip()


@pytest.mark.parametrize(
    "argv", ["table vgg19", "list", "conventions", "explain vgg16 conv3_1", "compare vgg16 vgg16"]
)
def test_a_command_without_torch_stays_light(argv):
    assert loaded_by(*argv.split()) == "[]"


def test_a_heavy_import_would_be_seen():
    assert loaded_by("table", "vgg19", "--format", "json") == "['json']"


def compiled_by(code):
    """How many texts the standard library compiles while some code runs."""
    watch = (
        "import builtins, re, sys, typing; compile = builtins.compile; seen = []\n"
        "builtins.compile = lambda *said, **how: seen.append(said[1]) or compile(*said, **how)\n"
    )
    # a file of ours is compiled once and kept, but for where nothing may be written
    tell = "\nprint(seen.count('<string>'), file=sys.stderr)"
    command = [sys.executable, "-S", "-c", watch + code + tell]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stderr)


def test_a_start_compiles_no_annotation():
    assert compiled_by("from cnnref.cli.main import main; main(['table', 'vgg19'])") == 0


def test_an_annotation_that_is_compiled_would_be_seen():
    assert compiled_by("class A(typing.NamedTuple):\n    x: 'int'") == 1


def test_what_is_loaded_at_a_start_is_not_searched_for_garbage():
    code = "import gc; from cnnref.__main__ import main; main(['list'])"
    command = [sys.executable, "-c", f"{code}; print(gc.get_freeze_count())"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # closed() has sent it there
    assert int(done.stderr) > 1000


def into_a_closed_pipe(*command):
    # buffered, as a user's program is: the loss is then noticed late
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    read, write = os.pipe()
    os.close(read)
    try:
        return subprocess.run(
            [*PYTHON, *command],
            cwd=ROOT,
            env=environment,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write)


@pytest.mark.skipif(os.name == "nt", reason="no pipes of this kind")
@pytest.mark.parametrize("argv", ["list", "table vgg19", "--help", "--version"])
def test_a_closed_pipe_ends_quietly(argv):
    done = into_a_closed_pipe("-m", "cnnref", *argv.split())
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="no pipes of this kind")
def test_a_closed_pipe_would_be_seen():
    done = into_a_closed_pipe("-c", "print('x')")
    assert done.returncode != 0
    assert "BrokenPipeError" in done.stderr


def test_ctrl_c_ends_quietly(capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cnnref, "table", interrupted)
    assert run(capsys, "table", "vgg16") == (130, "", "")


def test_missing_torch_says_which_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    code, out, err = run(capsys, "trace", "vgg11")
    assert (code, out) == (2, "")
    assert err == (
        "cnnref: cnnref trace needs torch, which is not installed: pip install 'cnnref[torch]'.\n"
    )


def test_commands_raise_nothing_but_their_own_errors():
    with pytest.raises(CnnrefError):
        cli.outcome(["table", "nope"])
