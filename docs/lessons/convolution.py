import torch
from torch import Tensor


# --8<-- [start:convolve]
def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution, without padding: x is C x H x W, weight is F x C x K x K."""
    filters, _, size, _ = weight.shape
    out = torch.empty(filters, x.shape[1] - size + 1, x.shape[2] - size + 1)
    for row in range(out.shape[1]):
        for column in range(out.shape[2]):
            seen = x[:, row : row + size, column : column + size]
            out[:, row, column] = (weight * seen).sum(dim=(1, 2, 3)) + bias
    return out
    # --8<-- [end:convolve]
