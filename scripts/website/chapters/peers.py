"""What the comparison page shows of the records under docs/peers: results, times, features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from statistics import median
from typing import Any

from cnnref.files import json_of
from studies.peers.benchmark_layout import exponent, medians
from website.markup import Html, data, element, escaped, line, table
from website.places import DOCS

PEERS = DOCS / "peers"
OURS, BARE = "cnnref", "nothing"
TWO_PER_MAC = "FlopCounterMode"
CRASHED = "the process crashed"


@cache
def record(name: str) -> Any:
    """A record of docs/peers/ by its name."""
    return json_of(PEERS / f"{name}.json")


def trials_table() -> str:
    """What each counter finds in modules whose MACs are known by hand."""
    tools = record("trials")["tools"]
    lines = []
    for trial in record("trials")["trials"]:
        cells = [_verdict(tool["counts"][trial["key"]], trial["macs"]) for tool in tools]
        lines.append(line(trial["title"], [f"{trial['macs']:,}", *cells]))
    return table(["module", "MACs", *(tool["tool"] for tool in tools)], lines)


def _verdict(found: Mapping[str, Any], truth: int) -> Html:
    if "error" in found:
        return element("span", "fails", title=found["error"])
    share = found["macs"] / truth
    word = "right" if share == 1 else "0" if share == 0 else f"{share:.4g} ×"
    marked = ", says so" if found["partial"] else ""
    return data(f"{found['macs']:g}", word + marked, f"{found['macs']:,g} MACs")


def state_table() -> str:
    """What each counter leaves changed behind it in a module in training mode."""
    lines = [
        line(
            tool["tool"],
            [
                ", ".join(tool["left"]) or "nothing",
                ", ".join(tool["left_after_failure"]) or "nothing",
                "yes" if tool["names_unknown"] else "no",
            ],
        )
        for tool in record("trials")["tools"]
    ]
    head = (
        "counter", "changed by a call", "changed when forward fails", "names an unknown operator",
    )  # fmt: skip
    return table(head, lines, kind="prose")


def disturbed_table() -> str:
    """What becomes of a module when a count is interrupted, in threads, and beside training."""
    lines = [
        line(tool["tool"], [*_cut_short(tool["interrupted"]), *_in_threads(tool)])
        for tool in record("disturbed")["tools"]
    ]
    head = (
        "counter", "modules changed by interrupts", "what of them", "right in several threads",
        "training steps as without it",
    )  # fmt: skip
    return table(head, lines, kind="prose")


def _cut_short(found: Mapping[str, Any]) -> tuple[str, str]:
    if "crashed" in found:
        return CRASHED, ""
    share = f"{found['changed']:,} of {found['signals']:,}"
    return share, ", ".join(found["what"]) or "nothing"


def _in_threads(tool: Mapping[str, Any]) -> list[str]:
    threads, training = tool["together"], tool["beside"]
    return [
        CRASHED if "crashed" in threads else f"{threads['right']} of {threads['counts']}",
        CRASHED if "crashed" in training else f"{training['same']} of {training['steps']}",
    ]


def features_table() -> str:
    """Which counter has what, by a name of its own that was looked up."""
    names = [OURS, "FlopCounterMode", "fvcore", "torchinfo", "ptflops", "thop", "torchprofile",
             "torchscan"]  # fmt: skip
    lines = []
    for feature in record("trials")["features"]:
        cells = []
        for name in names:
            evidence = feature["tools"].get(name)
            cells.append(element("span", "yes", title=evidence) if evidence else "–")
        lines.append(line(feature["title"], cells))
    return table(["feature", *names], lines)


def totals_table() -> str:
    """How far each counter's total is from the MACs of well-known networks, in percent."""
    medians = _by_place("total", "cpu")
    tools = [tool for tool in next(iter(medians.values())) if tool not in (OURS, BARE)]
    lines = []
    for network, totals in medians.items():
        macs = totals[OURS]
        cells = [_deviation(totals[tool] / (1 + (tool == TWO_PER_MAC)), macs) for tool in tools]
        lines.append(line(network, [f"{macs / 1e6:,.1f}", *cells]))
    return table(["network", "M MACs", *map(_halved, tools)], lines)


