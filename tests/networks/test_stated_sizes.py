"""What docstrings of books, and the reasons why figures differ, state in numbers is computed."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import cnnref
from cnnref.specs import regnet
from website.citations import known_differences

PACKAGE = Path(cnnref.__file__).parent
# the sizes of images that a model says it takes, at the head of its docstring
TAKES = re.compile(
    r"3 x (\d+) x \1 to num_classes scores"
    r"(?:[;,] (any even|any|other)(?: other)? (?:input|sizes)"
    r"(?: size)?(?: from (\d+)(?: to (\d+)| on))?(?: too)?)?"
)


def documents(path):
    """Each docstring of a program by what it is of, in one line; the comments under ""."""
    text = path.read_text(encoding="utf-8")
    found = {"": " ".join(re.findall(r"# (.*)", text))}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            name = getattr(node, "name", "module")
            found[name] = " ".join((ast.get_docstring(node) or "").split())
    return found


@cache
def stated():
    """Catalogued name -> (its own size, step, least, most) that its model says it takes."""
    found = {}
    for name in cnnref.names():
        module = cnnref.architecture(name).model.partition(":")[0]
        for owner, text in documents(PACKAGE / "models" / f"{module}.py").items():
            takes = TAKES.match(text)
            if not takes or not takes[2] or (module, owner) in found:
                continue
            if owner == type(built(name)).__name__:
                step = 2 if takes[2] == "any even" else 1
                least, most = int(takes[3] or 1), int(takes[4] or 0)
                found[module, owner] = (name, int(takes[1]), step, least, most)
    return found


@cache
def built(name):
    """The model of a network, without weights."""
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        return cnnref.model(name)


def runs(name, size):
    """Whether the model of a network takes images of a size."""
    try:
        table = cnnref.trace(built(name), (3, size, size))
    except cnnref.CnnrefError:
        return False
    return table[-1].out_shape == (cnnref.architecture(name).num_classes,)


def test_a_model_takes_the_sizes_that_it_says():
    pytest.importorskip("torch")
    assert len(stated()) > 15
    for name, own, step, least, most in stated().values():
        assert own == cnnref.architecture(name).input_size, name
        assert runs(name, least), (name, least)
        assert not runs(name, least - step), (name, least)
        if most:
            assert runs(name, most), (name, most)
            assert not runs(name, most + step), (name, most)


def test_a_size_that_no_model_takes_is_seen():
    pytest.importorskip("torch")
    assert not runs("vgg16", 31)
    assert not runs("alexnet_2012", 224 + 64)
    found = TAKES.match("3 x 227 x 227 to num_classes scores; any even input from 63 to 99.")
    assert found.groups() == ("227", "any even", "63", "99")
    assert TAKES.match("3 x 32 x 32 to num_classes scores; any other input size too.")[2] == "any"
    assert TAKES.match("3 x 32 x 32 to num_classes scores; other sizes from 29 on too.")[3] == "29"
    text = "3 x 32 x 32 to num_classes scores; any other input size from 32 on too."
    assert TAKES.match(text)[3] == "32"


NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")


def cost(name, measure, digits, unit=10**6):
    return f"{getattr(cnnref.table(name), measure) / unit:.{digits}f}"


def part(name, digits, *ops, measure="macs", unit=10**9):
    """The sum of a measure over the rows of some operators."""
    rows = [row for row in cnnref.table(name) if row.op in ops]
    return f"{sum(getattr(row, measure) for row in rows) / unit:.{digits}f}"


def width(name, *layers, size=None):
    table = cnnref.table(name, input_size=size)
    return [str(table[layer].out_shape[-1]) for layer in layers]


def last(name, op):
    return [row for row in cnnref.table(name) if row.op == op][-1]


def maps(block, more=0):
    """The channels that leave a module of BN-Inception, and what a wider branch would add."""
    return str(cnnref.table("bn_inception")[f"inception_{block}.concat"].out_shape[0] + more)


def without_norms():
    name = "preact_resnet1001_cifar"
    norms = sum(row.parameters for row in cnnref.table(name) if row.op == "batch_norm")
    return f"{(cnnref.table(name).parameters - norms) / 10**6:.2f}"


def with_taps(name):
    """A network's operations in M, with one for each tap of a max pooling."""
    taps = sum(row.counts.window_taps for row in cnnref.table(name) if row.op == "max_pool")
    return f"{(cnnref.table(name).macs + taps) / 10**6:.1f}"


def plain_first():
    """BN-Inception with a plain first convolution, as Figure 5 prints it."""
    net = cnnref.Net((3, 224, 224))
    net.conv(net.input, 64, 7, stride=2, padding=3, bias=False)
    table = cnnref.table("bn_inception")
    first = [row.macs for row in table if row.name.startswith("conv1")]
    return f"{(table.macs - sum(first) + net.table().macs) / 10**9:.2f}"


