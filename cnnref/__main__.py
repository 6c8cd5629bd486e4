"""The command line: tables, comparisons and traces in a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from warnings import catch_warnings, simplefilter

import cnnref
from cnnref.compare import rows_differing
from cnnref.errors import CnnrefError, UnknownNameError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cnnref.table import Table

__all__ = ["main"]

FORMATS = ("text", "markdown", "csv", "json", "html", "latex")

EXAMPLES = """examples:
  cnnref list
  cnnref table alexnet --input-size 227 --convention lecture
  cnnref table vgg16 --format csv --output vgg16.csv
  cnnref explain vgg16 conv3_1 --convention lecture
  cnnref compare vgg16 vgg19
  cnnref check alexnet
  cnnref trace vgg11 --input 3,64,64
  cnnref trace torch.nn:Identity --input 3,8,8 --format json
  cnnref conventions
"""

Outcome = tuple[str, int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 where something differs, 2 where input is bad."""
    try:
        text, code = _outcome(sys.argv[1:] if argv is None else argv)
        sys.stdout.write(text)
        sys.stdout.flush()
    except CnnrefError as error:
        print(f"cnnref: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader has seen enough; keep the interpreter from flushing into nothing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _outcome(argv: Sequence[str]) -> Outcome:
    """What a command prints, all of it, and its exit code."""
    command = argv[0] if argv and not argv[0].startswith("-") else None
    if command is not None and command not in COMMANDS:
        raise UnknownNameError("command", command, COMMANDS)
    try:
        arguments, extras = _parser(command).parse_known_args(argv)
    except SystemExit:  # argparse has printed a help text or the version
        return "", 0
    _refuse(extras, arguments)
    for option, convert in CONVERTERS.items():
        if getattr(arguments, option, None) is not None:
            setattr(arguments, option, convert(getattr(arguments, option)))
    return COMMANDS[arguments.command][0](arguments)


def _refuse(extras: list[str], arguments: Namespace) -> None:
    for word in extras:
        if word.startswith("-"):
            option = word.partition("=")[0]
            raise UnknownNameError(f"option of {arguments.command}", option, arguments.options)
        raise CnnrefError(f"{word!r} is too many; see 'cnnref {arguments.command} --help'.")


def _list(_: Namespace) -> Outcome:
    width = max(map(len, cnnref.names()))
    records = map(cnnref.architecture, cnnref.names())
    return _lines(f"{record.name:<{width}}  {record.title}, {record.year}" for record in records), 0


def _table(arguments: Namespace) -> Outcome:
    return _rendered(_book(arguments, arguments.name), arguments), 0


def _book(arguments: Namespace, name: str) -> Table:
    size, classes = arguments.input_size, arguments.num_classes
    return cnnref.table(name, input_size=size, num_classes=classes)


def _rendered(table: Table, arguments: Namespace) -> str:
    text: str = getattr(table, f"to_{arguments.format}")(arguments.convention)
    text = text.rstrip("\n") + "\n"
    if arguments.output is None:
        return text
    _replace(arguments.output, text)
    return ""


def _replace(path: str, text: str) -> None:
    """Write a file beside the target and put it in its place, so that none is ever half written."""
    from pathlib import Path

    target = Path(path).resolve()
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():
            raise OSError(0, "it is not a file")
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CnnrefError(f"{path} cannot be written: {error.strerror}.") from None


def _trace(arguments: Namespace) -> Outcome:
    from contextlib import redirect_stdout

    from cnnref.load import load

    target, shape = arguments.target, arguments.input
    if shape is None:
        size = cnnref.architecture(target).input_size if target in cnnref.names() else 224
        shape = (3, size, size)
    try:
        # what a user's module prints is no part of the table
        with redirect_stdout(sys.stderr):
            table = _traced(load(target), shape, arguments.strict)
    except CnnrefError:
        raise
    except (Exception, SystemExit) as error:
        words = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])]
        raise CnnrefError(f"{target} failed with {' '.join(' '.join(words).split())}") from None
    return _rendered(table, arguments), 0


def _traced(module: Any, shape: tuple[int, ...], strict: bool) -> Table:
    from cnnref.tracing import UncountedWarning, trace

    with catch_warnings():
        # said below on one line, without a place in the source
        simplefilter("ignore", UncountedWarning)
        table = trace(module, shape, strict=strict)
    if table.uncounted:
        ops = ", ".join(dict.fromkeys(layer.op for layer in table.uncounted))
        print(f"cnnref: no rule counts {ops}; the totals are incomplete.", file=sys.stderr)
    return table


def _explain(arguments: Namespace) -> Outcome:
    from cnnref import explain

    table, how = _book(arguments, arguments.name), arguments.convention
    layer = table[arguments.layer]
    sizes = dict.fromkeys(explain.output_size(layer, axis) for axis in (0, 1))
    lines = [
        f"{layer.name} of {table.name}: {layer.op}, {layer.in_shape} to {layer.out_shape}",
        *(f"  output      {size}" for size in sizes),
        f"  parameters  {explain.parameters(layer)}",
        f"  memory      {explain.memory(layer, how)}",
        f"  {how.unit + 's':<10}  {explain.operations(layer, how)}",
        f"  convention  {how.name}: {how.title}",
    ]
    return _lines(lines), 0


