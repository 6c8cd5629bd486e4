"""One process of the benchmark: build one network, let one tool count it, say what that took.

The first call of a fresh process is told apart from those that follow, and from the import.

`python -m studies.peers.benchmark_child once TOOL NETWORK DEVICE` prints the tool's table and then
one JSON line; the same with `growth TOOL DEVICE` times it on deeper and deeper networks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor, nn

Text = Callable[[], str]
Outcome = tuple[float, Text]
DEPTHS = (1, 2, 4, 8)
REPEATS = 3


def cnnref(module: nn.Module, image: Tensor) -> Outcome:
    import cnnref

    table = cnnref.trace(module, inputs=image)
    return table.macs, table.to_text


def torch_counter(module: nn.Module, image: Tensor) -> Outcome:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(image)
    return counter.get_total_flops(), lambda: counter.get_table(depth=99)


def torchinfo(module: nn.Module, image: Tensor) -> Outcome:
    from studies.peers.tools import torchinfo_summary

    summary = torchinfo_summary(module, (image,))
    return summary.total_mult_adds, lambda: str(summary)


def fvcore(module: nn.Module, image: Tensor) -> Outcome:
    from studies.peers.tools import fvcore_analysis

    analysis = fvcore_analysis(module, (image,))

    def text() -> str:
        from fvcore.nn import flop_count_table

        return str(flop_count_table(analysis, max_depth=99))

    return analysis.total(), text


def thop(module: nn.Module, image: Tensor) -> Outcome:
    from thop import profile

    total, _, layers = profile(module, inputs=(image,), verbose=False, ret_layer_info=True)
    return total, lambda: str(layers)


def ptflops_aten(module: nn.Module, image: Tensor) -> Outcome:
    from studies.peers.tools import ptflops_aten as counted

    return counted(module, (image,)), str


def ptflops_pytorch(module: nn.Module, image: Tensor) -> Outcome:
    from studies.peers.tools import ptflops_pytorch as counted

    return counted(module, (image,)), str


def torchprofile(module: nn.Module, image: Tensor) -> Outcome:
    from torchprofile import profile_macs

    nodes: Any = profile_macs(module, (image,), reduction=None)
    lines = (f"{node.scope} {node.operator} {macs}" for node, macs in nodes.items())
    return sum(nodes.values()), lambda: "\n".join(lines)


def torchscan(module: nn.Module, image: Tensor) -> Outcome:
    from studies.peers.tools import torchscan_report

    report = torchscan_report(module, (image,))

    def text() -> str:
        from torchscan.utils import format_info

        return str(format_info(report))

    return report["totals"]["macs"]["known_value"], text


def nothing(module: nn.Module, image: Tensor) -> Outcome:
    return 0, str


TOOLS: dict[str, Callable[[nn.Module, Tensor], Outcome]] = {
    "nothing": nothing,
    "cnnref": cnnref,
    "FlopCounterMode": torch_counter,
    "fvcore": fvcore,
    "torchinfo": torchinfo,
    "ptflops aten": ptflops_aten,
    "ptflops pytorch": ptflops_pytorch,
    "thop": thop,
    "torchprofile": torchprofile,
    "torchscan": torchscan,
}


# what a user imports before the first call
ENTRIES = {
    "nothing": "builtins:print",
    "cnnref": "cnnref:trace",
    "FlopCounterMode": "torch.utils.flop_counter:FlopCounterMode",
    "fvcore": "fvcore.nn:FlopCountAnalysis",
    "torchinfo": "torchinfo:summary",
    "ptflops aten": "ptflops:get_model_complexity_info",
    "ptflops pytorch": "ptflops:get_model_complexity_info",
    "thop": "thop:profile",
    "torchprofile": "torchprofile:profile_macs",
    "torchscan": "torchscan:crawl_module",
}


def import_ms(tool: str) -> float:
    """Milliseconds to import the tool's function, torch being there already."""
    started = perf_counter()
    module, _, function = ENTRIES[tool].partition(":")
    getattr(import_module(module), function)
    return round(1e3 * (perf_counter() - started), 3)


def network(name: str) -> nn.Module:
    from torchvision import models

    # drawing truncated normals would take far longer than all else
    plain = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    module: nn.Module = models.get_model(name, weights=None, **plain)
    return module


def deep(times: int) -> nn.Module:
    from torchvision.models.resnet import Bottleneck, ResNet

    module: nn.Module = ResNet(Bottleneck, [depth * times for depth in (3, 4, 6, 3)])
    return module


def once(tool: str, name: str, device: str) -> dict[str, Any]:
    with torch.device(device):
        module, image = network(name).eval(), torch.zeros(1, 3, *size(name))
    with silent():
        imported = import_ms(tool)
    before = resident("VmRSS")
    with silent():
        (call, used), (total, text) = timed(tool, module, image)
        peak = resident("VmHWM")
        following = [timed(tool, module, image)[0] for _ in range(REPEATS)]
    print(text())
    return {
        "total": int(total),
        "import_ms": imported,
        "call_ms": round(1e3 * call, 3),
        "call_processor_ms": round(1e3 * used, 3),
        "following_ms": round(1e3 * median(call for call, _ in following), 3),
        "following_processor_ms": round(1e3 * median(used for _, used in following), 3),
        "before_mib": before,
        "peak_mib": peak,
    }


def timed(tool: str, module: nn.Module, image: Tensor) -> tuple[tuple[float, float], Outcome]:
    """Seconds by the clock and of processors, and what a call gave."""
    started, before = perf_counter(), process_time()
    outcome = TOOLS[tool](module, image)
    return (perf_counter() - started, process_time() - before), outcome


def size(name: str) -> tuple[int, int]:
    return (299, 299) if name == "inception_v3" else (224, 224)


def growth(tool: str, device: str) -> dict[str, Any]:
    """Milliseconds of processor time for each depth, after a call that does not count."""
    found = []
    for times in DEPTHS:
        with torch.device(device):
            module, image = deep(times).eval(), torch.zeros(1, 3, 64, 64)
        layers = sum(isinstance(part, nn.Conv2d) for part in module.modules())
        spent = []
        for _ in range(REPEATS + 1):
            with silent():
                (_, used), _ = timed(tool, module, image)
            spent.append(1e3 * used)  # which a busy machine disturbs less than the clock
        found.append({"convolutions": layers, "processor_ms": round(median(spent[1:]), 3)})
    return {"growth": found}


@contextmanager
def silent() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def resident(what: str) -> float:
    """MiB of memory that this process holds (VmRSS), or has held at its peak (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith(what))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    tasks: dict[str, Callable[..., dict[str, Any]]] = {"once": once, "growth": growth}
    print(json.dumps(tasks[sys.argv[1]](*sys.argv[2:])))
