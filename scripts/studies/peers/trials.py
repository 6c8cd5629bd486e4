"""Put one counter to every trial in this process: what it counts, says, and leaves behind.

`python trials.py TOOL` prints one JSON object. A process for each tool, since some change torch.
"""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from logging import StreamHandler, getLogger
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from studies.peers.tools import BY_NAME, Inputs, Tool, quiet
from studies.peers.trial_cases import TRIALS, Stateful, Trial, Unknown


def ours(module: nn.Module, inputs: Inputs) -> float:
    import cnnref

    return cnnref.trace(module, inputs=inputs).macs


CNNREF = Tool("cnnref", "torch", "macs", True, ours)
# a counter of FLOPs says two for a MAC
PER_MAC = {"FlopCounterMode": 2}


def put_to_all(tool: Tool) -> dict[str, Any]:
    return {
        "tool": tool.name,
        "version": "" if tool is CNNREF else tool.version.partition("+")[0],
        "counts": {trial.key: counted(tool, trial) for trial in TRIALS},
        "names_unknown": names_unknown(tool),
        "left": left(tool, fails=False),
        "left_after_failure": left(tool, fails=True),
    }


def counted(tool: Tool, trial: Trial) -> dict[str, Any]:
    """The MACs that the tool finds, or the error that it ends with."""
    module = trial.build().to(trial.device, trial.dtype).eval()
    inputs = tuple(
        torch.ones(1, *shape, device=trial.device, dtype=trial.dtype) for shape in trial.shapes
    )
    try:
        with quiet():
            total = tool.total(module, inputs)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    return {"macs": total / PER_MAC.get(tool.name, 1), "partial": partial(tool, module, inputs)}


def partial(tool: Tool, module: nn.Module, inputs: Inputs) -> bool:
    """Whether the tool itself marks this total as incomplete."""
    if tool.name == "torchscan":
        from studies.peers.tools import torchscan_report

        report = torchscan_report(module, inputs)
        return bool(report["totals"]["macs"]["status"] != "complete")
    if tool is CNNREF:
        import cnnref

        with quiet():
            return bool(cnnref.trace(module, inputs=inputs).uncounted)
    return False


def names_unknown(tool: Tool) -> bool:
    """Whether the operator that it does not know is named anywhere in what it says."""
    said = StringIO()
    handler = StreamHandler(said)
    getLogger().addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with redirect_stdout(said), redirect_stderr(said):
                said.write(str(default(tool)(Unknown(), (torch.ones(1, 5, 16),))))
    except Exception as error:
        said.write(str(error))
    finally:
        getLogger().removeHandler(handler)
    return "cdist" in said.getvalue() + " ".join(str(entry.message) for entry in warned)


def default(tool: Tool) -> Any:
    """The tool as it comes: where our way of asking keeps it quiet, another way."""
    if tool.name == "fvcore":
        from fvcore.nn import FlopCountAnalysis

        return lambda module, inputs: FlopCountAnalysis(module, inputs).total()
    if tool.name == "torchscan":
        from studies.peers.tools import torchscan_report

        return lambda module, inputs: torchscan_report(module, inputs)["diagnostics"]
    return tool.total


def left(tool: Tool, fails: bool) -> list[str]:
    """What is not as it was after a call, by name."""
    module = Stateful(fails).train()
    inputs = (torch.ones(1, 3, 8, 8),)
    torch.manual_seed(0)
    before = state(module)
    try:
        with quiet():
            tool.total(module, inputs)
    except Exception:  # planned, or the tool's own
        pass
    after = state(module)
    return [what for what, value in before.items() if after[what] != value]


def state(module: nn.Module) -> dict[str, Any]:
    parts = list(module.modules())
    return {
        "training flags": [part.training for part in parts],
        "parameters": {name: value.tolist() for name, value in module.named_parameters()},
        "batch-norm statistics": {
            name: value.tolist() for name, value in module.named_buffers() if "running" in name
        },
        "extra buffers": [name for name, _ in module.named_buffers()],
        "hooks": [
            len(value) for part in parts for name, value in vars(part).items() if "hooks" in name
        ],
        "attributes of modules": [sorted(vars(part)) for part in parts],
        "patched functions": patched(),
        "random state": torch.get_rng_state().tolist(),
        "grad mode": torch.is_grad_enabled(),
        "default dtype and device": [
            str(torch.get_default_dtype()),
            str(torch.get_default_device()),
        ],
    }


def patched() -> list[int]:
    """The identities of what others may replace."""
    names = ("matmul", "mm", "bmm", "addmm", "baddbmm", "mul", "add")
    spaces: list[tuple[Any, Any]] = [(F, sorted(vars(F))), (torch, names), (torch.Tensor, names)]
    return [id(getattr(space, name, None)) for space, listed in spaces for name in listed]


if __name__ == "__main__":
    wanted = sys.argv[1]
    print(json.dumps(put_to_all(CNNREF if wanted == CNNREF.name else BY_NAME[wanted])))
