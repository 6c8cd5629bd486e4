"""trace: exact, never silent, and it leaves the module as it was."""

import warnings
from collections import UserDict
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as hooks
from unknown_operator import mystery

import cnnref
from cnnref.errors import CnnrefError, UncountedWarning
from cnnref.tracing import recorder
from cnnref.tracing.rules import tensors
from cnnref.tracing.trace import trace


class Functional(nn.Module):
    """Everything that a counter of modules would miss."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 3, 3, 3))
        self.shared = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.weight, padding="same"), inplace=True)
        y = self.shared(self.shared(x))
        y = x + y
        y += x
        return torch.cat([x, y], 1).flatten(1)


class Subclass(nn.Conv2d):
    """A convolution of another type."""


class Failing(nn.Module):
    """A module whose part fails."""

    def __init__(self):
        super().__init__()
        self.part = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 5))

    def forward(self, x):
        return self.part(x)


class Unknown(nn.Module):
    """Operators without a rule."""

    def forward(self, x):
        return mystery(x.transpose(1, 2))


def test_functional_work_is_counted():
    table = trace(Functional(), (3, 6, 6))
    assert [(row.op, row.inputs) for row in table] == [
        ("conv", (-1,)),
        ("relu", (0,)),
        ("conv", (1,)),
        ("conv", (2,)),
        ("add", (1, 3)),
        ("add", (4, 1)),
        ("concat", (1, 5)),
        ("flatten", (6,)),
    ]
    assert table[0].macs == 8 * 6 * 6 * 27
    assert table[0].window.padding == (1, 1)
    assert table[2].macs == table[3].macs == 8 * 6 * 6 * 8
    assert [row.name for row in table][2:4] == ["shared", "shared#2"]
    assert table.uncounted == ()


def test_a_subclass_of_a_layer_is_counted():
    assert trace(Subclass(3, 4, 3), (3, 5, 7)).macs == 4 * 3 * 5 * 27


def test_inputs_may_be_a_tuple_or_a_mapping():
    class Two(nn.Module):
        def forward(self, a, b):
            return a + b

    tensors = (torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2))
    for inputs in (tensors, dict(zip("ab", tensors, strict=True))):
        (row,) = trace(Two(), inputs=inputs)
        assert (row.op, row.inputs, row.out_shape) == ("add", (-1, -1), (4, 2, 2))


@pytest.mark.parametrize("build", [lambda m: m.half(), lambda m: m.to("meta"), lambda m: m])
def test_the_rows_do_not_depend_on_where_the_weights_are(build):
    module = build(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    assert [row.op for row in trace(module, (3, 8, 8))] == ["conv", "batch_norm", "relu"]


def snapshot(module):
    return (
        [part.training for part in module.modules()],
        [(name, id(value), value.device, value.dtype) for name, value in module.named_parameters()],
        [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules()],
        len(hooks._global_forward_hooks) + len(hooks._global_forward_pre_hooks),
        torch.is_grad_enabled(),
        torch.get_default_device(),
        torch.random.get_rng_state().tolist(),
        torch.overrides._get_current_function_mode_stack(),
    )


def mixed():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.ReLU())
    module[1].eval()
    return module


def test_it_leaves_no_trace():
    module = mixed()
    values = {name: value.clone() for name, value in module.state_dict().items()}
    before = snapshot(module)
    trace(module, (3, 8, 8))
    assert snapshot(module) == before
    assert all(torch.equal(values[name], value) for name, value in module.state_dict().items())


def test_it_leaves_no_trace_when_forward_fails():
    module = Failing()
    before = snapshot(module)
    with pytest.raises(RuntimeError) as error:
        trace(module, (4,))
    assert snapshot(module) == before
    assert error.value.__notes__ == [
        "cnnref.trace was in part.1 (Linear, which got 4): it takes 5 features on its last axis, "
        "so that 5 would fit."
    ]


def test_the_snapshot_sees_a_change():
    module = mixed()
    before = snapshot(module)
    module[0].register_forward_hook(lambda *_: None)
    assert snapshot(module) != before


def test_an_unknown_operator_is_never_silent():
    with pytest.warns(UncountedWarning) as caught:
        table = trace(Unknown(), (3, 4, 4))
    assert [str(warning.message) for warning in caught] == [
        "Unknown: no rule counts mystery in mystery; these rows are marked uncounted.\n"
        "To count one: trace(..., rules={torch.ops.unknown.mystery: lambda result, *args: MACS})."
    ]
    assert [(row.op, row.counted) for row in table] == [("transpose", True), ("mystery", False)]
    assert [row.op for row in table.uncounted] == ["mystery"]


def test_strict_refuses_an_unknown_operator():
    with pytest.raises(CnnrefError, match=r"^Unknown: no rule counts .* marked uncounted\.\nTo "):
        trace(Unknown(), (3, 4, 4), strict=True)


def test_a_module_with_rules_for_all_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace(Functional(), (3, 6, 6), strict=True)


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (nn.ReLU, "the class ReLU, which has to be called first"),
        ("resnet50", "'resnet50'"),
        (None, "None"),
    ],
)
def test_what_is_not_a_module_is_refused(wrong, got):
    with pytest.raises(CnnrefError) as error:
        trace(wrong)
    assert str(error.value) == f"trace needs a torch.nn.Module, but got {got}."


@pytest.mark.parametrize("shape", [(3, 0, 8), (3, 2.5, 8), (3, -1, 8), 5])
def test_a_wrong_input_shape_is_refused(shape):
    with pytest.raises(CnnrefError) as error:
        trace(nn.ReLU(), shape)
    assert str(error.value) == (
        f"trace: input_shape must be positive whole numbers without the batch, but is {shape!r}."
    )


def test_a_traced_model_is_the_spec():
    assert cnnref.compare(cnnref.table("alexnet"), trace(cnnref.model("alexnet"))) == []


@pytest.mark.parametrize("name", ["alexnet_2012", "vgg16_bn", "resnet50", "inception_v3"])
def test_remembered_shapes_are_those_of_the_kernels(name, monkeypatch):
    with torch.device("meta"):
        module = cnnref.model(name)
    shape = tuple(cnnref.table(name).input_shape)
    fast = trace(module, shape)
    assert trace(module, shape) == fast
    monkeypatch.setattr(recorder, "made", lambda *_: None)
    monkeypatch.setattr(recorder, "_MEMORY", {})
    assert trace(module, shape) == fast


PAIRED = {
    "multiply": torch.mul,
    "operator": lambda x, y: x @ y,
    "concat": lambda x, y: torch.cat([x, y]),
    "stack": lambda x, y: torch.stack([x, y]),
    "where": lambda x, y: torch.where(x > 0, x, y),
    "attention": lambda x, y: F.scaled_dot_product_attention(x, y, y),
    "lerp": lambda x, y: torch.lerp(x, y, 0.5),
}


@pytest.mark.parametrize("name", PAIRED)
def test_one_map_given_twice_is_not_remembered_for_two(name, monkeypatch):
    class Paired(nn.Module):
        def forward(self, x):
            y = torch.tanh(x)
            for _ in range(2):
                PAIRED[name](x, x)
            return PAIRED[name](x, y)

    monkeypatch.setattr(recorder, "_MEMORY", {})
    *_, row = trace(Paired(), (5, 5))
    assert set(row.inputs) >= {-1, 0}
    monkeypatch.setattr(recorder, "_MEMORY", {})
    monkeypatch.setattr(recorder, "made", lambda *_: None)
    assert trace(Paired(), (5, 5))[-1] == row


def _part(y):
    y[:, :2].mul_(2)
    return y


def _beside(y):
    first, second = y.chunk(2, 1)
    first.mul_(2)
    return second


def _turned(y):
    y.flatten(1).transpose(0, 1)[2:].mul_(2)
    return y


def _from_under(y):
    view = y[:, 1:]
    y.mul_(2)
    return view


def _buffer(y):
    whole = torch.zeros(1, 4, 5)
    whole[:, :3].copy_(y[:, :3])
    return whole


def _out(y):
    whole = torch.empty_like(y)
    torch.sub(y, 1, out=whole)
    return whole


# what is written to, and then the rows that what is returned comes of
WRITTEN = {
    "a part": (_part, {"tanh", "scale"}),
    "the part beside": (_beside, {"chunk"}),
    "views of views": (_turned, {"tanh", "scale"}),
    "the whole under a view": (_from_under, {"slice", "scale"}),
    "a buffer": (_buffer, {"copy"}),
    "out": (_out, {"sub"}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_to_by_another_name_is_read_from_there(name, monkeypatch):
    write, sources = WRITTEN[name]

    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(5))

        def forward(self, x):
            return write(torch.tanh(x)) / self.scale

    monkeypatch.setattr(recorder, "_MEMORY", {})
    table = trace(Written(), (4, 5))
    assert {table[number].op for number in table[-1].inputs} == sources
    assert trace(Written(), (4, 5)) == table  # what is remembered of views is as well
    assert trace(Written(), (4, 5), values="always") == table


@dataclass
class Maps:
    first: torch.Tensor
    last: torch.Tensor


class Handing(nn.Module):
    """Takes one map from what holds several, and hands out two."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, maps):
        x = torch.exp(maps.first if isinstance(maps, Maps) else maps)
        return self.kind(x, F.max_pool2d(x, 2))


