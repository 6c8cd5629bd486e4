"""What a scripted module holds in C++ beside its parameters: lists and dicts, also of tensors."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import cnnref

pytestmark = pytest.mark.filterwarnings(
    "ignore:.torch.jit:DeprecationWarning", "ignore:The TorchScript type system:UserWarning"
)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], **options: bool) -> None:
        super().__init__()
        self.part = kind(8, 16, **options)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.part(x)[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_scripted_recurrent_layers_count_as_they_do_unscripted(
    kind: type[nn.RNNBase], both: bool
) -> None:
    module, x = Recurrent(kind, bidirectional=both), torch.randn(5, 2, 8)
    gates = 4 if kind is nn.LSTM else 3
    macs = 5 * 2 * gates * 16 * (8 + 16) * (1 + both)
    for one in (module, torch.jit.script(module)):
        table = cnnref.trace(one, inputs=x)
        assert (table.macs, table.uncounted) == (macs, ())
        assert table.parameters == sum(weight.numel() for weight in module.parameters())


class Writing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = [1]
        self.states = {"first": torch.ones(3)}

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(2)
        self.states["second"] = x
        self.states["first"].add_(1)
        return x * self.states["first"]


def test_what_a_scripted_module_writes_to_stays_as_it_is() -> None:
    module = torch.jit.script(Writing())
    assert cnnref.trace(module, inputs=torch.randn(2, 3))[-1].op == "multiply"
    assert module.seen == [1]
    assert list(module.states) == ["first"]
    assert module.states["first"].tolist() == [1, 1, 1]
    module(torch.randn(2, 3))  # what the test is about: a real run writes to all three
    assert (module.seen, len(module.states)) == ([1, 2], 2)
    assert module.states["first"].tolist() == [2, 2, 2]
