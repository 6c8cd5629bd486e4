from torch import Tensor, nn


# --8<-- [start:normalise]
def normalise(x: Tensor, scale: Tensor, shift: Tensor, eps: float = 1e-5) -> Tensor:
    """Batch normalisation in training: x is a batch of maps, N x C x H x W."""
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    spread = (variance + eps).sqrt()
    return scale[:, None, None] * (x - mean) / spread + shift[:, None, None]
    # --8<-- [end:normalise]


# --8<-- [start:fold]
def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that does what the two do at inference."""
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    bias = 0 if conv.bias is None else conv.bias
    conv.weight.data *= factor[:, None, None, None]
    conv.bias = nn.Parameter(factor * (bias - norm.running_mean) + norm.bias)
    return conv
    # --8<-- [end:fold]
