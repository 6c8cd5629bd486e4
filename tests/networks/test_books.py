"""Double entry: the spec, the PyTorch model and torchvision agree on every row."""

import ast
import re
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import cnnref
from cnnref.networks import catalog
from cnnref.networks.agreement import check, check_with

NAMES = cnnref.names()
SHIPPED = [name for name in NAMES if cnnref.architecture(name).torchvision]
PACKAGE = Path(cnnref.__file__).parent
MODELS = sorted(
    {
        PACKAGE / "models" / f"{cnnref.architecture(name).model.partition(':')[0]}.py"
        for name in NAMES
    }
)
SHAPE_COMMENT = re.compile(r"^\s*# (\d+(?: x \d+)*)$", re.MULTILINE)


def on_meta(build):
    with torch.device("meta"):
        return build()


def theirs(name, **options):
    from torchvision_models import models

    if "inception" in name or "googlenet" in name:
        options["init_weights"] = False
    # torchvision works out a RegNet's widths with tensors, which need their values
    with torch.device("cpu") if name.startswith("regnet") else nullcontext():
        return getattr(models, cnnref.architecture(name).torchvision)(weights=None, **options)


def runs(name, weight):
    """Whether a parameter belongs to what runs: torchvision keeps heads that only training runs."""
    return name.endswith("_aux") or not weight.startswith(("aux", "AuxLogits"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_spec_and_model_agree_on_every_row_at_every_size(name):
    found = check(name)
    assert found.differences == ()
    assert found.rows_differing == 0
    assert len(found.sizes) >= 6
    assert any(isinstance(size, tuple) for size in found.sizes)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_torchvision_is_the_third_book(name, monkeypatch):
    # there a shuffle is four views and copies; that it shuffles as ours is seen by the outputs
    shuffles = "torchvision.models.shufflenetv2.channel_shuffle"
    monkeypatch.setattr(shuffles, torch.nn.functional.channel_shuffle)
    assert check_with(name, on_meta(lambda: theirs(name))).differences == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_state_dict_keys_and_shapes_are_torchvisions(name):
    ours = on_meta(lambda: cnnref.model(name)).state_dict()
    other = on_meta(lambda: theirs(name)).state_dict()
    assert [(key, value.shape) for key, value in ours.items()] == [
        (key, value.shape) for key, value in other.items()
    ]


def drawn(module, seed):
    """A state dict of a module's keys and shapes with random numbers that keep signals alive."""
    dice = torch.Generator().manual_seed(seed)
    state = {}
    for key, value in module.state_dict().items():
        if not value.is_floating_point():
            state[key] = torch.zeros_like(value, device="cpu")
            continue
        scale = key.endswith(("weight", "running_var"))
        bound = (6 / value[0].numel()) ** 0.5 if value.dim() > 1 else 0.1
        low, high = (0.9, 1.1) if value.dim() == 1 and scale else (-bound, bound)
        state[key] = torch.empty(value.shape).uniform_(low, high, generator=dice)
    return state


def smallest(name):
    size = min(size for size in cnnref.architecture(name).sizes if isinstance(size, int))
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_weights_load_both_ways_and_give_the_same_output(name):
    ours, other = on_meta(lambda: cnnref.model(name)).eval(), on_meta(lambda: theirs(name)).eval()
    image, outputs = smallest(name), []
    for seed, (source, target) in enumerate([(ours, other), (other, ours)]):
        # the weights of one, loaded into the other as they are
        source.load_state_dict(drawn(source, seed), assign=True)
        target.load_state_dict(source.state_dict(), assign=True)
        with torch.no_grad():
            outputs.append(ours(image))
            assert torch.equal(outputs[-1], other(image))
    assert outputs[0].shape == (2, 1000)
    assert outputs[0].isfinite().all()
    assert not torch.allclose(outputs[0][0], outputs[0][1])
    assert not torch.allclose(*outputs)


@pytest.mark.parametrize("name", ["googlenet_torchvision", "inception_v3"])
def test_the_auxiliary_heads_of_training_are_torchvisions(name):
    ours, other = (
        on_meta(build).train() for build in (lambda: cnnref.model(name), lambda: theirs(name))
    )
    size = cnnref.architecture(name).input_size
    image = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    answers = []
    for module in (ours, other):
        module.load_state_dict(drawn(module, 0), assign=True)
        torch.manual_seed(0)  # for the dropout
        with torch.no_grad():
            answers.append(module(image))
    assert len(answers[0]) == len(answers[1]) == (3 if "googlenet" in name else 2)
    for one, two in zip(*answers, strict=True):
        assert torch.equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_totals_are_torchs_own(name):
    book = cnnref.table(name)
    module = on_meta(lambda: cnnref.model(name)).eval()
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, *book.input_shape, device="meta"))
    assert book.operations("torch") == counter.get_total_flops()
    assert 2 * book.macs == counter.get_total_flops()
    assert book.parameters == sum(
        weight.numel() for key, weight in module.named_parameters() if runs(name, key)
    )


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_file_imports_torch_alone(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots <= {"__future__", "torch", "collections", "functools", "typing"}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_file_runs_when_pasted_alone(path, monkeypatch):
    hidden = [name for name in sys.modules if name.partition(".")[0] == "cnnref"]
    for name in hidden:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cnnref", None)
    space = {"__name__": "pasted"}
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), space)
    built = [name for name in NAMES if name in space]
    assert built
    assert isinstance(on_meta(space[built[0]]), torch.nn.Module)


