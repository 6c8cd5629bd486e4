"""Modules of every kind: the MACs are those of torch's own counter, or of the documented rule."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from traced_modules import CASES, Call, Case, normal

import cnnref
from cnnref.counting import explain
from cnnref.counting.conventions import CONVENTIONS
from cnnref.errors import CnnrefError
from cnnref.tables.table import Table
from cnnref.tracing.constants import NeedsDataError

# torch's own, when it loads its compiler
QUIETLY = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def traced(case: Case) -> tuple[nn.Module, Table]:
    module = case.build()
    with warnings.catch_warnings():
        # nothing is uncounted, and nothing deprecated is called
        warnings.simplefilter("error")
        return module, cnnref.trace(module, inputs=case.inputs, strict=True)


def counted_by_torch(module: nn.Module, inputs: Any) -> int:
    """Half of what torch's counter says; without kernels for which it has no formula."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    kernels = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)
    try:
        with torch.no_grad(), kernels, FlopCounterMode(display=False) as counter:
            module.eval()(**inputs) if isinstance(inputs, dict) else module.eval()(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    total: int = counter.get_total_flops()
    return total // 2


@pytest.mark.parametrize("name", CASES)
def test_the_macs_are_those_of_torch(name: str) -> None:
    module, table = traced(CASES[name])
    wanted = CASES[name].macs
    if wanted is None:
        wanted = counted_by_torch(module, CASES[name].inputs)
    assert table.macs == wanted
    assert table.operations("macs") == table.macs
    assert table.parameters == sum(weight.numel() for weight in module.parameters())


def evaluated(text: str) -> int:
    """The value of a printed formula."""
    assert re.fullmatch(r"[\d,x +()-]+", text), text
    return int(eval(text.replace(",", "").replace("x", "*")))


@pytest.mark.parametrize("name", CASES)
def test_every_count_can_be_asked_for_its_formula(name: str) -> None:
    _, table = traced(CASES[name])
    for row in table:
        lines = [
            (explain.operations(row, how), how.operations(row)) for how in CONVENTIONS.values()
        ]
        lines += [(explain.memory(row, how), how.stored_bytes(row)) for how in CONVENTIONS.values()]
        lines.append((explain.parameters(row), row.parameters))
        for line, number in lines:
            left, equals, right = line.partition(" = ")
            assert (number == 0) or equals
            if equals:
                shown = right.partition(" ")[0].replace(",", "")
                assert evaluated(left) == int(shown) == number
        assert "\n" not in row.explain()
        told = explain.told(table, row, CONVENTIONS["lecture"])
        assert told[0].startswith(f"{row.name} of {table.name}: {row.op}, ")
        assert told[-1] == "  convention  lecture: The lecture's count"


@pytest.mark.parametrize(
    ("name", "row", "line"),
    [
        (
            "conv_transpose2d",
            "conv_transpose",
            "(4 x 7 x 9) x (4 x 3 x 3) = 9,072 MACs (macs)",
        ),
        ("causal attention", "attention", "(2 x 4 x 5) x 5 x 16 + (2 x 4 x 5) x 5 x 16 = 6,400"),
        ("lstm cell", "lstm", "2 x 64 x 8 + 2 x 64 x 16 = 3,072"),
        ("bilinear", "bilinear", "12 x 4 x 5 + 12 x 5 = 300"),
        ("einsum of three", "matmul", " = 312"),
        ("linear on four", "linear", "(2 x 3 x 4) x 8 x 5 = 960"),
        ("@", "matmul", "(2 x 3 x 5) x 8 = 240"),
    ],
)
def test_formulas_read_like_the_operator(name: str, row: str, line: str) -> None:
    _, table = traced(CASES[name])
    (found,) = [layer for layer in table if layer.op == row]
    assert line in found.explain()


def test_a_batch_of_several_does_not_confuse_the_formulas() -> None:
    image = normal(4, 3, 8, 8)
    table = cnnref.trace(nn.Sequential(nn.Conv2d(3, 6, 3), nn.MaxPool2d(2)), inputs=(image,))
    assert table[0].explain() == "0: (4 x 6 x 6 x 6) x (3 x 3 x 3) = 23,328 MACs (macs)"
    assert table[1].explain("lecture") == "1: (4 x 6 x 3 x 3) x (2 x 2) = 864 flops (lecture)"
    assert explain.parameters(table[0]) == "(6 x 3 x 3 x 3) + 6 = 168"
    assert explain.output_size(table[0]) == "floor((8 - 3 + 2 x 0) / 1) + 1 = 6"
    frame = table.to_frame("lecture")
    assert list(frame["C"]) == [3, 6]
    assert list(frame["H/W"]) == [8, 6]
    assert list(frame["filters"].dropna()) == [6]


def test_values_of_whole_numbers_decide_and_feature_maps_cannot() -> None:
    mask = torch.tensor([True, False, True])
    case = CASES["a value of an input"]
    assert len(cnnref.trace(case.build(), inputs=(normal(1, 4), mask))) == 2
    with pytest.raises(NeedsDataError) as error:
        cnnref.trace(case.build(), inputs=(normal(1, 4), mask.to("meta")), values="never")
    assert str(error.value) == (
        "the module itself (Decided) asks for the value of a feature map or a weight (__bool__), "
        'which shapes do not tell: values="auto" runs it once.'
    )


ASKING = {
    "__bool__": lambda x: x if x.sum() > 0 else -x,
    "__int__": lambda x: int(x.sum()),
    "item": lambda x: x.sum().item(),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "nonzero": lambda x: x.nonzero(),
    "unique": torch.unique,
    "masked_select": lambda x: x.masked_select(x > 0),
}


@pytest.mark.parametrize("name", ASKING)
def test_what_needs_values_is_named(name: str) -> None:
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(Call(ASKING[name]), (4,), values="never")
    assert f"asks for the value of a feature map or a weight ({name})" in str(error.value)


@QUIETLY
def test_what_is_scripted_is_seen() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    table = cnnref.trace(plain, (3, 8, 8))
    image = normal(1, 3, 8, 8)
    scripted = torch.jit.script(plain)
    kinds = [scripted, torch.jit.freeze(scripted)]
    # torch 2.9 itself cannot run, without values, a convolution that torch.jit.trace wrote down
    written = torch.jit.trace(plain, image)
    twin = torch.jit.trace(copy.deepcopy(plain), image)
    if torch.__version__ >= (2, 13) or runs_without_values(twin, image):
        kinds.append(written)
    part = nn.Sequential(torch.jit.script(nn.Conv2d(3, 4, 3)), nn.ReLU())
    double = torch.jit.script(product)
    for module in kinds:
        found = cnnref.trace(module, inputs=(image,), strict=True)
        assert found.macs == table.macs
    assert cnnref.trace(kinds[0], (3, 8, 8)).parameters == table.parameters
    assert [row.name for row in cnnref.trace(part, (3, 8, 8))] == ["0", "1"]
    assert cnnref.trace(Call(double), (3, 8, 8)).macs == 3 * 8 * 8 * 8


def runs_without_values(module: nn.Module, image: torch.Tensor) -> bool:
    try:
        with torch.no_grad():
            module.to("meta")(image.to("meta"))
    except RuntimeError:
        return False
    return True


def product(x: torch.Tensor) -> torch.Tensor:
    return torch.matmul(x, x)


@QUIETLY
@pytest.mark.parametrize(
    "wrap",
    [
        torch.compile,
        nn.DataParallel,
        lambda module: torch.compile(nn.DataParallel(module)),
    ],
    ids=["compile", "DataParallel", "both"],
)
def test_wrappers_are_looked_through(wrap: Any) -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU()))
    table = cnnref.trace(plain, (3, 8, 8))
    assert table.name == "Sequential"
    assert cnnref.trace(wrap(plain), (3, 8, 8)) == table
    plain[1] = wrap(plain[1])
    assert cnnref.trace(plain, (3, 8, 8)) == table


