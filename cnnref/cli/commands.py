"""The commands and their options: what each takes, what its help says, what runs it."""

from __future__ import annotations

from typing import Any

__all__ = [
    "BARS",
    "CHARTS",
    "COMMANDS",
    "FORMATS",
    "GROUPINGS",
    "HUB",
    "MANY",
    "MODES",
    "ONNX",
    "OPTIONS",
    "PICTURES",
    "SECTIONS",
    "SHELLS",
    "SUFFIXES",
    "WHEN",
    "WORDS",
    "is_file",
]

FORMATS = ("text", "markdown", "csv", "json", "html", "latex")
SUFFIXES = {
    "txt": "text", "md": "markdown", "csv": "csv", "json": "json", "html": "html", "tex": "latex",
}  # fmt: skip
GROUPINGS = ("stage", "block", "op")
BARS = ("layer", "stage", "block")
# what a picture is written as, the first unless told
PICTURES = ("svg", "dot", "mermaid")
CHARTS = ("json", "html", "svg", "png", "pdf")
SHELLS = ("bash", "zsh", "fish")
MODES = ("inference", "training")
WHEN = ("auto", "never", "always")

FLAG: dict[str, Any] = {"action": "store_true"}
LIST: dict[str, Any] = {"action": "append"}
# the titles of a help text, and below each its options as argparse is told of them
SECTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "the network": {
        "--input": LIST
        | {
            "metavar": "[NAME=]SIZES[:DTYPE]",
            "help": "shape of an input without the batch: 3,224,224 or mask=1,64,64 or 128:int64; "
            "or a file of inputs, batch and all: .npz, .npy, .pt or .json; repeatable",
        },
        "--input-size": {"metavar": "N|HxW", "help": "height and width in pixels"},
        "--num-classes": {"metavar": "N", "help": "outputs of a catalogued network"},
        "--arg": LIST
        | {"metavar": "NAME=VALUE", "help": "an argument of the callable; repeatable"},
        "--config": {
            "metavar": "FILE.json",
            "help": "of hf:NAME: entries of its configuration, or all of it",
        },
        "--online": FLAG | {"help": "of hf:NAME: fetch its configuration from the hub"},
        "--checkpoint": {
            "metavar": "FILE.pt",
            "help": "weights of the model: what differs by name or by shape is said; exit code 1",
        },
        "--vary": LIST
        | {"metavar": "NAME=V1,V2", "help": "an argument of the callable to vary; repeatable"},
        "--strict": FLAG | {"help": "refuse operators without a rule"},
        "--values": {
            "metavar": "WHEN",
            "default": "auto",
            "help": "auto, never or always: whether to run it where forward asks for values",
        },
        "--partial": FLAG | {"help": "where forward stops, show the rows until then"},
        "--rules": {
            "metavar": "TARGET",
            "help": "a mapping of rules of your own: file.py:RULES or package.module:RULES",
        },
    },
    "what is shown": {
        "--convention": {"metavar": "NAME", "default": "macs", "help": "default: macs"},
        "--by-convention": {
            "metavar": "NAMES",
            "help": "what each counts of each kind of layer, and why: torchinfo,thop,macs, or all",
        },
        "--columns": {"metavar": "KEYS", "help": "layer,macs: these; +field,+jump: these besides"},
        "--sort": {"metavar": "KEY", "help": "the most of a column first"},
        "--top": {"metavar": "N", "help": "the first N alone, by MACs unless sorted"},
        "--group": {"metavar": "BY", "help": "a row for each stage, block or op"},
        "--depth": {"metavar": "N", "help": "a row for each module down to a depth"},
        "--collapse": FLAG | {"help": "equal blocks once, with how often they stand there"},
        "--no-free": FLAG | {"help": "without views, copies and what is made of nothing"},
        "--dtype": {
            "metavar": "NAME",
            "default": "float32",
            "help": "of bytes, or of what runs; default: float32",
        },
        "--batch-size": {"metavar": "N", "help": "images at once, for bytes, budgets and times"},
    },
    "the picture": {
        "--block": {"metavar": "NAME", "help": "a block, a stage or a module, as a graph"},
        "--fields": FLAG | {"help": "what one output of each stage sees of the image, to scale"},
        "--no-fold": FLAG | {"help": "normalisations, activations and views in boxes of their own"},
        "--quantity": {"metavar": "KEY", "default": "macs", "help": "of the bars; default: macs"},
        "--by": {
            "metavar": "WORD",
            "default": "layer",
            "help": f"a bar for each {', '.join(BARS)}; default: layer",
        },
        "--kind": {
            "metavar": "KIND",
            "help": f"of a drawing {', '.join(PICTURES)}; of a chart {', '.join(CHARTS)}; "
            "else as FILE ends, or the first",
        },
    },
    "how it runs": {
        "--device": {"metavar": "NAME", "default": "auto", "help": "auto, cpu, cuda, cuda:1, mps"},
        "--mode": {
            "metavar": "NAME",
            "default": "inference",
            "help": "inference, or training: a forward and a backward pass",
        },
        "--channels-last": FLAG | {"help": "lay maps out with their channels side by side"},
        "--tf32": FLAG | {"help": "let a card round the factors of float32 products"},
        "--compile": FLAG | {"help": "run what torch.compile makes of it"},
        "--threads": {"metavar": "N", "help": "of the processor"},
        "--seconds": {
            "metavar": "S",
            "help": "the longest that repeating may take; the whole takes several times that; "
            "default: 10",
        },
        "--layers": FLAG | {"help": "each layer's time, beside what the ceilings allow it"},
    },
    "where it goes": {
        "--format": {"metavar": "FORMAT", "help": f"{', '.join(FORMATS)}; else as FILE ends"},
        "--output": {"metavar": "FILE", "help": "write there, all or nothing"},
        "--update": FLAG | {"help": "write the tables that later runs are held against"},
        "--quiet": FLAG | {"help": "print no table, and no budget that is kept"},
    },
    "budgets, exit code 1 where one is exceeded": {
        "--baseline": {
            "metavar": "FILE.json",
            "help": "a table that --output wrote: what costs more than it, by layer",
        },
        "--max-macs": {
            "metavar": "5G|+2%",
            "help": "multiply-accumulates; any limit may be in percent more than --baseline has",
        },
        "--max-parameters": {"metavar": "30M", "help": "parameters"},
        "--max-operations": {"metavar": "10G", "help": "operations under --convention"},
        "--max-activations": {
            "metavar": "20M",
            "help": "outputs of convolutions and linear layers",
        },
        "--max-peak": {
            "metavar": "200MiB",
            "help": "feature maps alive at once at inference, at least",
        },
        "--max-training": {"metavar": "1GiB", "help": "feature maps kept for the backward pass"},
        "--allow-uncounted": FLAG | {"help": "take operators without a rule as free"},
    },
}
OPTIONS = {name: told for options in SECTIONS.values() for name, told in options.items()}

# how a model of transformers is named: by a file, a folder, a kind, or a name of the hub
HUB = "hf:"
ONNX = ".onnx"


def is_file(target: str) -> bool:
    """Whether a target is a file of rows: a saved table or an ONNX file."""
    return target.endswith((".json", ONNX)) and not target.startswith(HUB)


WORDS = {
    "TARGET": "package.module:callable, path/to/file.py:callable, a network's name, timm:NAME, "
    "torchvision:NAME, hf:NAME or a program of torch.export (.pt2); to count, also an ONNX file "
    "(.onnx) or a saved table (.json)",
    "NAME": "a network's name, a callable that gives a Net, a Table or a module, or a saved table "
    "(.json)",
    "A": "a network's name, package.module:callable, path/to/file.py:callable, an ONNX file "
    "(.onnx) or a saved table (.json)",
    "B": "the same",
    "NETWORK": "a network's name",
    "LAYER": "a row's name",
    "NAMES": "networks; all unless named",
    "BUDGETS": "names of [tool.cnnref.budget.NAME] in pyproject.toml; all unless named",
    "WORD": "a part of a name or a title",
    "CONVENTION_NAME": "a convention, whose prices are shown; all of them unless named",
    "SHELL": ", ".join(SHELLS),
}

# words that may be missing or repeated
MANY = {"NAMES": "*", "BUDGETS": "*", "WORD": "?", "CONVENTION_NAME": "?"}

BOOK = (
    "--input-size",
    "--num-classes",
    "--input",
    "--arg",
    "--strict",
    "--values",
    "--partial",
    "--rules",
)
VIEW = ("--convention", "--columns", "--dtype", "--batch-size")
ORDER = ("--by-convention", "--sort", "--top", "--group", "--depth", "--collapse", "--no-free")
PRINT = ("--format", "--output")
_, *BUDGET = SECTIONS["budgets, exit code 1 where one is exceeded"]
ROWS = (*BOOK, *VIEW, *ORDER, *PRINT, "--quiet", "--baseline", *BUDGET)


class Command:
    """One command.

    run: "module:function" below cnnref.cli.
    examples: words behind the program's name; each of them runs as it stands.
    """

    # no named tuple, which takes longer to make, at every start
    __slots__ = ("examples", "group", "options", "run", "summary", "words")

    def __init__(
        self,
        group: str,
        summary: str,
        words: tuple[str, ...],
        options: tuple[str, ...],
        run: str,
        examples: tuple[str, ...],
    ) -> None:
        self.group = group
        self.summary = summary
        self.words = words
        self.options = options
        self.run = run
        self.examples = examples