def said():
    """What docstrings of specs state, and the numbers in it as they are computed."""
    return {
        ("zfnet", "Its sizes (110, 55, 26, 13, 13, 6)"): width(
            "zfnet", "conv1", "pool1", "conv2", "pool2", "conv5", "pool5"
        ),
        ("bn_inception", "It prints 576 maps after 4c and after 4d, and 1024 after 4e, but"): [
            maps("4c"), maps("4e"),
        ],
        ("bn_inception", "behind their poolings 4c and 4d have 608, and 4e has 1056"): [
            maps("4d", 128 - 96), maps("4e", 128 - 96),
        ],
        ("bn_inception", "the 13.6 million"): [cost("bn_inception_aux", "parameters", 1)],
        ("bn_inception", "without the head they are 11.2"): [cost("bn_inception", "parameters", 1)],
        ("squeezenet", "maps of 111 x 111 after conv1. Those are the maps of 227"): [
            *2 * width("squeezenet1_0", "conv1", size=227), "227",
        ],
        ("squeezenet", "224 gives 109 x 109"): [
            "224", *2 * width("squeezenet1_0", "conv1", size=224),
        ],
        ("regnet", "the last stage of the former 392 channels"): [
            str(max(regnet.stages(regnet.X._replace(group=1))))
        ],
        ("regnet", "rounds up, to 400"): [str(max(regnet.stages(regnet.X)))],
        ("alexnet", "55 x 55 maps of Figure 2 without padding; 227 does"): [
            *2 * width("alexnet_2012", "conv1"),
            "2",
            str(cnnref.architecture("alexnet_2012").input_size),
        ],
        ("nin", "at 224, 6x6 and 7x7"): ["224"],
        ("resnet", "the same 56 x 56 maps"): 2 * width("resnet50", "pool1"),
        ("inception_v4", "the last pooling is the 8 x 8 average"): 2
        * [str(last("inception_v4", "concat").out_shape[-1])],
    }  # fmt: skip


def reasons():
    """The numbers in the reason why a figure is not the computed one, or the figure itself."""
    return {
        ("alexnet_2012", "params"): ["60", cost("alexnet_2012", "parameters", 2)],
        ("alexnet_2012", "input"): ["224", *2 * width("alexnet_2012", "conv1"), "2", "227"],
        ("vgg16", "flops"): [
            "15.3", part("vgg16", 2, "conv"), part("vgg19", 1, "conv", "linear"), "19",
            cost("vgg16", "macs", 2, 10**9),
        ],
        ("resnet34", "flops"): [
            cost("resnet34", "macs", 2, 10**9), "3.6", cost("resnet34_a", "macs", 2, 10**9),
        ],
        ("resnet50_v1", "flops"): [
            cost("resnet50_v1", "macs", 2, 10**9), "3.8", cost("resnet101_v1", "macs", 2, 10**9),
            "101", cost("resnet101_v1", "macs", 1, 10**9),
        ],
        ("googlenet", "macs", "googlenet2014"): ["1.5", cost("googlenet", "macs", 2, 10**9)],
        ("googlenet", "macs", "inceptionv3_2015"): [cost("googlenet", "macs", 2, 10**9)],
        ("bn_inception", "params"): [
            cost("bn_inception_aux", "parameters", 2), cost("bn_inception", "parameters", 2),
        ],
        ("bn_inception", "macs"): [
            "2.0", "5", plain_first(), cost("bn_inception", "macs", 2, 10**9),
        ],
        ("inception_v3", "params"): [],
        ("shufflenet_v2_x1_0", "flops"): [
            "5",
            cost("shufflenet_v2_x1_0", "macs", 1),
            with_taps("shufflenet_v2_x1_0"),
        ],
        ("inception_v3", "macs"): [cost("inception_v3", "macs", 1, 10**9)],
        ("preact_resnet1001_cifar", "params"): [
            without_norms(), cost("preact_resnet1001_cifar", "parameters", 2),
        ],
    }  # fmt: skip


def test_a_size_in_the_docstring_of_a_spec_is_computed():
    for (book, text), numbers in said().items():
        assert text in documents(PACKAGE / "specs" / f"{book}.py")["module"]
        assert NUMBER.findall(text) == numbers, (book, text)


def test_a_reason_for_a_difference_has_the_computed_numbers():
    known = reasons()
    for (name, what, source, *_), why in known_differences().items():
        expected = known.get((name, what, source), known.get((name, what)))
        # VGG-19 and ResNet-101 are names whose number stands behind a hyphen
        assert NUMBER.findall(why.replace("-", " ")) == expected, (name, what)


def test_a_number_is_read_with_all_of_its_digits():
    assert NUMBER.findall("4c has 1056, 13.6 of 55 x 55; 7x7. 3") == [
        "1056", "13.6", "55", "55", "3",
    ]  # fmt: skip
