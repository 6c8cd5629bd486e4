"""The other counters, each behind one function of a module and its inputs.

Some of them leave hooks, buffers or attributes in the module behind, and one replaces functions of
torch while it runs: give each a fresh module.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from inspect import signature
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

Inputs = tuple[Tensor, ...]


class Tool(NamedTuple):
    """One way to ask one package.

    convention: cnnref's price list of it; "" where there is none.
    layers: whether it tells layers apart; a total alone is less work.
    """

    name: str
    package: str
    convention: str
    layers: bool
    total: Callable[[nn.Module, Inputs], float]

    @property
    def version(self) -> str:
        return version(self.package)


def torch_counter(module: nn.Module, inputs: Inputs) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return float(counter.get_total_flops())


def fvcore(module: nn.Module, inputs: Inputs) -> float:
    return float(fvcore_analysis(module, inputs).total())


def fvcore_analysis(module: nn.Module, inputs: Inputs) -> Any:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, inputs)
    analysis.unsupported_ops_warnings(False)
    analysis.uncalled_modules_warnings(False)
    analysis.tracer_warnings("none")
    return analysis


def torchinfo(module: nn.Module, inputs: Inputs) -> float:
    return float(torchinfo_summary(module, inputs).total_mult_adds)


def torchinfo_bytes(module: nn.Module, inputs: Inputs) -> float:
    return float(torchinfo_summary(module, inputs).total_output_bytes)


def torchinfo_summary(module: nn.Module, inputs: Inputs) -> Any:
    from torchinfo import summary

    return summary(module, input_data=inputs, device=inputs[0].device, verbose=0)


def ptflops_aten(module: nn.Module, inputs: Inputs) -> float:
    return _ptflops(module, inputs, "aten")


def ptflops_pytorch(module: nn.Module, inputs: Inputs) -> float:
    return _ptflops(module, inputs, "pytorch")


def _ptflops(module: nn.Module, inputs: Inputs, backend: str) -> float:
    from ptflops import get_model_complexity_info

    names = list(signature(module.forward).parameters)
    several = dict(zip(names, inputs, strict=False)) if len(inputs) > 1 else inputs[0]
    total, _ = get_model_complexity_info(
        module,
        tuple(inputs[0].shape[1:]),
        as_strings=False,
        print_per_layer_stat=False,
        backend=backend,
        input_constructor=lambda _: several,
    )
    if total is None:
        raise RuntimeError("ptflops gave up")
    return float(total)


def thop(module: nn.Module, inputs: Inputs) -> float:
    from thop import profile

    return float(profile(module, inputs=inputs, verbose=False)[0])


def torchprofile(module: nn.Module, inputs: Inputs) -> float:
    from torchprofile import profile_macs

    total: Any = profile_macs(module, inputs)
    return float(total)


def torchscan(module: nn.Module, inputs: Inputs) -> float:
    # "value" is None where a layer has no formula; what is known is there in any case
    return float(torchscan_report(module, inputs)["totals"]["macs"]["known_value"])


def torchscan_report(module: nn.Module, inputs: Inputs) -> Any:
    from torchscan import crawl_module

    return crawl_module(module, args=inputs)


TOOLS = (
    Tool("FlopCounterMode", "torch", "torch", True, torch_counter),
    Tool("fvcore", "fvcore", "fvcore", True, fvcore),
    Tool("torchinfo", "torchinfo", "torchinfo", True, torchinfo),
    Tool("ptflops aten", "ptflops", "ptflops", True, ptflops_aten),
    Tool("ptflops pytorch", "ptflops", "", True, ptflops_pytorch),
    Tool("thop", "thop", "thop", True, thop),
    Tool("torchprofile", "torchprofile", "torchprofile", True, torchprofile),
    Tool("torchscan", "torchscan", "", True, torchscan),
)
BYTES = Tool("torchinfo bytes", "torchinfo", "torchinfo", False, torchinfo_bytes)
BY_NAME = {tool.name: tool for tool in (*TOOLS, BYTES)}
# the first two go through torch.jit, which refuses tensors without data; what the third replaces
# is also what the meta device's own code calls, so that it counts more there
NEED_DATA = ("fvcore", "torchprofile", "ptflops pytorch")


def count(tool: Tool, module: nn.Module, inputs: Inputs) -> int:
    """The tool's total; whatever it prints or warns is left out."""
    with quiet():
        total = tool.total(module, inputs)
    if total != int(total):
        raise ValueError(f"{tool.name} gave {total}, which is no whole number")
    return int(total)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def fresh(build: Callable[[], nn.Module], device: str) -> nn.Module:
    """A new module whose weights are not drawn, which takes longer than to count them."""
    with torch.no_grad(), torch.device("meta"):
        module = build()
    return (module if device == "meta" else module.to_empty(device=device)).eval()
