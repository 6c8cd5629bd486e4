"""The command line, run in this process or in one of its own."""

import subprocess
import sys
from pathlib import Path

import cnnref
from cnnref.cli import main as cli

ROOT = Path(cnnref.__file__).parent.parent
PYTHON = (sys.executable, "-X", "utf8")


def run(capsys, *argv):
    code = cli.main(argv)
    out, err = capsys.readouterr()
    return code, out, err


def process(*argv, **options):
    return subprocess.run(
        [*PYTHON, "-m", "cnnref", *argv],
        cwd=options.pop("cwd", ROOT),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )
