"""What all experiments with small trained networks share: settings, runs, and what is kept.

An experiment is a question, a list of conditions and a function that builds a network under one of
them. Each condition is run once for every seed. Runs of one seed see the same images in the same
order, and a run is the same to the last bit when it is repeated on one machine with one version of
torch.
"""

from __future__ import annotations

import inspect
import json
import math
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from studies import code
from studies.ledger import Ledger
from studies.trained import images
from studies.trained.images import Source
from website.places import CACHE

Condition = Mapping[str, Any]
# how many images are classified at once
AT_ONCE = 2000


@dataclass(frozen=True)
class Settings:
    """Everything that a run depends on, besides its condition and its seed.

    drop: after this many steps the learning rate is divided by ten.
    last: the training loss is the mean over this many last steps.
    every: the curve has a point for this many steps, their mean.
    glyph: the edge of what is drawn into an image, in pixels; of stripes their period.
    """

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    steps: int = 300
    drop: int = 240
    last: int = 40
    every: int = 10
    batch: int = 32
    rate: float = 0.05
    momentum: float = 0.9
    decay: float = 1e-4
    classes: int = 10
    size: int = 12
    glyph: int = 5
    noise: float = 0.5
    test_images: int = 2000


class Task(NamedTuple):
    """One run. folder: where CIFAR-10 lies, or "" for images that are drawn."""

    name: str
    condition: Condition
    seed: int
    settings: Any
    folder: str = ""

    @property
    def experiment(self) -> Experiment:
        return experiment(self.name)

    @property
    def stated(self) -> dict[str, Any]:
        """What the run depends on, as JSON knows it; the other seeds are no part of it."""
        parts = self._asdict() | {"settings": asdict(replace(self.settings, seeds=()))}
        loaded: dict[str, Any] = json.loads(json.dumps(parts))
        return loaded

    def source(self) -> Source:
        if self.folder:
            return images.cifar10(Path(self.folder), self.settings.test_images)
        return self.experiment.source(self.settings)


def own(condition: Condition, settings: Any) -> Any:
    """The settings of one condition: what it has the name of takes its value."""
    names = {field.name for field in fields(settings)}
    return replace(settings, **{name: condition[name] for name in condition if name in names})


def losses_of(model: Any, batch: Any, classes: Any) -> tuple[Any, Any]:
    """What training makes small, and what is recorded: the cross entropy of the model's scores."""
    from torch.nn.functional import cross_entropy

    value = cross_entropy(model(batch), classes)
    return value, value


def nothing(_model: Any, _task: Task, _source: Source) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Experiment:
    """One question put to small networks.

    conditions: what is varied, from the settings: one mapping of names to values for each.
    network: the model under a condition, with weights as they start.
    fast: the settings of a run of seconds that only shows that everything works.
    own: the settings under one condition.
    further: what a run records besides, from the trained model.
    """

    question: str
    settings: Any
    conditions: Callable[[Any], list[dict[str, Any]]]
    network: Callable[[Condition, Any, Source], Any]
    fast: Mapping[str, Any]
    source: Callable[[Any], Source] = images.Glyphs
    own: Callable[[Condition, Any], Any] = own
    losses_of: Callable[[Any, Any, Any], tuple[Any, Any]] = losses_of
    further: Callable[[Any, Task, Source], dict[str, Any]] = nothing


def experiment(name: str) -> Experiment:
    found: Experiment = import_module(f"studies.trained.experiments.{name}").EXPERIMENT
    return found


def tasks(name: str, settings: Any, folder: str = "") -> list[Task]:
    """Every run of an experiment: its conditions in their order, each with every seed."""
    return [
        Task(name, condition, seed, settings, folder)
        for condition in experiment(name).conditions(settings)
        for seed in settings.seeds
    ]


