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
        self.stem = nn.Linear(8, 8)
        self.weight = nn.Parameter(torch.zeros(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        return gather_and_add(self.stem(x), self.weight)