def _compare(arguments: Namespace) -> Outcome:
    a, b = (_book(arguments, name) for name in (arguments.a, arguments.b))
    differences = cnnref.compare(a, b)
    rows = rows_differing(differences)
    told = f"{a.name} ({len(a)} rows) and {b.name} ({len(b)} rows): {rows} rows differ"
    return _lines([*map(str, differences), told]), int(bool(differences))


def _check(arguments: Namespace) -> Outcome:
    from cnnref.check import agreement

    names = arguments.names or cnnref.names()
    for name in names:
        cnnref.architecture(name)
    lines, compared, differing = [], 0, 0
    for number, name in enumerate(names, 1):
        _progress(f"[{number}/{len(names)}] {name}")
        _, rows, wrong, sizes, found = agreement(name)
        lines.append(f"{name}: {rows} rows at {len(sizes)} sizes, {wrong} differ")
        lines += [f"  at input {size}: {difference}" for size, difference in found]
        compared, differing = compared + rows * len(sizes), differing + wrong
    _progress("")
    return _lines([*lines, f"{compared} rows compared, {differing} differ"]), int(differing > 0)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _conventions(_: Namespace) -> Outcome:
    entries = map(cnnref.convention, cnnref.conventions())
    told = "{0.name}: {0.title}, in {0.unit}s.\n  {0.note}\n  Source: {0.source}."
    return _lines(map(told.format, entries)), 0


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _input_size(text: str) -> int | tuple[int, ...]:
    sizes = text.lower().split("x")
    if len(sizes) > 2 or not all(size.isdecimal() for size in sizes):
        raise CnnrefError(f"--input-size must be N or HEIGHTxWIDTH in pixels, but is {text!r}.")
    return int(sizes[0]) if len(sizes) == 1 else tuple(map(int, sizes))


def _input(text: str) -> tuple[int, ...]:
    axes = text.split(",")
    if not all(axis.isdecimal() for axis in axes):
        raise CnnrefError(f"--input must be whole numbers such as 3,224,224, but is {text!r}.")
    return tuple(map(int, axes))


def _num_classes(text: str) -> int:
    if not text.isdecimal():
        raise CnnrefError(f"--num-classes must be a positive whole number, but is {text!r}.")
    return int(text)


def _format(text: str) -> str:
    if text not in FORMATS:
        raise UnknownNameError("format", text, FORMATS)
    return text


# argparse would hide what these say, so they run after it
CONVERTERS: dict[str, Callable[[str], object]] = {
    "input_size": _input_size,
    "input": _input,
    "num_classes": _num_classes,
    "format": _format,
    "convention": cnnref.convention,
}

OPTIONS: dict[str, dict[str, Any]] = {
    "--input-size": {"metavar": "N|HxW", "help": "height and width in pixels"},
    "--num-classes": {"metavar": "N", "default": "1000", "help": "default: 1000"},
    "--convention": {"metavar": "NAME", "default": "macs", "help": "default: macs"},
    "--format": {"metavar": "FORMAT", "default": "text", "help": ", ".join(FORMATS)},
    "--output": {"metavar": "FILE", "help": "write there, all or nothing"},
    "--input": {"metavar": "C,H,W", "help": "the shape of one image"},
    "--strict": {"action": "store_true", "help": "refuse operators without a rule"},
}
SIZES, PRINT = ("--input-size", "--num-classes"), ("--convention", "--format", "--output")

HELP = {"TARGET": "package.module:callable, file.py:callable or a network's name"}
Run = Callable[["Namespace"], Outcome]
COMMANDS: dict[str, tuple[Run, str, tuple[str, ...], tuple[str, ...]]] = {
    "list": (_list, "the networks of the catalogue", (), ()),
    "table": (_table, "the rows of a network", ("NAME",), (*SIZES, *PRINT)),
    "explain": (_explain, "one row's numbers", ("NAME", "LAYER"), (*SIZES, "--convention")),
    "compare": (_compare, "the rows in which two networks differ", ("A", "B"), SIZES),
    "check": (_check, "the spec of each network against its model", ("NAMES",), ()),
    "trace": (_trace, "the rows of a module", ("TARGET",), ("--input", "--strict", *PRINT)),
    "conventions": (_conventions, "the conventions and their sources", (), ()),
}


def _parser(command: str | None) -> ArgumentParser:
    # argparse takes longer to import than most tables to compute, and imports need neither
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise CnnrefError(f"{message}; see '{self.prog} --help'.")

    about = "What a convolutional network costs, layer by layer, and why."
    style: dict[str, Any] = {"allow_abbrev": False}  # without a width, argparse loads shutil
    style["formatter_class"] = lambda prog: RawDescriptionHelpFormatter(prog, width=79)
    parser = Parser(prog="cnnref", description=about, epilog=EXAMPLES, **style)
    parser.add_argument("--version", action="version", version=f"cnnref {cnnref.__version__}")
    subs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, prog="cnnref")
    for name in [command] if command else COMMANDS:
        _, text, words, options = COMMANDS[name]
        own = [line for line in EXAMPLES.splitlines() if f"cnnref {name}" in line]
        epilog = "\n".join(["examples:", *own])
        sub = subs.add_parser(name, help=text, description=text, epilog=epilog, **style)
        sub.set_defaults(options=(*options, "--help"))
        for word in words:
            many = "*" if word == "NAMES" else None
            sub.add_argument(word.lower(), metavar=word, nargs=many, help=HELP.get(word))
        for option in options:
            sub.add_argument(option, **OPTIONS[option])
    return parser


if __name__ == "__main__":
    sys.exit(main())
