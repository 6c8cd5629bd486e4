"""However a command fails, it ends in one sentence and exit code 2."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import PYTHON, ROOT, process

from cnnref.cli.main import main
from cnnref.cli.streams import complain, ended, put, say
from cnnref.errors import CnnrefError

DIGITS = "9" * 5000
MODULE = """
import atexit, ctypes, os
from torch import nn

class Bad(BaseException):
    pass

def loud():
    print("python")
    os.write(1, b"descriptor\\n")
    ctypes.CDLL(None).puts(b"buffered")
    os.system("echo child")
    return nn.Conv2d(3, 1, 1)

def bad():
    raise Bad("as it is")

class Worse(nn.Module):
    def forward(self, x):
        raise Bad("in forward")

def late():
    atexit.register(print, "python")
    atexit.register(os.write, 1, b"descriptor\\n")
    atexit.register(ctypes.CDLL(None).puts, b"buffered")
    atexit.register(os.system, "echo child")
    return nn.Conv2d(3, 1, 1)

def away():
    os.chdir("/")
    return nn.Identity()

def sized(width=1):
    return nn.Conv2d(3, width, 1)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "deep.toml").write_text(f"a = {'[' * 5000}{']' * 5000}\n")
    (tmp_path / "many.toml").write_text(f"a = {DIGITS}\n")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo.toml")
    return tmp_path


def here(folder, *argv, shell="", env=None, **options):
    """Run it in a folder, as a shell does with a redirection behind it."""
    words = [*PYTHON, "-m", "cnnref", *argv]
    command = ["sh", "-c", f'exec "$@" {shell}', "sh", *words]
    # as a user has it, whatever runs the tests
    plain = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    environment = {**os.environ, **plain, **(env or {})}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          timeout=120, env=environment, **options)  # fmt: skip


def refused(done, sentence):
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("cnnref: ")
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert len(done.stderr) < 1100


# ---- streams ----


@pytest.mark.parametrize(
    ("shell", "sentence"),
    [
        ("> /dev/full", "Standard output cannot be written: No space left on device."),
        (">&-", "Standard output is closed: give --output FILE."),
    ],
)
def test_an_output_that_takes_nothing_is_said(folder, shell, sentence):
    refused(here(folder, "table", "vgg11", shell=shell), sentence)


@pytest.mark.parametrize("shell", ["2> /dev/full", "2>&-", "> /dev/full 2>&-", ">&- 2>&-"])
def test_where_nobody_listens_the_exit_code_alone_speaks(folder, shell):
    done = here(folder, "table", "vgg61", shell=shell)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_verdict_that_nobody_hears_is_still_the_exit_code(folder):
    done = here(folder, "table", "vgg11", "--max-macs", "1k", shell="2> /dev/full")
    assert done.returncode == 1
    assert "vgg11" in done.stdout


def test_letters_that_standard_output_cannot_hold_are_named(folder):
    (folder / "named.py").write_text(
        "from cnnref.net import Net\n\n\ndef net():\n"
        "    net = Net((3, 8, 8), name='caf\\u00e9')\n    net.relu(net.input)\n    return net\n"
    )
    words = [sys.executable, "-m", "cnnref", "trace", "named.py:net"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, env=env)
    refused(done, "Standard output is in ascii, which has no '\\xe9': set PYTHONIOENCODING=utf-8")
    json_too = subprocess.run([*words, "--format", "json"], cwd=folder, capture_output=True,
                              check=True, env=env)  # fmt: skip
    assert json.loads(json_too.stdout)["name"] == "caf\u00e9"


@pytest.mark.slow
@pytest.mark.parametrize("when", ["loud", "late"])
def test_what_a_module_prints_on_any_way_is_beside_the_table(folder, when):
    done = here(folder, "trace", f"mine.py:{when}", "--input", "3,8,8", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]
    for word in ("python", "descriptor", "buffered", "child"):
        assert word in done.stderr.split()


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["2>&-", "2> /dev/full"])
def test_what_is_printed_at_the_end_is_lost_where_nobody_listens(folder, shell):
    words = ("trace", "mine.py:late", "--input", "3,8,8", "--format", "json")
    done = here(folder, *words, shell=shell)
    assert done.returncode == 0
    assert json.loads(done.stdout)["rows"]


class Stream(io.StringIO):
    """A stream of a descriptor and an encoding, which may fail where it is written to."""

    def __init__(self, descriptor, encoding="utf-8", errors="strict", fails=None):
        super().__init__()
        self.descriptor, self.fails = descriptor, fails
        self.said = encoding, errors

    @property
    def encoding(self):
        return self.said[0]

    @property
    def errors(self):
        return self.said[1]

    def fileno(self):
        return self.descriptor

    def flush(self):
        if self.fails:
            raise self.fails

    @property
    def silenced(self):
        """Whether its descriptor leads nowhere."""
        return os.fstat(self.descriptor).st_rdev == Path(os.devnull).stat().st_rdev


