import cnnref
import torch
from torch import Tensor, nn


@torch.library.custom_op("mylib::gather_and_add", mutates_args=())
def gather_and_add(x: Tensor, weight: Tensor) -> Tensor:
    """A kernel in C++ or CUDA would stand here."""
    return x @ weight.T


@gather_and_add.register_fake
def _(x: Tensor, weight: Tensor) -> Tensor:
    return x.new_empty(*x.shape[:-1], weight.shape[0])


class Gather(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        return gather_and_add(x, self.weight)


def cost(result: Tensor, x: Tensor, weight: Tensor) -> cnnref.Counts:
    return cnnref.Counts(macs=result.numel() * weight.shape[-1], bias_adds=result.numel())


table = cnnref.trace(Gather(), (8,), rules={gather_and_add: cost})
print(table[0].macs, table[0].counts.bias_adds, table.parameters)