def _halved(tool: str) -> str:
    return f"{tool}, halved" if tool == TWO_PER_MAC else tool


def _deviation(total: float, macs: float) -> Html:
    share = 100 * (total - macs) / macs
    shown = "0" if total == macs else f"{share:+.2f}%"
    return data(f"{share:.6f}", shown, f"{total:,.0f}")


def times_table(device: str, call: str) -> str:
    """Milliseconds of one call, and how much faster cnnref is than the fastest other counter.

    call: "call", the first of a process, or "following".
    """
    medians = _by_place(f"{call}_ms", device)
    tools = [tool for tool in next(iter(medians.values())) if tool != BARE]
    lines = []
    for network, times in medians.items():
        best = min((tool for tool in tools if tool != OURS), key=lambda tool: times[tool])
        faster = times[best] / times[OURS]
        ratio = data(f"{faster:.6f}", f"{faster:.1f} × ({best})")
        lines.append(line(network, [*(f"{times[tool]:,.1f}" for tool in tools), ratio]))
    return table(["network", *tools, "cnnref is faster by"], lines)


def process_table(network: str) -> str:
    """Whole processes for one network: seconds, and peak memory in MiB, for both ways to build."""
    places = {
        (quantity, device): _by_place(quantity, device)[network]
        for quantity in ("process_s", "peak_mib")
        for device in ("cpu", "meta")
    }
    tools = list(places["process_s", "cpu"])
    lines = [
        line(
            "only building it" if tool == BARE else tool,
            [_number(times.get(tool), quantity) for (quantity, _), times in places.items()],
        )
        for tool in tools
    ]
    return table(("counter", "s, CPU", "s, meta", "MiB, CPU", "MiB, meta"), lines)


def _number(value: float | None, quantity: str) -> str:
    return "–" if value is None else f"{value:.2f}" if quantity == "process_s" else f"{value:,.0f}"


def growth_table() -> str:
    """Milliseconds for deeper and deeper networks, and the power of the depth that they follow."""
    entries = record("benchmark")["growth"]
    depths = [f"{point['convolutions']} convolutions" for point in entries[0]["growth"]]
    lines = [
        line(
            entry["tool"],
            [
                *(f"{point['processor_ms']:,.1f}" for point in entry["growth"]),
                f"{exponent(entry['growth']):.2f}",
            ],
        )
        for entry in entries
    ]
    return table(["counter, ms", *depths, "power"], lines)


def machine() -> str:
    """Where, when and with what the benchmark ran."""
    found = record("benchmark")
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return escaped(
        f"{found['machine']['processor']}, {found['machine']['cores']} cores, "
        f"{found['date']}, medians of {found['rounds']}; {versions}"
    )


def peer(what: str) -> str:
    """One number of the benchmark, for a sentence; see FACTS."""
    return FACTS[what]()


def _start(which: str) -> float:
    times: list[float] = record("benchmark")["start"][which]
    return median(times)


FACTS = {
    "start_ms": lambda: f"{_start('cnnref_ms'):.0f} ms",
    "start_peer_ms": lambda: f"{_start('peer_ms') / 1e3:.1f} s",
    "start_peer": lambda: str(record("benchmark")["start"]["peer"]),
    "start_ratio": lambda: f"{_start('peer_ms') / _start('cnnref_ms'):.0f}",
    "date": lambda: str(record("trials")["date"]),
}


def _by_place(quantity: str, device: str) -> dict[str, dict[str, float]]:
    """For each network, the median of a quantity by tool."""
    return {
        network: tools
        for (network, where), tools in medians(record("benchmark"), quantity).items()
        if where == device
    }


MACROS: Mapping[str, Callable[..., object]] = {
    "peer": peer,
    "peer_disturbed": disturbed_table,
    "peer_features": features_table,
    "peer_growth": growth_table,
    "peer_machine": machine,
    "peer_processes": process_table,
    "peer_state": state_table,
    "peer_times": times_table,
    "peer_totals": totals_table,
    "peer_trials": trials_table,
}
