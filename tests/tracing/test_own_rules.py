"""Rules of a user's own: for functions, operators, autograd functions and classes of modules."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from traced_modules import Gate, Gated

import cnnref
from cnnref import Counts, OpaqueRule, Operation
from cnnref.errors import CnnrefError
from cnnref.testing import assert_budget


@torch.library.custom_op("cnnref_tests::scan", mutates_args=())
def scan(x: Tensor, weight: Tensor) -> Tensor:
    """A kernel that is a black box."""
    return x @ weight.T


@scan.register_fake
def _(x: Tensor, weight: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], weight.shape[0])


@torch.library.custom_op("cnnref_tests::shapeless", mutates_args=())
def shapeless(x: Tensor) -> Tensor:
    """A kernel of which PyTorch knows no shape."""
    return x.clone()


class Scan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5, 4))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(scan(x, self.weight))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(4, 6)
        self.down = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.up(x))


class Wider(Block):
    """A subclass, for which the rule of its parent holds."""


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = Block(), Wider()
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.two(F.relu(self.one(self.one(x)))))


class Compiled(nn.Module):
    """Runs on a GPU alone."""

    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("no such device")


KEYS = [scan, torch.ops.cnnref_tests.scan, torch.ops.cnnref_tests.scan.default]


@pytest.mark.parametrize("key", KEYS, ids=["definition", "packet", "overload"])
def test_a_rule_for_an_operator(key: Any) -> None:
    def rule(result: Tensor, x: Tensor, weight: Tensor) -> tuple[int, ...]:
        return result.numel(), weight.shape[1]

    with pytest.warns(cnnref.UncountedWarning, match="no rule counts scan in scan"):
        assert cnnref.trace(Scan(), (4,)).uncounted
    table = cnnref.trace(Scan(), (4,), rules={key: rule}, strict=True)
    assert [(row.name, row.op, row.macs, row.parameters, row.inputs) for row in table] == [
        ("scan", "scan", 20, 20, (-1,)),
        ("relu", "relu", 0, 0, (0,)),
    ]
    assert table[0].in_shapes == ((4,),)
    assert table[0].explain() == "scan: 5 x 4 = 20 MACs (macs)"
    assert table[0].explain("flops") == "scan: 2 x 5 x 4 = 40 FLOPs (flops)"
    # the rule goes with the call, and stays nowhere
    with pytest.warns(cnnref.UncountedWarning):
        assert cnnref.trace(Scan(), (4,)).uncounted


def test_a_rule_may_call_a_view_of_nothing() -> None:
    table = cnnref.trace(Scan(), (4,), rules={scan: lambda y, x, w: Operation("view", (), y)})
    assert [(row.op, row.inputs) for row in table] == [("relu", ())]


def test_conventions_price_it_as_custom_or_by_its_name() -> None:
    table = cnnref.trace(Scan(), (4,), rules={scan: lambda y, x, w: 20})
    assert [table.operations(how) for how in ("macs", "flops", "lecture", "torch")] == [
        20,
        40,
        20,
        0,
    ]
    assert "scan" in table.to_text("lecture")
    prices = {"scan": {"macs": 3}}
    named = {"name": "mine", "base": "macs", "prices": prices, "own_operators": ["scan"]}
    assert table.operations(cnnref.Convention.from_dict(named)) == 60
    custom = {"name": "mine", "base": "macs", "prices": {"custom": {"elements_out": 7}}}
    assert table.operations(cnnref.Convention.from_dict(custom)) == 35
    # what no rule counts costs nothing under any of them
    with pytest.warns(cnnref.UncountedWarning):
        assert cnnref.trace(Scan(), (4,)).operations(cnnref.Convention.from_dict(custom)) == 0


def test_a_rule_for_a_class_of_modules_makes_one_row_of_each() -> None:
    def rule(result: Tensor, block: Block, x: Tensor) -> Counts:
        return Counts(macs=x.numel() * 12, bias_adds=10)

    table = cnnref.trace(Net(), (4,), rules={Block: rule})
    assert [(row.name, row.op, row.macs, row.parameters, row.inputs) for row in table] == [
        ("one", "Block", 48, 58, (-1,)),
        ("one#2", "Block", 48, 0, (0,)),
        ("relu", "relu", 0, 0, (1,)),
        ("two", "Block", 48, 58, (2,)),
        ("head", "linear", 8, 10, (3,)),
    ]
    assert table.parameters == sum(weight.numel() for weight in Net().parameters())
    assert table[0].counts.biases == 10
    assert table[0].explain() == "one: 48 = 48 MACs (macs)"
    assert [row.stage for row in table] == ["one", "one", "", "two", "head"]


def test_the_nearest_class_decides() -> None:
    rules = {nn.Module: lambda y, m, x: 1, Block: lambda y, m, x: 2, Wider: lambda y, m, x: 3}
    assert cnnref.trace(nn.Sequential(Block()), (4,), rules=rules).macs == 1
    del rules[nn.Module]
    assert [row.macs for row in cnnref.trace(Net(), (4,), rules=rules)] == [2, 2, 0, 3, 8]


def test_a_rule_for_a_function_goes_before_the_built_in_one() -> None:
    def rule(result: Tensor, x: Tensor, inplace: bool = False) -> Counts:
        return Counts(macs=x.numel())

    table = cnnref.trace(nn.ReLU(), (4,), rules={F.relu: rule})
    assert (table[0].name, table[0].op, table.macs) == ("relu", "relu", 4)
    assert cnnref.trace(nn.ReLU(), (4,)).macs == 0


def test_a_rule_for_an_autograd_function() -> None:
    before = Gate.apply
    table = cnnref.trace(Gated(), (4,), rules={Gate: lambda y, x, w: (4, x.numel())})
    assert [(row.op, row.macs, row.parameters) for row in table] == [("Gate", 16, 16)]
    assert "apply" not in vars(Gate)
    assert Gate.apply == before
    assert [row.op for row in cnnref.trace(Gated(), (4,))] == ["matmul", "sigmoid", "multiply"]
    with pytest.raises(ZeroDivisionError):
        cnnref.trace(Gated(), (4,), rules={Gate: lambda y, x, w: 1 // 0})
    assert "apply" not in vars(Gate)


def test_what_cannot_run_states_its_output() -> None:
    module = nn.Sequential(nn.Linear(4, 4), Compiled(), nn.Linear(6, 2))
    stated = OpaqueRule(lambda part, x: x.new_empty(*x.shape[:-1], 6), lambda y, part, x: y.numel())
    table = cnnref.trace(module, (3, 4), rules={Compiled: stated}, strict=True)
    assert [(row.op, row.out_shape, row.macs, row.inputs) for row in table] == [
        ("linear", (3, 4), 48, (-1,)),
        ("Compiled", (3, 6), 18, (0,)),
        ("linear", (3, 2), 36, (1,)),
    ]


def test_what_states_its_output_computes_in_a_run_with_values() -> None:
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    class Asks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.doubled = Doubled()

        def forward(self, x: Tensor) -> Tensor:
            found = self.doubled(x)
            return found[found == 2] @ torch.ones(3)

    stated = OpaqueRule(lambda part, x: torch.zeros_like(x), lambda y, part, x: y.numel())
    table = cnnref.trace(Asks(), inputs=torch.ones(3), rules={Doubled: stated})
    assert table.macs == 3 + 3
    assert str(table.ran).startswith("run once on the inputs that were given")


def test_an_operator_without_a_shape_is_named_with_both_remedies() -> None:
    class Shapeless(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.relu(shapeless(x))

    with pytest.raises(NotImplementedError) as error:
        cnnref.trace(Shapeless(), (4,), values="never")
    assert str(error.value) == (
        "PyTorch does not know the shape of what shapeless gives: register one with "
        "torch.library.register_fake, or give trace "
        "rules={torch.ops.cnnref_tests.shapeless: cnnref.OpaqueRule(output, rule)}"
    )
    stated = OpaqueRule(torch.empty_like, lambda y, x: y.numel())
    table = cnnref.trace(Shapeless(), (4,), rules={torch.ops.cnnref_tests.shapeless: stated})
    assert [(row.op, row.macs) for row in table] == [("shapeless", 4), ("relu", 0)]


def test_an_operation_says_everything() -> None:
    def rule(result: Tensor, part: nn.Module, x: Tensor) -> Operation:
        window = cnnref.Window((3, 3), (1, 1), (0, 0))
        formula = (((2, 2), 3), (5,))
        return Operation(
            "conv", (x,), result, window, Counts(macs=17), formulas=(("macs", formula),)
        )

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(7))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.weight

    (row,) = cnnref.trace(Own(), (7,), rules={Own: rule})
    assert (row.op, row.macs, row.parameters, row.window.kernel) == ("conv", 17, 7, (3, 3))
    assert row.operations("torch") == 34
    assert row.explain() == "Own: (2 x 2) x 3 + 5 = 17 MACs (macs)".replace("Own", row.name)


def test_budgets_and_sweeps_take_rules_too() -> None:
    rules = {scan: lambda y, x, w: 20}
    assert assert_budget(Scan(), macs=20, input_shape=(4,), rules=rules).macs == 20
    with pytest.raises(AssertionError, match="macs: 20 MACs exceed the budget of 19 MACs"):
        assert_budget(Scan(), macs=19, input_shape=(4,), rules=rules)
    points = cnnref.sweep(Scan(), batch_size=[1, 2], input_shape=(4,), rules=rules)
    assert [point.table.macs for point in points] == [20, 20]


NOT_SEEN = (
    "give the module that calls it a rule, or make it an operator with torch.library.custom_op."
)
FORMS = (
    "rules: a rule is for a function of torch, an operator of torch.ops, a "
    "torch.autograd.Function or a class of modules"
)
WRONG = {
    "an instance": (
        {nn.Linear(2, 2): lambda y, m, x: 1},
        f"{FORMS}; give Linear, not one of its instances.",
    ),
    "a name": ({"conv": lambda y, x: 1}, f"{FORMS}, but one is given for 'conv'."),
    "a function of Python": (
        {len: lambda y, x: 1},
        f"rules: len is a function that PyTorch does not announce; {NOT_SEEN}",
    ),
    "a method": (
        {Block.forward: lambda y, x: 1},
        f"rules: forward is a function that PyTorch does not announce; {NOT_SEEN}",
    ),
    "no rule": (
        {F.relu: 3},
        "The rule of relu must be a function of a call's result and arguments, or an OpaqueRule, "
        "but is 3.",
    ),
    **{
        f"an answer of {answer!r}": (
            {F.relu: lambda y, x, inplace, answer=answer: answer},
            "The rule of relu must give MACs as a whole number or as its factors, Counts or an "
            f"Operation, but gave {answer!r}.",
        )
        for answer in (
            None,
            1.5,
            True,
            -3,
            (),
            (2, 1.5),
            "3",
            Counts(macs=-3),
            Counts(bias_adds=0.5),
        )
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_rule_is_refused(name: str) -> None:
    rules, message = WRONG[name]
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(nn.ReLU(), (4,), rules=rules)
    assert str(error.value) == message