@pytest.fixture
def stream(tmp_path):
    """Makes streams that are closed in the end."""
    made = []

    def make(*said, **how):
        made.append(os.open(tmp_path / f"{len(made)}", os.O_WRONLY | os.O_CREAT))
        return Stream(made[-1], *said, **how)

    yield make
    for descriptor in made:
        os.close(descriptor)


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("encoding", "errors", "text", "said"),
    [
        ("utf-8", "strict", "caf\u00e9", ""),
        ("ascii", "backslashreplace", "caf\u00e9", ""),
        (None, None, "caf\u00e9", ""),
        ("ascii", "strict", "caf\u00e9", "in ascii, which has no '\\xe9'"),
        ("ascii", None, "\u00fc\u00e9", "in ascii, which has no '\\xfc'"),
        (None, None, "a\ud800", "in utf-8, which has no '\\ud800'"),
    ],
)
def test_a_text_is_printed_whole_or_not_at_all(stream, monkeypatch, encoding, errors, text, said):
    out = stream(encoding, errors)
    monkeypatch.setattr(sys, "stdout", out)
    if not said:
        put(text)
        assert out.getvalue() == text
        return
    with pytest.raises(CnnrefError) as error:
        put(text)
    assert str(error.value) == (
        f"Standard output is {said}: set PYTHONIOENCODING=utf-8, or print JSON."
    )
    assert out.getvalue() == ""
    assert not out.silenced


def test_a_stream_that_takes_no_more_is_silenced(stream, monkeypatch):
    out, err = stream(fails=FULL), stream(fails=FULL)
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.raises(CnnrefError, match=r"^Standard output cannot be written: No space left on"):
        put("text")
    assert out.silenced
    monkeypatch.setattr(sys, "stderr", err)
    say("text")
    assert err.silenced
    broken = stream(fails=BrokenPipeError())
    monkeypatch.setattr(sys, "stdout", broken)
    with pytest.raises(BrokenPipeError):
        put("text")
    assert main(["--version"]) == 0
    assert broken.silenced
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(CnnrefError, match=r"^Standard output is closed: give --output FILE\.$"):
        put("text")
    monkeypatch.setattr(sys, "stderr", None)
    say("text")


def test_at_the_end_what_cannot_be_written_is_lost(stream, monkeypatch):
    full, well, gone = stream(fails=FULL), stream(), stream(fails=FULL)
    gone.close()
    for streams in ((full, well), (gone, None)):
        for name, stream in zip(("__stdout__", "__stderr__"), streams, strict=True):
            monkeypatch.setattr(sys, name, stream)
        ended()
    assert (full.silenced, well.silenced, gone.silenced) == (True, False, False)


# ---- files ----


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "it is not a file"), ("mine.py/x", "Not a directory"),
        ("x" * 300 + ".csv", "File name too long"), ("loop", "its links lead in a circle"),
        ("fifo.toml", "it is not a file"), ("no/x", "No such file"), ("", "it is not a file"),
    ],
)  # fmt: skip
def test_where_no_file_can_be_none_is_written(folder, path, reason):
    before = sorted(folder.iterdir())
    refused(here(folder, "table", "vgg11", "--output", path), f"cannot be written: {reason}")
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("words", [("--output", "x.csv"), ()])
def test_a_working_folder_that_is_gone_is_said(folder, words):
    gone = folder / "gone"
    gone.mkdir()
    what = ("table", "vgg11") if words else ("trace", "mine:sized")
    command = ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *PYTHON, "-m", "cnnref", *what, *words]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    refused(done, "The working folder is gone")


def test_a_letter_that_no_file_holds_leaves_no_file(folder):
    (folder / "named.py").write_text(
        "from cnnref.net import Net\n\n\ndef net():\n"
        "    net = Net((3, 8, 8))\n    net.relu(net.input, name='\\ud800')\n    return net\n"
    )
    before = sorted(folder.iterdir())
    done = here(
        folder, "trace", "named.py:net", "--output", "x.csv", env={"PYTHONDONTWRITEBYTECODE": "1"}
    )
    refused(done, "x.csv cannot be written: UTF-8 has no '\\ud800'.")
    assert sorted(folder.iterdir()) == before
    refused(here(folder, "trace", "named.py:net", "--format", "csv"), "has no '\\ud800'")
    assert here(folder, "trace", "named.py:net").returncode == 0


def test_an_output_is_where_the_command_was_given_and_keeps_its_mode(folder):
    path = folder / "costs.csv"
    path.write_text("old")
    path.chmod(0o600)
    done = here(folder, "trace", "mine.py:away", "--input", "3,8,8", "--output", "costs.csv")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert path.read_text().startswith("Layer,op,")
    assert path.stat().st_mode & 0o777 == 0o600
    assert not Path("/costs.csv").exists()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("fifo.toml", "fifo.toml cannot be read: it is not a file."),
        ("loop.toml", "loop.toml cannot be read"), ("deep.toml", "deep.toml is nested too deeply."),
        ("many.toml", "many.toml is not TOML"), (".toml", "cannot be read"),
        ("x" * 300 + ".toml", "cannot be read: File name too long"),
    ],
)  # fmt: skip
def test_a_convention_that_cannot_be_read_is_refused(folder, path, sentence):
    refused(here(folder, "table", "vgg11", "--convention", path), sentence)


