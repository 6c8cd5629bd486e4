import cnnref
from gathered import Gather, gather_and_add
from torch import Tensor


def cost(result: Tensor, x: Tensor, weight: Tensor) -> cnnref.Counts:
    return cnnref.Counts(macs=result.numel() * weight.shape[-1], bias_adds=result.numel())


table = cnnref.trace(Gather(), (8,), rules={gather_and_add: cost}, strict=True)
print(table.macs, table[-1].counts.bias_adds, table.parameters)
