"""What one more token costs a language model that keeps its keys and values."""

import torch
import torch.nn.functional as F
from torch import nn

import cnnref


class Block(nn.Module):
    """One layer of a decoder: attention to all that is in the cache, then a perceptron."""

    def __init__(self, width: int = 512, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(
        self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1)).movedim(-3, 0).transpose(2, 3)
        query, key, value = qkv
        keys, values = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
        seen = F.scaled_dot_product_attention(query, keys, values)
        x = x + self.project(seen.transpose(1, 2).flatten(2))
        return x + self.mlp(x), keys, values


block = Block().eval()
for before in (0, 1023, 2047, 4095):
    cache = torch.empty(1, 8, before, 64, device="meta")
    token = torch.empty(1, 1, 512, device="meta")
    table = cnnref.trace(block, inputs=(token, cache, cache))
    attention = sum(row.macs for row in table if row.op == "attention")
    print(f"token {before + 1}: {table.macs:,} MACs, of which {attention:,} attend")
