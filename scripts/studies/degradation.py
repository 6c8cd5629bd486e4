#!/usr/bin/env python3
"""Train plain and residual networks of growing depth on drawn glyphs, and record how far they get.

Usage: degradation.py [--output FILE] [--depths D ...] [--seeds S ...] [--steps N] [--rate RATE]
[--jobs N] [--fast]. Needs torch and no data: every image is drawn when it is needed and seen once,
so nothing can be learned by heart. The two kinds of network are the package's own blocks with the
shortcut off or on. A run is the same to the last bit when it is repeated on one machine with one
version of torch. Without --output the figures are shown and not written.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from cnnref import files

KINDS = ("plain", "residual")


class Settings(NamedTuple):
    """Everything that a run depends on, besides its depth, its kind and its seed.

    width: filters of the first stage; the next two have two and four times as many.
    drop: after this many steps the learning rate is divided by ten.
    last: the training loss is the mean over this many last steps.
    every: the curve has a point for this many steps, their mean.
    """

    depths: tuple[int, ...] = (8, 14, 20, 32, 44)
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 600
    drop: int = 480
    last: int = 100
    every: int = 20
    batch: int = 64
    rate: float = 0.05
    momentum: float = 0.9
    decay: float = 1e-4
    width: int = 8
    classes: int = 10
    size: int = 12
    glyph: int = 5
    noise: float = 0.5
    test_images: int = 2000


FAST = Settings(depths=(8, 14), seeds=(0,), steps=6, drop=4, last=2, every=2, test_images=40)


class Task(NamedTuple):
    depth: int
    kind: str
    seed: int
    settings: Settings


def draw(count: int, generator: Any, settings: Settings) -> tuple[Any, Any]:
    """Images of one glyph each, at any place, black or white, under noise; and their classes."""
    import torch

    size, edge = settings.size, settings.glyph
    # the alphabet is part of the task: the same at every seed
    alphabet = torch.Generator().manual_seed(1234)
    glyphs = torch.randint(2, (settings.classes, edge, edge), generator=alphabet) * 2.0 - 1
    classes = torch.randint(settings.classes, (count,), generator=generator)
    images = settings.noise * torch.randn(count, size, size, generator=generator)
    corners = torch.randint(size - edge + 1, (2, count, 1, 1), generator=generator)
    signs = torch.randint(2, (count, 1, 1), generator=generator) * 2.0 - 1
    places = torch.arange(edge)
    rows, columns = corners[0] + places[:, None], corners[1] + places
    images[torch.arange(count)[:, None, None], rows, columns] += signs * glyphs[classes]
    return images[:, None], classes


def network(depth: int, kind: str, settings: Settings) -> Any:
    """6n + 2 layers: a convolution, three stages of n blocks, and one fully-connected layer."""
    from torch import nn

    from cnnref.models.resnet_cifar import Block

    if depth % 6 != 2 or depth < 8:
        raise ValueError(f"a depth of {depth} is not 6n + 2; take 8, 14, 20 and so on")
    width = settings.width
    stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
    blocks: list[nn.Module] = []
    inplanes = width
    for planes, first in ((width, 1), (2 * width, 2), (4 * width, 2)):
        for number in range(depth // 6):
            stride = first if number == 0 else 1
            blocks.append(Block(inplanes, planes, stride, shortcut=kind == "residual"))
            inplanes = planes
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inplanes, settings.classes)]
    layers = nn.Sequential(stem, nn.BatchNorm2d(width), nn.ReLU(), nn.Sequential(*blocks), *head)
    for module in layers.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return layers


def train(task: Task) -> dict[str, Any]:
    """One run: the losses on the way, and the error on images that were never trained on."""
    import torch
    from torch.nn.functional import cross_entropy

    depth, kind, seed, settings = task
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    started = time.process_time()
    model = network(depth, kind, settings)
    optimizer = torch.optim.SGD(
        model.parameters(), settings.rate, settings.momentum, weight_decay=settings.decay
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [settings.drop], 0.1)
    # networks of one seed see the same images in the same order
    stream = torch.Generator().manual_seed(1000 + seed)
    losses: list[float] = []
    for _ in range(settings.steps):
        images, classes = draw(settings.batch, stream, settings)
        optimizer.zero_grad()
        loss = cross_entropy(model(images), classes)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    result = {
        "depth": depth,
        "kind": kind,
        "seed": seed,
        "parameters": sum(part.numel() for part in model.parameters()),
        "loss": mean(losses[-settings.last :]),
        "wrong": wrong(model, settings),
        "curve": [mean(part) for part in batches(losses, settings.every)],
    }
    if (depth, kind) == (settings.depths[0], "plain"):
        deep = deepened(model, settings.depths[-1], settings)
        result["wrong_copied_into_deepest"] = wrong(deep, settings)
    return result | {"cpu_seconds": round(time.process_time() - started, 1)}


def deepened(shallow: Any, depth: int, settings: Settings) -> Any:
    """A plain network of more layers that computes what a trained one does: the rest is identity.

    A block is the identity on what a ReLU hands it when its kernels copy each channel and its
    norms undo nothing but their own epsilon.
    """
    import torch
    from torch import nn

    deep = network(depth, "plain", settings).eval()
    old, new = shallow[3], deep[3]
    for place in (0, 1, -1):
        deep[place].load_state_dict(shallow[place].state_dict())
    per_old, per_new = len(old) // 3, len(new) // 3
    with torch.no_grad():
        for number, block in enumerate(new):
            stage, inside = divmod(number, per_new)
            if inside < per_old:
                block.load_state_dict(old[stage * per_old + inside].state_dict())
                continue
            for conv, norm in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
                nn.init.dirac_(conv.weight)
                norm.weight.fill_((1 + norm.eps) ** 0.5)
    return deep


def wrong(model: Any, settings: Settings) -> int:
    """How many of the test images are put into a wrong class."""
    import torch

    images, classes = draw(settings.test_images, torch.Generator().manual_seed(7), settings)
    model.eval()
    with torch.no_grad():
        return int((model(images).argmax(1) != classes).sum())


def mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def batches(values: list[float], size: int) -> Iterator[list[float]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def experiment(settings: Settings, jobs: int) -> dict[str, Any]:
    """All runs, deepest first so that the processes end together, in the order of the settings."""
    tasks = [
        Task(depth, kind, seed, settings)
        for depth in settings.depths
        for kind in KINDS
        for seed in settings.seeds
    ]
    started = time.perf_counter()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        pending = {task: pool.submit(train, task) for task in reversed(tasks)}
        runs = []
        for task in tasks:
            runs.append(pending[task].result())
            print(line(runs[-1], settings), flush=True)
    seconds = round(time.perf_counter() - started)
    return {
        "what": "plain and residual networks of growing depth, trained on drawn glyphs",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "processes": jobs,
        "seconds": seconds,
        "settings": settings._asdict(),
        "runs": runs,
    }


def line(run: dict[str, Any], settings: Settings) -> str:
    error = 100 * run["wrong"] / settings.test_images
    name = f"{run['kind']}-{run['depth']}"
    return f"{name:<12} seed {run['seed']}: training loss {run['loss']:.3f}, error {error:.1f} %"


def machine() -> dict[str, Any]:
    """What the figures were made on."""
    import os

    import torch

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(text.partition(":")[2].strip() for text in lines if text.startswith("model na"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def write(record: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # a run is one line, so that a new record can be compared with the old one
    runs = ",\n  ".join(json.dumps(run) for run in record["runs"])
    text = json.dumps(record | {"runs": []}, indent=1).replace(
        '"runs": []', f'"runs": [\n  {runs}]'
    )
    files.write(target, text + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--output", type=Path, help="where the record goes, as JSON")
    parser.add_argument("--depths", type=int, nargs="+", help="layers, each 6n + 2")
    parser.add_argument("--seeds", type=int, nargs="+", help="one run of each network for each")
    parser.add_argument("--steps", type=int, help="training steps; the last fifth at a lower rate")
    parser.add_argument("--rate", type=float, help="the learning rate at the start")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--fast", action="store_true", help="a few steps only, to see that it runs")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> Settings:
    settings = FAST if options.fast else Settings()
    if options.steps:
        settings = settings._replace(steps=options.steps, drop=options.steps * 4 // 5)
    if options.rate:
        settings = settings._replace(rate=options.rate)
    lists: dict[str, Any] = {
        name: tuple(getattr(options, name) or ()) for name in ("depths", "seeds")
    }
    return settings._replace(**{name: values for name, values in lists.items() if values})


def main() -> int:
    options = arguments()
    record = experiment(chosen(options), options.jobs)
    print(f"{len(record['runs'])} runs in {record['seconds']} s")
    if options.output:
        write(record, options.output)
        print(f"written to {options.output}")
    return 0
