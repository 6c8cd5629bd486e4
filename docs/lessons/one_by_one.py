import torch
from torch import Tensor


# --8<-- [start:mix]
def mix(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A 1x1 convolution: x is N x C x H x W, weight is D x C; the result is N x D x H x W."""
    return torch.einsum("nchw,dc->ndhw", x, weight) + bias[:, None, None]
    # --8<-- [end:mix]


# --8<-- [start:head]
def head(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Global average pooling and one layer: N x C x H x W to N x classes, for any H and W."""
    return x.mean(dim=(2, 3)) @ weight.T + bias
    # --8<-- [end:head]