def as_two(row):
    """A row of the spec as a trace of two images at once has to state it."""
    twice = {name: 2 * count for name, count in row.counts._asdict().items()}
    counts = row.counts._replace(
        **twice | {n: getattr(row.counts, n) for n in ("weights", "biases")}
    )
    # learned factors are read once for both, and their shapes stand before those of the maps
    learned = row.in_shapes[: len(row.in_shapes) - len(row.inputs)]
    counts = counts._replace(
        elements_in=counts.elements_in - sum(shape.elements for shape in learned)
    )
    shapes = (*learned, *((2, *shape) for shape in row.in_shapes[len(learned) :]))
    return (row.op, row.inputs, shapes, (2, *row.out_shape), row.window, counts, row.constants)


@pytest.mark.parametrize("name", NAMES)
def test_two_images_at_once_are_twice_the_work_and_the_same_weights(name):
    book = cnnref.table(name)
    images = torch.empty(2, *book.input_shape, device="meta")
    for row, other in zip(
        book, cnnref.trace(on_meta(lambda: cnnref.model(name)), inputs=images), strict=True
    ):
        assert as_two(row) == (
            *(other.op, other.inputs, other.in_shapes, other.out_shape, other.window),
            *(other.counts, other.constants),
        )


def in_order(stated, shapes):
    """The first stated shape that does not follow in the shapes, or None."""
    rest = iter(shapes)
    return next((shape for shape in stated if shape not in rest), None)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_shape_comments_are_true(path):
    stated = SHAPE_COMMENT.findall(path.read_text(encoding="utf-8"))
    assert stated
    shapes = [
        shape
        for record in map(cnnref.architecture, NAMES)
        if record.model.partition(":")[0] == path.stem
        for row in cnnref.table(record.name)
        for shape in map(str, (row.in_shape, row.out_shape))
    ]
    assert [shape for shape in stated if shape not in shapes] == []


def test_a_wrong_shape_comment_is_seen():
    shapes = [str(row.out_shape) for row in cnnref.table("alexnet")]
    assert in_order(["64 x 27 x 27", "192 x 13 x 13"], shapes) is None
    assert in_order(["192 x 13 x 13", "64 x 27 x 27"], shapes) == "64 x 27 x 27"
    assert in_order(["64 x 26 x 26"], shapes) == "64 x 26 x 26"


def test_alexnets_shape_comments_follow_in_order():
    source = Path(MODELS[0]).read_text(encoding="utf-8").partition("def conv_norm")[0]
    stated = SHAPE_COMMENT.findall(source)
    assert in_order(stated, [str(row.out_shape) for row in cnnref.table("alexnet")]) is None


def test_a_wrong_model_is_seen():
    module = on_meta(lambda: cnnref.model("vgg16"))
    module.features[10] = torch.nn.Conv2d(128, 256, 3, padding=1, bias=False, device="meta")
    found = check_with("vgg16", module)
    assert found.rows_differing == len(catalog.architecture("vgg16").sizes)
    size, first = found.differences[0]
    assert (size, first.field, first.left, first.right) == (32, "bias_adds", 16384, 0)
    assert str(first) == ("row 10 (conv3_1 / features.10): bias_adds is 16384 against 0")