def train(task: Task) -> dict[str, Any]:
    """One run: the losses on the way, and the error on images that were never trained on."""
    import torch

    import cnnref

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(task.seed)
    started = time.process_time()
    source = task.source()
    settings = task.experiment.own(task.condition, task.settings)
    model = task.experiment.network(task.condition, settings, source)
    losses = list(steps(model, task, settings, source))
    done = settings.steps == len(losses)
    result = {
        **task.condition,
        "seed": task.seed,
        "parameters": sum(part.numel() for part in model.parameters()),
        # of a run that diverged there is no end
        "loss": mean(losses[-settings.last :]) if done and losses else None,
        "wrong": wrong(model, *source.test()),
        "curve": [mean(part) for part in batches(losses, settings.every)],
    }
    result |= task.experiment.further(model, task, source)
    shape = (source.channels, source.size, source.size)
    result["macs"] = cnnref.trace(model.eval(), shape).macs
    return result | {"cpu_seconds": round(time.process_time() - started, 1)}


def steps(model: Any, task: Task, settings: Any, source: Source) -> Iterator[float]:
    """The loss of each step of training, until it is no number any more."""
    import torch

    optimizer = torch.optim.SGD(
        model.parameters(), settings.rate, settings.momentum, weight_decay=settings.decay
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [settings.drop], 0.1)
    # networks of one seed see the same images in the same order
    stream = torch.Generator().manual_seed(1000 + task.seed)
    for _ in range(settings.steps):
        batch, classes = source.draw(settings.batch, stream)
        optimizer.zero_grad()
        minimised, value = task.experiment.losses_of(model, batch, classes)
        minimised.backward()
        optimizer.step()
        schedule.step()
        if not math.isfinite(value.item()):
            return
        yield value.item()


def wrong(model: Any, tested: Any, classes: Any) -> int:
    """How many images are put into a wrong class."""
    import torch

    model.eval()
    with torch.no_grad():
        parts = zip(tested.split(AT_ONCE), classes.split(AT_ONCE), strict=True)
        return sum(int((model(part).argmax(1) != wanted).sum()) for part, wanted in parts)


def mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def batches(values: list[float], size: int) -> Iterator[list[float]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def record(name: str, settings: Any, jobs: int = 1, folder: str = "") -> dict[str, Any]:
    """All runs of an experiment in their order; what an earlier call has finished is kept."""
    wanted = tasks(name, settings, folder)
    runs = []
    for task, run in zip(wanted, results(wanted, jobs), strict=True):
        runs.append(run)
        print(f"{len(runs)}/{len(wanted)} {line(task, run)}", flush=True)
    return {
        "what": experiment(name).question,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "data": "cifar10" if folder else experiment(name).source.__name__.lower(),
        "settings": asdict(settings),
        "runs": runs,
    }


def results(wanted: list[Task], jobs: int) -> Iterator[dict[str, Any]]:
    """What each task comes to, from the ledger where it is there."""
    ledger = Ledger(CACHE / "studies" / f"{wanted[0].name}.jsonl", key(wanted[0].name), dict)
    done = {json.dumps(entry["task"]): entry["run"] for entry in ledger}
    todo = [task for task in wanted if json.dumps(task.stated) not in done]
    made = _trained(todo, jobs)
    for task in wanted:
        text = json.dumps(task.stated)
        if text not in done:
            done[text] = next(made)
            ledger.add({"task": task.stated, "run": done[text]})
        yield done[text]


def _trained(todo: list[Task], jobs: int) -> Iterator[dict[str, Any]]:
    if jobs == 1:
        yield from map(train, todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(train, todo)


def key(name: str) -> str:
    """What a finished run is kept under: the code that it depends on, and the machine."""
    here = Path(__file__).parent
    paths = {here / f"{part}.py" for part in ("frame", "images", "networks", f"experiments/{name}")}
    # one experiment takes the networks of another
    paths.add(Path(inspect.getfile(experiment(name).network)))
    models = {
        module for path in paths for module in code.imported(path) if ".models." in f"{module}."
    }
    return code.digest(paths | code.files(*sorted(models)), json.dumps(machine()))


def line(task: Task, run: Mapping[str, Any]) -> str:
    """A finished run in a line."""
    parts = ", ".join(f"{name} {value}" for name, value in task.condition.items())
    tested = task.settings.test_images
    diverged = "diverged" if run["curve"] else "not trained"
    reached = diverged if run["loss"] is None else f"training loss {run['loss']:.3f}"
    error = 100 * run["wrong"] / tested
    return f"{parts}, seed {task.seed}: {reached}, error {error:.1f} % ({run['cpu_seconds']} s)"


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