HOLDERS = {
    "object": Maps,
    "mapping": lambda *maps: UserDict(enumerate(maps)),
    "set": lambda *maps: {*maps},
}


@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize("kind", HOLDERS)
def test_maps_that_an_object_holds_are_alive_to_the_end(kind, values):
    table = trace(Handing(HOLDERS[kind]), (3, 4, 4), values=values)
    assert table.returned == (0,)
    assert table.live_activation_bytes(1) == (2 * 3 * 16, 3 * 16 + 3 * 4)


@pytest.mark.parametrize("values", ["never", "always"])
def test_inputs_that_an_object_holds_are_inputs(values):
    maps = Maps(torch.ones(1, 3, 4, 4), torch.ones(1))
    table = trace(Handing(Maps), inputs=(maps,), values=values)
    assert (table, table.input_shape) == (trace(Handing(Maps), (3, 4, 4)), (3, 4, 4))


def test_a_function_that_remembers_wrongly_would_be_seen(monkeypatch):
    module = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3, stride=2))
    fast = trace(module, (3, 9, 9))
    monkeypatch.setattr(recorder, "_MEMORY", {})
    monkeypatch.setattr(
        recorder, "sign", lambda values, _, found, *more: found.extend(tensors(values))
    )
    assert trace(module, (3, 9, 9)) != fast