# ---- values ----


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("table vgg11 --input-size {}", "A number of 5000 digits is given; 18 are the most."),
        ("table vgg11 --input-size 8x{}", "A number of 5000 digits"),
        ("table vgg11 --num-classes {}", "A number of 5000 digits"),
        ("table vgg11 --top {}", "A number of 5000 digits"),
        ("table vgg11 --batch-size {}", "A number of 5000 digits"),
        ("table vgg11 --max-macs {}", "The budget of macs must be a number such as 5G"),
        ("table vgg11 --convention {}", "Unknown convention"),
        ("trace mine.py:sized --input 3,{}", "A number of 5000 digits"),
        ("trace mine.py:sized --arg width={}", "A number of 5000 digits"),
        ("sweep mine.py:sized --vary width=1,{}", "A number of 5000 digits"),
        ("explain vgg11 {}", "..."), ("table {}", "..."), ("{}", "..."),
        ("table vgg11 --{}", "..."),
        ("trace {}.py:x", "..."), ("trace mine.py:{}", "..."), ("table vgg11 {}", "is too many"),
        ("sweep mine.py:sized --arg width=1 --vary width=2,3",
         "'width' is in --arg and in --vary: give it once."),
        ("measure resnet20_cifar --threads 999999999999", "threads must be at most"),
        ("trace mine.py:sized --input 3,9999999999,9999999999",
         "trace: an input of 3 x 9999999999 x 9999999999 takes more bytes than a tensor can have."),
        ("trace mine.py:sized --input 3,9999999999,9999999999:float16",
         "an input of 3 x 9999999999 x 9999999999 takes more bytes than a tensor can have."),
        ("measure mine.py:sized --input 3,9999999999,9999999999",
         "an input of 3 x 9999999999 x 9999999999 takes more bytes than a tensor can have."),
        ("measure mine.py:sized --input 3,99999999,99999", "not even one image fits."),
    ],
)  # fmt: skip
def test_a_value_that_is_too_large_is_refused(folder, words, sentence):
    done = here(folder, *words.format(DIGITS).split())
    # a measurement says what it is at before it is refused
    done.stderr = done.stderr.removeprefix("cnnref: building\n")
    refused(done, sentence)


def test_a_value_that_no_python_is_stays_text(folder):
    done = here(folder, "trace", "mine.py:sized", "--arg", "width={[]:1}", "--input", "3,8,8")
    assert done.returncode == 2
    assert done.stderr.split("\n")[-2].startswith("cnnref: mine.py:sized failed with the TypeError")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bad", "Worse"])
def test_whatever_a_module_raises_is_shown_above_one_sentence(folder, name):
    done = here(folder, "trace", f"mine.py:{name}", "--input", "3,8,8")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cnnref/" not in done.stderr
    assert done.stderr.split("\n")[-2].startswith(
        f"cnnref: mine.py:{name} failed with the Bad above while"
    )


@pytest.mark.parametrize(("marks", "most"), [("''", 160), ('""', 160), ("", 300)])
def test_a_word_is_whole_as_long_as_it_is_no_longer_than_people_read(capsys, marks, most):
    before, after = marks[:1], marks[1:]
    for letters in (most, most + 1):
        complain(f"a {before}{'x' * letters}{after} b")
    whole, short = capsys.readouterr().err.splitlines()
    assert whole == f"cnnref: a {before}{'x' * most}{after} b"
    ends = 60 - len(before)
    assert short == f"cnnref: a {before}{'x' * ends}...{'x' * ends}{after} b"


def test_a_long_word_shows_its_ends_and_a_path_is_whole(capsys):
    path = "/" + "/".join(["folder"] * 40)
    complain(f"{path} is not {'a' * 5000!r}.")
    said = capsys.readouterr().err
    assert path in said
    assert said.endswith(f" is not '{'a' * 59}...{'a' * 59}'.\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("explain acting.py:net 0", 2),
        ("explain acting.py:net {}", 0), ("trace acting.py:net --max-macs 1", 1),
        ("trace acting.py:net", 0), ("trace acting.py:{}", 2), ("table {}", 2),
    ],
)  # fmt: skip
def test_no_name_acts_on_a_terminal(folder, words, code):
    name = "a\x1b[2J\u202eb\r"
    (folder / "acting.py").write_text(
        "from cnnref.net import Net\n\n\ndef net():\n"
        f"    net = Net((3, 8, 8), name={name!a})\n"
        f"    net.conv(net.input, 3, kernel=1, name={name!a})\n    return net\n"
    )
    done = here(folder, *(word.format(name) for word in words.split()))
    assert done.returncode == code, done.stderr
    said = done.stdout + done.stderr
    assert r"\x1b[2J\u202eb" in said
    assert all(letter.isprintable() or letter == "\n" for letter in said)


def test_this_process_has_its_streams_back():
    done = process("table", "vgg11")
    assert (done.returncode, done.stderr) == (0, "")
