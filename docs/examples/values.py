"""Rows that depend on what a network sees."""

import torch
from torch import nn

import cnnref


class Experts(nn.Module):
    """Each token goes to one of four experts, which its router chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(16, 4)
        self.experts = nn.ModuleList(nn.Linear(16, 16) for _ in range(4))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        chosen = self.router(tokens).argmax(dim=-1)
        mixed = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            mine = (chosen == number).nonzero()[:, 0]
            mixed[mine] = expert(tokens[mine])
        return mixed


torch.manual_seed(0)
table = cnnref.trace(Experts().eval(), inputs=torch.randn(10, 16))
print(table.ran)
for row in table:
    if row.macs:
        print(row.explain())