COMPILING = """
import sys, torch, cnnref
class Compiling(torch.nn.Linear):
    def forward(self, x): return torch.compile(super().forward)(x)
before = "torch._dynamo" in sys.modules
print(before, [(row.name, row.macs) for row in cnnref.trace(Compiling(8, 4), (8,))])
"""


@pytest.mark.slow
def test_a_forward_that_is_the_first_to_compile_runs_as_written() -> None:
    """In a process of its own, which has not loaded PyTorch's compiler."""
    command = [sys.executable, "-W", "ignore", "-c", COMPILING]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False [('linear', 32)]\n"


@QUIETLY
def test_what_compiles_in_place_or_by_function_runs_as_written() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    table = cnnref.trace(module, (4,))
    module.compile()
    assert cnnref.trace(module, (4,)) == table
    assert module._compiled_call_impl is not None
    assert cnnref.trace(Call(torch.compile(product)), (4, 4)).macs == 64


def test_dtypes_and_devices_are_nobodys_business() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    table = cnnref.trace(plain, (3, 8, 8))
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        assert cnnref.trace(plain.to(dtype), (3, 8, 8)) == table
    assert cnnref.trace(plain.to("meta"), (3, 8, 8)) == table
    assert cnnref.trace(plain, inputs=(normal(1, 3, 8, 8).double(),)) == table


class Elsewhere(torch.Tensor):
    """A parameter that says it is on a GPU, which no kernel can reach."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return torch.device("cuda", 0)


class Moving(nn.Module):
    """Makes and moves tensors on its own device."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.linear.weight = nn.Parameter(torch.zeros(4, 4).as_subclass(Elsewhere))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        device = self.linear.weight.device
        x = x.to(device) + torch.zeros(4, device=device)
        return self.linear(x.cuda()).cpu() + torch.arange(4, device="cuda")


def test_a_module_on_another_device_is_traced_without_it() -> None:
    module = Moving()
    assert module.linear.weight.device.type == "cuda"
    table = cnnref.trace(module, (4,), strict=True)
    assert (table.macs, table.parameters) == (16, 20)


def test_a_quantised_module_is_refused_in_a_sentence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantised = torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(4, 4)), {nn.Linear}, dtype=torch.qint8
        )
    with pytest.raises(CnnrefError) as error:
        cnnref.trace(quantised, (4,))
    assert str(error.value) == (
        "0 is quantised (Linear) and hides its weights: trace the network that it was made of, "
        "which has the same MACs."
    )


def test_parameters_that_no_row_uses_are_told() -> None:
    class Auxiliary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.head = nn.Linear(4, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.conv(x)
            return self.head(y) if self.training else y

    table = cnnref.trace(Auxiliary(), (3, 8, 8))
    assert table.unused == (("head.weight", 20), ("head.bias", 5))
    note = "25 more parameters, of head, are not used by this call."
    for text in (table.to_text(), table.to_markdown(), table.to_html()):
        assert note in text
    assert "not used" not in cnnref.trace(nn.Conv2d(3, 4, 3), (3, 8, 8)).to_text()


def test_a_parameter_that_forward_makes_and_no_row_uses_is_told() -> None:
    class Maker(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.late = nn.Parameter(torch.zeros(7))
            y: torch.Tensor = self.conv(x)
            return y

    assert cnnref.trace(Maker(), (3, 8, 8)).unused == (("late", 7),)
