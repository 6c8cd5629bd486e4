"""What the page experiments.md prints: of each experiment its settings and all its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnref.counting.units import rounded
from website.experiments.charts import named
from website.experiments.records import conditions, has, numbers, record, runs, shown, spread
from website.markup import element, escaped, line, link, table

__all__ = ["MACROS", "experiment", "experiment_machine"]

# columns besides loss and error: title -> measure
FURTHER: Mapping[str, Mapping[str, str]] = {
    "batch_sizes": {"error by the batch's statistics": "error by the batch"},
    "first_layer": {"folded": "folded", "changed by a shift": "shifted"},
    "start": {
        "gradient at the first": "gradients",
        "changed, both signs": "changed_of_both_signs",
        "changed, no negative": "changed_of_no_sign",
    },
}
# what the settings are called in a sentence: those of training, and the others
TRAINING = {
    "steps": "steps", "drop": "a lower rate from step", "last": "steps of the loss",
    "rate": "learning rate", "momentum": "momentum", "decay": "weight decay",
}  # fmt: skip
OTHERS = {
    "images": "images in all", "batch": "images a step", "classes": "classes",
    "size": "pixels along an edge", "glyph": "pixels along a pattern or from stripe to stripe",
    "noise": "spread of the noise", "test_images": "test images", "width": "channels",
    "depth": "convolutions a stage", "filters": "filters", "hidden": "hidden units",
    "share": "share of a head",
}  # fmt: skip
SPREAD = "Mean of the seeds, in brackets the least and the most"
CAPTION = (
    "Protocol: loss over the last steps of training; error on new images, drawn as those of "
    f"training are. {SPREAD}; the last column has the error of every seed in turn."
)


def experiment(name: str) -> str:
    """The settings, the runs by their conditions, the command and the record of one experiment."""
    found = record(name)
    settings = found["settings"]
    varied = {key for chosen in conditions(name) for key in chosen}
    if "images" in settings:  # the steps follow from their number
        varied |= {"steps", "drop", "last"}
    trained = TRAINING if settings["steps"] else {}
    words = {key: word for key, word in {**trained, **OTHERS}.items() if key not in varied}
    said = "; ".join(f"{word} {settings[key]}" for key, word in words.items() if key in settings)
    command = f"scripts/study {name} --output mine"
    where = link("the record", f"experiments/{name}.json")
    lines = (
        element("p", f"Settings: {said}; seeds {', '.join(map(str, settings['seeds']))}."),
        _runs(name),
        element("p", "Again: ", element("code", command), "; with every curve: ", where, "."),
    )
    return "".join(lines)


def _runs(name: str) -> str:
    further = FURTHER.get(name, {})
    measures = {"loss": "loss", "error": "error"} if record(name)["runs"][0]["curve"] else {}
    columns = {"parameters": "parameters", "MACs": "macs", **measures, **further}
    for at in record(name)["runs"][0].get("wrong_at", ()):
        columns |= {f"error at {at}": f"error@{at}"}
    body = []
    for chosen in conditions(name):
        # not every kind of network has every measure
        measured = runs(name, chosen)[0]
        cells = [
            spread(name, chosen, what) if has(measured, what) else "–" for what in columns.values()
        ]
        if measures:
            errors = (shown(value, "error") for value in numbers(name, chosen, "error"))
            cells.append(", ".join(error.removesuffix("%") for error in errors))
        body.append(line(named(chosen), cells))
    heads = ("network", *columns, *(["errors by seed (%)"] if measures else []))
    return table(heads, body, caption=CAPTION if measures else f"{SPREAD}.")


def experiment_machine(name: str) -> str:
    """On what and when a record was made, and in how much time."""
    found = record(name)
    machine = found["machine"]
    minutes = rounded(round(sum(run["cpu_seconds"] for run in found["runs"])), 60, 1)
    return escaped(
        f"{machine['processor']}, {machine['system']}, Python {machine['python']}, torch "
        f"{machine['torch']}, one thread; {found['date']}; {len(found['runs'])} runs, {minutes} "
        "minutes of processor time in all"
    )


MACROS: Mapping[str, Callable[..., object]] = {
    "experiment": experiment,
    "experiment_machine": experiment_machine,
}