CATALOGUE, OWN, HELP = "networks of the catalogue", "models of your own, and any others", "more"
PICTURE = "pictures"
COMMANDS: dict[str, Command] = {
    "list": Command(
        CATALOGUE, "names, titles and costs", ("WORD",), ("--sort", *PRINT), "networks:listed",
        ("list", "list resnet --sort macs"),
    ),
    "table": Command(
        CATALOGUE, "the rows of a network by its spec, without torch", ("NAME",), ROWS,
        "networks:table",
        (
            "table alexnet --input-size 227 --convention lecture",
            "table resnet50 --collapse",
            "table resnet50 --sort macs --top 10 --columns +macs_share",
            "table vgg16 --group stage",
            "table vgg16 --columns layer,output,field,jump,peak",
            "table vgg16 --output vgg16.csv",
            "table resnet50 --quiet --max-macs 4.1G --max-peak 10MiB",
        ),
    ),
    "explain": Command(
        CATALOGUE, "how the numbers of one row come about", ("NAME", "LAYER"),
        (*BOOK, "--convention"), "networks:explained",
        ("explain vgg16 conv3_1 --convention lecture",),
    ),
    "published": Command(
        CATALOGUE, "cited figures of a network, each with its source", ("NETWORK",), PRINT,
        "networks:cited", ("published vgg16", "published resnet50 --format json"),
    ),
    "check": Command(
        CATALOGUE, "the spec of each network against its model", ("NAMES",), tuple(BUDGET),
        "networks:checked", ("check alexnet", "check alexnet vgg11 --max-parameters 140M"),
    ),
    "trace": Command(
        OWN, "the rows of a module, as it runs", ("TARGET",),
        (*ROWS, "--mode", "--config", "--online", "--checkpoint"), "models:traced",
        (
            "trace vgg11 --input 3,64,64",
            "trace resnet18 --by-convention torchinfo,thop,macs",
            "trace torch.nn:Identity --input 3,8,8 --format json",
            "trace torch.nn:Conv2d --arg in_channels=3 --arg out_channels=8 --arg kernel_size=3",
            "trace torch.nn:Bilinear --arg in1_features=4 --arg in2_features=5 "
            "--arg out_features=6 --input input1=4 --input input2=5",
            "trace resnet18 --mode training --depth 1 --columns +backward_macs",
            "trace resnet18 --depth 1 --max-macs 2G --max-parameters 12M --max-peak 20MiB",
        ),
    ),
    "compare": Command(
        OWN, "the rows in which two networks differ", ("A", "B"),
        (*BOOK, "--convention", "--columns", *PRINT), "networks:compared",
        ("compare vgg16 vgg19", "compare resnet18 resnet34 --format json"),
    ),
    "sweep": Command(
        OWN, "what a network costs as size, batch or arguments vary", ("TARGET",),
        ("--input-size", "--batch-size", "--vary", "--arg", "--input", "--rules", "--values",
         "--convention",
         "--columns", "--dtype", *PRINT), "models:swept",
        (
            "sweep resnet50 --input-size 128,160,192,224",
            "sweep vgg16 --batch-size 1,8,64 --columns +intensity --dtype float16",
            "sweep vgg16 --vary num_classes=10,100,1000",
        ),
    ),
    "budget": Command(
        OWN, "the budgets that pyproject.toml states, each held", ("BUDGETS",),
        ("--update", *PRINT), "budgets:held", ("budget", "budget small --format markdown"),
    ),
    "measure": Command(
        OWN, "the time and the memory of a network on this machine", ("TARGET",),
        ("--input", "--input-size", "--arg", "--device", "--dtype", "--batch-size", "--mode",
         "--channels-last", "--tf32", "--compile", "--threads", "--seconds", "--layers",
         "--columns", *PRINT), "measured:measured",
        (
            "measure resnet18 --seconds 1",
            "measure alexnet --device cpu --batch-size 8 --mode training --seconds 1",
            "measure resnet20_cifar --layers --seconds 1",
            "measure torch.nn:Conv2d --arg in_channels=3 --arg out_channels=8 "
            "--arg kernel_size=3 --input 3,64,64 --seconds 1 --format json",
        ),
    ),
    "draw": Command(
        PICTURE, "a network as stages to scale, or a block as a graph", ("NAME",),
        (*BOOK, "--block", "--fields", "--no-fold", "--kind", "--output"), "networks:drawn",
        (
            "draw resnet50 --output resnet50.svg",
            "draw resnet50 --block conv3_1 --output block.svg",
            "draw vgg16 --fields --output fields.svg",
            "draw resnet18 --kind mermaid",
        ),
    ),
    "chart": Command(
        PICTURE, "bars of what layers, stages or blocks cost", ("NAME",),
        (*BOOK, "--quantity", "--by", "--convention", "--dtype", "--batch-size", "--kind",
         "--output"), "networks:charted",
        (
            "chart resnet50 --by stage --output stages.svg",
            "chart vgg16 --quantity peak --dtype float16 --output peak.html",
        ),
    ),
    "conventions": Command(
        HELP, "the price lists and their sources", ("CONVENTION_NAME",), PRINT,
        "networks:conventions", ("conventions", "conventions fvcore"),
    ),
    "completion": Command(
        HELP, "what a shell needs to complete commands", ("SHELL",), (), "completion:printed",
        ("completion bash",),
    ),
}  # fmt: skip
