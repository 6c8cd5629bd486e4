"""Whole random stacks, one in four with a last step that most likely does not fit."""

from __future__ import annotations

from math import prod
from typing import Any

from hypothesis import strategies as st

from proofs.fuzzed.plans import (
    Draft,
    Plan,
    adaptive_pool,
    batch_norm,
    conv,
    conv_norm_relu,
    head,
    inception,
    linear,
    pool,
    reduction,
    relu,
    residual,
    rows,
)

__all__ = ["plans"]

# --- steps that do not fit ----------------------------------------------------------------------


def wrong_groups(draft: Draft) -> None:
    conv(draft, groups_fit=False)


def near_the_limit(draft: Draft) -> None:
    """A window as large as its padded input, one smaller, or one larger, along each axis."""
    x = draft.map()
    channels, *size = draft.shapes[x]
    op = draft.choice(("conv", "max_pool", "avg_pool"))
    most = 3 if op == "conv" else 1
    padding = tuple(draft.number(0, most) for _ in size)
    kernel = tuple(
        max(1 + 2 * p * (op != "conv"), n + 2 * p + draft.choice((-1, 0, 1)))
        for n, p in zip(size, padding, strict=True)
    )
    window: dict[str, Any] = {"kernel": kernel, "padding": padding}
    window["stride"] = draft.either((1, 2, 3))
    if op == "conv":
        draft.put(op, x, out=(2, 1, 1), filters=2, bias=False, **window)
    else:
        draft.put(op, x, out=(channels, 1, 1), ceil_mode=draft.chance(50), **window)


def wrong_features(draft: Draft) -> None:
    x = draft.map()
    vector = draft.put("flatten", x, out=(prod(draft.shapes[x]),))
    linear(draft, draft.choice((x, vector)), off=draft.choice((1, 2)))


def unlike(draft: Draft) -> None:
    """Two maps of unlike sizes joined; no axis is 1, where torch would repeat it to fit."""
    channels, high, wide = (
        draft.number(2, 8),
        draft.number(2, 9),
        draft.number(2, 9),
    )
    sizes = [(high, wide), (high + draft.number(0, 1), wide + 1)]
    sizes = draft.draw(st.permutations(sizes))
    x = draft.map()
    x = draft.put(
        "conv", x, out=(channels, *draft.shapes[x][1:]), filters=channels, kernel=1, bias=True
    )
    ends = [draft.put("adaptive_avg_pool", x, out=(channels, *size), size=size) for size in sizes]
    op = draft.choice(("add", "concat"))
    draft.put(op, *ends, out=(channels, high, wide))


def after_flatten(draft: Draft) -> None:
    """A layer that needs height and width on a vector."""
    x = draft.map()
    x = draft.put("flatten", x, out=(prod(draft.shapes[x]),))
    op, options = draft.choice(
        (
            ("conv", {"filters": 2, "kernel": 1, "bias": True}),
            ("max_pool", {"kernel": 1}),
            ("avg_pool", {"kernel": 1}),
        )
    )
    draft.put(op, x, out=(1, 1, 1), **options)


MOTIFS = (
    relu, conv, batch_norm, pool, pool, adaptive_pool, rows, conv_norm_relu, conv_norm_relu,
    residual, inception, reduction,
)  # fmt: skip
MISFITS = (wrong_features, after_flatten, wrong_groups, near_the_limit, near_the_limit, unlike)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan."""
    draft = Draft(draw)
    conv(draft)
    for _ in range(draft.number(0, 6)):
        draft.choice(MOTIFS)(draft)
    if draft.chance(25):
        draft.choice(MISFITS)(draft)
    elif draft.chance(60):
        head(draft)
    if not draft.steps:
        relu(draft)
    return Plan(draft.shapes[0], tuple(draft.steps))
