"""The help texts: argparse lays them out."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from cnnref.cli.commands import COMMANDS, MANY, OPTIONS, SECTIONS, WORDS

__all__ = ["COLUMNS_SAY", "columns", "instructions", "overview"]

ABOUT = """usage: cnnref COMMAND ...

What a convolutional network costs, layer by layer, and why.
"""
# what each key of --columns stands for, with its unit
COLUMNS_SAY = {
    "layer": "the row's name",
    "times": "how often a block stands there, with --collapse",
    "op": "the operator, as conv or linear",
    "stage": "the stage; in a trace the first name of the path",
    "block": "the block; in a trace the path of the module around it",
    "input": "shape of each input, for one image",
    "output": "shape of the output, for one image",
    "window": "kernel, stride, padding, dilation and groups in one cell",
    "kernel": "height and width of the window, in positions",
    "stride": "steps of the window, in positions",
    "padding": "padding on each side, in positions",
    "dilation": "distance of the window's taps, in positions",
    "groups": "groups of channels that do not see each other",
    "parameters": "learned numbers, weights and biases",
    "trainable": "parameters that take a gradient",
    "frozen": "parameters that take none",
    "weights": "learned numbers that multiply",
    "biases": "learned numbers that are added",
    "operations": "what --convention counts, in its unit",
    "macs": "multiply-accumulates, for one image",
    "backward_macs": "MACs of the backward pass, with --mode training",
    "activations": "elements of the output, of rows that have MACs",
    "stored_bytes": "bytes that --convention keeps of the output, in float32",
    "bytes": "bytes of the output, of --dtype, for the batch",
    "peak": "bytes of maps alive while the row runs, at least",
    "training": "bytes of outputs that are kept for the backward pass",
    "parameter_bytes": "bytes of the parameters, of --dtype",
    "training_sgd": "bytes of a step: parameters, gradients, kept outputs",
    "training_momentum": "the same, and one number more for each parameter",
    "training_adam": "the same, and two numbers more for each parameter",
    "moved_bytes": "bytes of weights, inputs and outputs, each moved once",
    "intensity": "FLOPs (two for a MAC) for each byte moved",
    "parameters_share": "percent of the network's parameters",
    "operations_share": "percent of the network's operations",
    "macs_share": "percent of the network's MACs",
    "activations_share": "percent of the network's activations",
    "sparsity": "percent of zeros in its weights, in a trace",
    "nonzero_macs": "MACs by weights that are not zero, in a trace",
    "field": "receptive field of one output, in pixels of the input",
    "jump": "distance of two outputs, in pixels of the input",
    "in_channels": "channels of the first input",
    "in_size": "height and width of the first input",
    "filters": "outputs that have weights of their own",
    "kernel_size": "kernel, one number where it is square",
    "stride_size": "stride, one number where both are equal",
    "padding_size": "padding, one number where all sides are equal",
    "out_channels": "channels of the output",
    "out_size": "height and width of the output",
    "stored_bytes_kb": "stored_bytes in KB of 1,024",
    "parameters_k": "parameters in thousands",
    "operations_m": "operations in millions",
    "measured_ms": "milliseconds that the layer took, the median",
    "share": "percent of the time of all layers",
    "gflops": "what it reached: 10^9 FLOPs (two for a MAC) a second",
    "allowed_ms": "the least milliseconds that the ceilings allow",
    "factor": "how many times the allowed time it took",
    "bound": "what the ceilings limit it by: arithmetic or memory",
}
SHOWN = ("list", "table", "explain", "trace", "compare", "sweep")


def instructions(name: str) -> str:
    """The help of a command."""
    return _parser(name).format_help()


def _parser(name: str) -> ArgumentParser:
    def style(prog: str) -> RawDescriptionHelpFormatter:
        # without a width, argparse loads shutil
        return RawDescriptionHelpFormatter(prog, width=79, max_help_position=26)

    command = COMMANDS[name]
    usage = " ".join([f"cnnref {name}", *map(_placed, command.words)])
    parser = ArgumentParser(
        prog=f"cnnref {name}",
        usage=usage + " [OPTIONS]" * bool(command.options),
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        epilog=_epilog(name),
        formatter_class=style,
        allow_abbrev=False,
    )
    for word in command.words:
        many: dict[str, Any] = {"nargs": MANY[word]} if word in MANY else {}
        parser.add_argument(word.lower(), metavar=word, help=WORDS[word], **many)
    for title, options in SECTIONS.items():
        section = parser.add_argument_group(title)
        for option in options:
            if option in command.options:
                section.add_argument(option, **OPTIONS[option])
    return parser


def _placed(word: str) -> str:
    return {"*": f"[{word} ...]", "?": f"[{word}]"}.get(MANY.get(word, ""), word)


def _epilog(name: str) -> str:
    command = COMMANDS[name]
    lines = ["examples:", *(f"  cnnref {example}" for example in command.examples)]
    if "--columns" in command.options:
        lines += ["", "columns:", *(_told(key) for key in columns(name))]
    return "\n".join(lines)


def _told(key: str) -> str:
    return f"  {key:<17} {COLUMNS_SAY[key]}"


def columns(name: str) -> list[str]:
    """The keys that --columns of a command takes."""
    if name == "sweep":
        from cnnref.tables.sweep import MEASURES

        return list(MEASURES)
    if name == "measure":
        from cnnref.measuring.roofline import COLUMNS as TIMES

        return list(TIMES)
    from cnnref.tables.columns import COLUMNS

    return list(COLUMNS)


def overview() -> str:
    """The help of the program: the commands in groups, and examples."""
    groups: dict[str, list[str]] = {}
    for name, command in COMMANDS.items():
        groups.setdefault(command.group, []).append(f"  {name:<12} {command.summary}")
    lines = [line for title, body in groups.items() for line in (f"\n{title}:", *body)]
    examples = [f"  cnnref {COMMANDS[name].examples[0]}" for name in SHOWN]
    more = ["\nexamples:", *examples, "  cnnref table resnet50 --collapse"]
    tail = ["\noptions:", "  -h, --help   show this help, or with a command its own"]
    return "\n".join(
        [ABOUT + lines[0], *lines[1:], *more, *tail, "  --version    show the version\n"]
    )
