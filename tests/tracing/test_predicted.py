"""Shapes that are worked out are PyTorch's own, for every function, shape and option tried."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision_models
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import cnnref
from cnnref.tracing import inside, modules, recorder
from cnnref.tracing import predicted as module
from cnnref.tracing.constants import run
from cnnref.tracing.predicted import predicted

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def maps(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def alike(one: Tensor, other: Tensor) -> bool:
    """Of one shape, dtype and order; along axes of one the order is nobody's."""
    steps = [
        [step for step, size in zip(x.stride(), x.shape, strict=True) if size > 1]
        for x in (one, other)
    ]
    return (one.shape, one.dtype, steps[0]) == (other.shape, other.dtype, steps[1])


def check(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether it was worked out; then as PyTorch does it, and the argument itself where it is."""
    found = predicted(func, args, kwargs)
    if found is None:
        return False
    wanted = run(func, args, kwargs)
    pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (found, wanted)), strict=True)
    assert all(alike(*pair) for pair in pairs), (func, args, kwargs)
    given = [one for one in args if isinstance(one, Tensor)]
    assert [found is one for one in given] == [wanted is one for one in given], func
    return True


def windows() -> list[Call]:
    """Convolutions and pools of every kind of option."""
    calls: list[Call] = []
    for rank in (1, 2, 3):
        conv, pool, mean, adaptive = (
            getattr(F, f"{name}{rank}d")
            for name in ("conv", "max_pool", "avg_pool", "adaptive_avg_pool")
        )
        for size, stride, padding, dilation in product((5, 8), (1, 2, 3), (0, 1), (1, 2)):
            x = maps(2, 4, *[size] * rank)
            weight, bias = maps(6, 2, *[3] * rank), maps(6)
            calls.append((conv, (x, weight, bias, stride, padding, dilation, 2), {}))
            calls.append((conv, (x, weight), {"padding": "same", "groups": 2}))
            calls.append((conv, (x, maps(6, 3, *[3] * rank)), {}))
            for ceil in (False, True):
                calls.append((pool, (x, 3, stride, padding, dilation, ceil), {}))
                calls.append((pool, (x, 3), {"padding": padding, "ceil_mode": ceil}))
                calls.append((mean, (x, 2, stride, padding), {"ceil_mode": ceil}))
                calls.append((pool, (x, [2] * rank, [], 1), {"ceil_mode": ceil}))
        calls.append((adaptive, (maps(2, 4, *[8] * rank), 3), {}))
        calls.append((adaptive, (maps(2, 4, *[8] * rank), [None] * rank), {}))
    calls.append((F.conv2d, (maps(1, 3, 8, 9), maps(4, 3, 3, 5), None, (1, 2), (0, 2)), {}))
    calls.append((F.max_pool2d, (maps(1, 3, 8, 9), (3, 2), (2, 1), (1, 0)), {}))
    return calls


def plain() -> list[Call]:
    """The rest: maps in several orders, of several shapes, and arguments in several ways."""
    x, y = maps(2, 4, 5, 6), maps(2, 4, 5, 6)
    turned = maps(2, 5, 6, 4).permute(0, 3, 1, 2)
    last = x.to(memory_format=torch.channels_last)
    whole = maps(2, 4, 5, 6, dtype=torch.int64)
    half = maps(2, 4, 5, 6, dtype=torch.float16)
    vector = maps(4)
    calls: list[Call] = []
    for one in (x, turned, last, whole, half, maps(3, 4), maps(4), maps(0, 4)):
        unary = (
            F.relu, F.gelu, F.silu, F.mish, F.hardswish, F.hardsigmoid, F.selu, F.relu6,
            F.softplus, torch.relu, torch.sigmoid, torch.tanh, Tensor.relu, Tensor.sigmoid,
        )  # fmt: skip
        calls += [(func, (one,), {}) for func in unary if one.is_floating_point()]
        calls += [
            (F.relu, (one,), {"inplace": True}),
            (F.leaky_relu, (one, 0.1, True), {}),
            (F.leaky_relu, (one, 0.1), {}),
            (F.elu, (one,), {"inplace": True}),
            (F.hardtanh, (one, 0.0, 6.0, False), {}),
            (F.hardtanh, (one, 0.0, 6.0, True), {}),
            (F.dropout, (one, 0.5, False), {}),
            (F.softmax, (one, -1), {}),
            (F.softmax, (one,), {"dim": 0, "dtype": torch.float64}),
            (F.layer_norm, (one, one.shape[-1:]), {}),
            (F.linear, (one, maps(3, one.shape[-1], dtype=one.dtype)), {}),
            (F.linear, (one, maps(3, one.shape[-1]), maps(3)), {}),
            (torch.cat, ([one, one],), {"dim": -1}),
            (torch.cat, ((one, one, one),), {}),
            (torch.cat, ([one, x],), {"dim": 1}),
            (F.prelu, (one, maps(4)), {}),
            (F.prelu, (one, maps(1)), {}),
            (F.adaptive_avg_pool2d, (one, 1), {}),
            (F.adaptive_avg_pool2d, (one, (2, None)), {}),
            (F.local_response_norm, (one, 5), {}),
            (F.local_response_norm, (one, 2, 1.0), {"k": 2.0}),
        ]
        for other in (x, turned, last, whole, half, vector, maps(2, 1, 1, 6), maps(1), 2, 0.5):
            calls += [(func, (one, other), {}) for func in (torch.add, Tensor.mul, Tensor.div)]
            calls += [(func, (one, other), {}) for func in (Tensor.add_, Tensor.__imul__)]
    calls += [
        (F.batch_norm, (one, vector, vector, vector, vector), {"training": training})
        for one in (x, turned, last, maps(2, 4), maps(2, 3, 5))
        for training in (False, True)
    ]
    calls += [(F.batch_norm, (x, None, None), {}), (F.batch_norm, (x, vector, vector), {})]
    calls += [(F.group_norm, (one, 2, vector, vector), {}) for one in (x, turned, maps(2, 4))]
    calls += [(F.layer_norm, (turned, (5, 6), maps(5, 6), None), {})]
    calls += [(func, (x, y.mT), {}) for func in (torch.matmul, Tensor.matmul)]
    calls += [(torch.matmul, (x, maps(6, 3)), {}), (torch.matmul, (maps(3, 4), maps(4, 5)), {})]
    calls += [(torch.add, (x, y), {"alpha": 2}), (torch.cat, ([x, maps(2, 4, 5, 7)],), {"dim": 3})]
    many = maps(2, 8, 5, 6)
    parts = [
        *many.chunk(2, 1),
        many[:, ::2],
        maps(2, 4, 5, 12)[..., ::2],
        maps(1, 1, 1, 6),
        x,
        last,
    ]
    calls += [(torch.cat, (pair,), {"dim": 1}) for pair in product(parts, parts)]
    calls += [
        (torch.mul, pair, {}) for pair in product(parts, (maps(4, 1, 1), maps(1, 1, 6), last))
    ]
    calls += [(torch.add, (maps(4, 1, 1), part), {}) for part in parts]
    return calls


def orders(*shape: int) -> list[Tensor]:
    """Maps of one shape in several orders: as they come, turned, of a larger one, and spread."""
    turned = maps(*shape[:-2], shape[-1], shape[-2]).mT
    part = maps(*shape[:-1], 2 * shape[-1])[..., ::2]
    return [maps(*shape), turned, part, maps(*shape[:-1], 1).expand(shape)]


def products() -> list[Call]:
    """Products of matrices, attention and recurrent layers."""
    calls: list[Call] = []
    for a, b in product(orders(2, 3, 4, 5), orders(2, 3, 5, 6)):
        calls += [(func, (a, b), {}) for func in (torch.matmul, Tensor.matmul)]
        calls += [(torch.bmm, (a[0], b[0]), {}), (Tensor.bmm, (a[0], b[0].mT), {})]
        calls += [
            (torch.baddbmm, (c, a[0], b[0]), {"beta": 1, "alpha": 2})
            for c in (maps(3, 4, 6), maps(6), maps(6, dtype=torch.float16))
        ]
    for query, key in product(orders(2, 3, 4, 8), orders(2, 3, 5, 8)):
        value, mask = maps(2, 3, 5, 6), maps(4, 5)
        call = F.scaled_dot_product_attention
        calls += [
            (call, (query, key, value), {}),
            (call, (query, key, key, mask), {"scale": 0.5}),
            (call, (query, key, value, maps(2, 1, 1, 5, dtype=torch.bool)), {"dropout_p": 0.0}),
            (call, (query, key, value, maps(3, 5)), {}),
            (call, (query, key[:1], value), {}),
            (call, (query, key, maps(2, 3, 4, 6)), {}),
            (call, (query[0], key[0], value[0]), {"is_causal": True}),
            (call, (query[0, 0], key[0, 0], value[0, 0]), {}),
        ]
    kinds = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}
    for (kind, gates), layers, both, first, size in product(
        kinds.items(), (1, 2), (False, True), (False, True), (5, 6)
    ):
        options = {"num_layers": layers, "bidirectional": both, "batch_first": first}
        layer: Any = kind(5, 7, device="meta", **options)
        states = [maps(layers * (1 + both), 3, 7)] * (2 if kind is nn.LSTM else 1)
        hidden: Any = tuple(states) if kind is nn.LSTM else states[0]
        func = {4: torch.lstm, 3: torch.gru, 1: torch.rnn_tanh}[gates]
        weights = [weight.detach() for weight in layer._flat_weights]
        rest = (True, layers, 0.0, False, both)
        calls.append((func, (maps(3, 4, size), hidden, weights, *rest, first), {}))
        calls.append((func, (maps(4, 3, size), hidden, weights, *rest, first), {}))
        batches = torch.tensor([3, 3, 2, 1])
        calls.append((func, (maps(9, size), batches, hidden, weights, *rest), {}))
    narrow: Any = nn.LSTM(5, 7, proj_size=2, device="meta")
    weights = [weight.detach() for weight in narrow._flat_weights]
    hidden = maps(1, 3, 2), maps(1, 3, 7)
    calls.append(
        (torch.lstm, (maps(4, 3, 5), hidden, weights, True, 1, 0.0, False, False, False), {})
    )
    return calls


def others() -> list[Call]:
    """Functions of elements and of axes, in every order; look-ups and transposed convolutions."""
    calls: list[Call] = []
    for one in (*orders(2, 3, 4, 5), *orders(2, 1, 4, 1), maps(2, 3, dtype=torch.int64), maps()):
        names = ("exp", "log", "sqrt", "rsqrt", "abs", "neg", "sin", "erf", "square", "round")
        calls += [(getattr(home, name), (one,), {}) for name in names for home in (torch, Tensor)]
        calls += [(Tensor.pow, (one, power), {}) for power in (2, 0.5, one)]
        calls += [(getattr(Tensor, f"__{name}__"), (one, 0), {}) for name in ("gt", "le")]
        calls += [(torch.add, (one, other), {}) for other in orders(2, 3, 4, 5)]
        for func, keep in product((torch.sum, Tensor.mean), (False, True)):
            calls += [
                (func, (one, dim), {"keepdim": keep}) for dim in (0, -1, (1, 2), [0, 3], 4, (1, 1))
            ]
            calls.append((func, (one,), {}))
        calls.append((Tensor.softmax, (one, 1), {}))
    numbers = maps(3, 4, dtype=torch.int64)
    calls += [(F.embedding, (one, maps(7, 2)), {}) for one in (numbers, numbers.mT, maps(3))]
    for rank, stride, padding, dilation in product((1, 2, 3), (1, 2), (0, 1), (1, 2)):
        x, weight = maps(2, 4, *[5] * rank), maps(4, 3, *[3] * rank)
        func = getattr(F, f"conv_transpose{rank}d")
        for more in (0, 1):
            calls.append((func, (x, weight, maps(6), stride, padding, more, 2, dilation), {}))
        calls.append((func, (x, weight, None, stride), {"padding": padding}))
    return calls


@pytest.mark.parametrize("calls", [windows, plain, products, others])
def test_what_is_worked_out_is_what_pytorch_gives(calls: Callable[[], list[Call]]) -> None:
    ran, known = Counter[str](), 0
    for func, args, kwargs in calls():
        try:
            known += check(func, args, kwargs)
        except (RuntimeError, TypeError, ValueError, IndexError):
            # PyTorch refuses it, and so it must not have been worked out
            assert predicted(func, args, kwargs) is None, (func, args, kwargs)
        ran[func.__name__] += 1
    assert known > sum(ran.values()) // 4
    assert len(ran) > 4


def test_a_wrong_shape_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.RULES, F.linear, lambda x, weight: ((1, 1), x))
    with pytest.raises(AssertionError):
        check(F.linear, (maps(2, 4), maps(3, 4)), {})


NETWORKS = (
    "alexnet", "vgg11_bn", "googlenet", "inception_v3", "resnet18", "resnext50_32x4d",
    "densenet121", "squeezenet1_0", "mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5",
    "efficientnet_b0", "shufflenet_v2_x0_5", "convnext_tiny", "vit_b_32", "swin_t", "maxvit_t",
    "regnet_y_400mf",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_in_whole_networks_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Counter[bool]()

    def held(func: Any, args: Any, kwargs: Any) -> Any:
        seen[check(func, args, kwargs)] += 1
        return predicted(func, args, kwargs)

    with torch.device("meta"):
        try:
            network = torchvision_models.models.get_model(name, weights=None)
        except RuntimeError:  # computes its widths with numbers
            network = None
    network = network or torchvision_models.models.get_model(name, weights=None)
    monkeypatch.setattr(recorder, "predicted", held)
    monkeypatch.setattr(recorder, "_MEMORY", {})
    size = 299 if name == "inception_v3" else 224
    table = cnnref.trace(network, (3, size, size))
    assert seen[True] > 3
    monkeypatch.setattr(recorder, "predicted", lambda *_: None)
    monkeypatch.setattr(recorder, "_MEMORY", {})
    assert cnnref.trace(network, (3, size, size)) == table


LOADED = """
import sys, torch, cnnref
from cnnref.tracing.isolation.process import on_meta
with on_meta():
    module = cnnref.model("resnet18")
before = set(sys.modules)
cnnref.trace(module)
after = {name.partition(".")[0] for name in set(sys.modules) - before}
print("torch._dynamo" in sys.modules, *sorted(after - {"cnnref", "torch"}))
"""


RECURRENT = """
class Heard(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(9, 8)
        self.lstm = torch.nn.LSTM(8, 8, 2)
        self.attends = torch.nn.MultiheadAttention(8, 2)
        self.encoder = torch.nn.TransformerEncoderLayer(8, 2, 8)
    def forward(self, numbers):
        words, _ = self.lstm(self.words(numbers))
        return self.encoder(self.attends(words, words, words)[0])
"""
HEARD = (
    LOADED.replace("with on_meta():", f"{RECURRENT}if True:")
    .replace('cnnref.model("resnet18")', "Heard()")
    .replace("(module)", "(module, inputs=torch.zeros(4, 2, dtype=torch.long))")
)


@pytest.mark.slow
def test_attention_and_recurrent_layers_need_none_of_torchs_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", HEARD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.mark.slow
def test_a_convolutional_network_needs_none_of_torchs_compiler() -> None:
    """It takes longer to load than a hundred traces; PyTorch's own shape functions load it."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]
    worked_out = "from cnnref.tracing import recorder; recorder.predicted = lambda *_: None\n"
    code = LOADED.replace("cnnref.trace(module)", f"{worked_out}cnnref.trace(module)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True")


EACH = """
import sys, torch, cnnref
from cnnref.tracing.isolation.process import on_meta
for name in cnnref.names():
    with on_meta():
        module = cnnref.model(name)
    cnnref.trace(module, cnnref.table(name).input_shape)
    if "torch._dynamo" in sys.modules:
        sys.exit(name)
"""


@pytest.mark.slow
def test_no_network_of_the_catalogue_needs_any_of_torchs_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", EACH], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


LAYER_INPUTS = {1: (2, 4, 9), 2: (2, 4, 9, 9), 3: (2, 4, 9, 9, 9)}
LAYERS: list[tuple[nn.Module, tuple[int, ...]]] = [
    *(
        (getattr(nn, f"{kind}{rank}d")(4, *more, **options), LAYER_INPUTS[rank])
        for rank in (1, 2, 3)
        for kind, more, options in (
            ("Conv", (6, 3), {}),
            ("Conv", (6, 3), {"padding_mode": "circular", "padding": 1}),
            ("Conv", (4, 3), {"groups": 2, "stride": 2, "padding": "valid", "bias": False}),
            ("BatchNorm", (), {}),
            ("BatchNorm", (), {"affine": False}),
            ("BatchNorm", (), {"track_running_stats": False}),
            ("BatchNorm", (), {"momentum": None}),
        )
    ),
    *(
        (layer, (2, 4))
        for layer in (
            nn.Linear(4, 3), nn.Linear(4, 3, bias=False), nn.LayerNorm(4), nn.ReLU(),
            nn.ReLU(inplace=True), nn.ReLU6(), nn.SiLU(), nn.Hardswish(), nn.Hardsigmoid(),
            nn.Sigmoid(), nn.Dropout(0.3), nn.BatchNorm1d(4), nn.LayerNorm(4, eps=1e-3, bias=False),
        )
    ),
    (nn.MaxPool2d(3), (2, 4, 9, 9)),
    (nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True), (2, 4, 9, 9)),
    (nn.MaxPool2d(2, 1, dilation=2), (4, 9, 9)),
    (nn.AdaptiveAvgPool2d(3), (2, 4, 9, 9)),
    (nn.AdaptiveAvgPool2d((None, 2)), (2, 4, 9, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=lambda one: str(one).replace(" ", ""))
def test_a_layer_is_what_it_calls(
    layer: nn.Module, size: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image = nn.Sequential(layer, nn.Tanh()), torch.zeros(size)
    tables = [cnnref.trace(network, inputs=image) for _ in range(2)]
    monkeypatch.setattr(modules, "layer_call", lambda kind: None)
    monkeypatch.setattr(recorder, "_MEMORY", {})
    tables += [cnnref.trace(network, inputs=image) for _ in range(2)]
    rows = [[tuple(row) for row in table] for table in tables]
    assert rows[0] == rows[1] == rows[2] == rows[3]


def test_every_layer_that_is_known_is_tried() -> None:
    assert set(inside.LAYERS) == {type(layer) for layer, _ in LAYERS}


class Doubling(nn.Module):
    """Calls a layer; a mode, a patch or an attribute has its say."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv = nn.ReLU(), nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


class Twice(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        return func(found, **(kwargs or {})) if func is F.relu else found


class Moded(Doubling):
    def forward(self, x: Tensor) -> Tensor:
        with Twice():
            return super().forward(x)


def ops(module: nn.Module) -> list[str]:
    return [row.op for row in cnnref.trace(module, (3, 4, 4))]


def test_what_is_changed_of_a_layer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ops(Doubling()) == ["conv", "relu"]
    assert ops(Moded()) == ["conv", "relu", "relu"]
    own = Doubling()
    own.conv._conv_forward = lambda x, *_: x * 2  # type: ignore[method-assign]
    assert ops(own)[0] == "scale"
    monkeypatch.setattr(F, "relu", lambda x, inplace=False: torch.tanh(x))
    assert ops(Doubling()) == ["conv", "tanh"]
    monkeypatch.setattr(nn.Conv2d, "forward", lambda self, x: torch.sigmoid(x))
    assert ops(Doubling()) == ["sigmoid", "tanh"]


def test_where_a_layer_fails_is_told() -> None:
    with pytest.raises(cnnref.CnnrefError) as caught:
        cnnref.trace(nn.Sequential(nn.Conv2d(4, 4, 1)), (3, 4, 4))
    assert "cnnref.trace was in 0 (Conv2d" in caught.value.__notes__[-1]


class Reshaping(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = x + 1
        x.unsqueeze_(0).squeeze_(0)
        x.transpose_(1, 3)
        return x * 2


def test_what_is_reshaped_in_place_is_so_each_time() -> None:
    for _ in range(3):
        assert str(cnnref.trace(Reshaping(), (3, 4, 5))[-1].out_shape) == "5 x 4 x 3"
