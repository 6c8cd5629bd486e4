"""Drawing a whole random stack from a seed, one in four with a last step that should not fit."""

from __future__ import annotations

from math import prod
from typing import Any

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

__all__ = ["draw"]

UNFIT = 0.25

# --- steps that do not fit ----------------------------------------------------------------------


def wrong_groups(draft: Draft) -> None:
    conv(draft, groups_fit=False)


def near_the_limit(draft: Draft) -> None:
    """A window as large as its padded input, one smaller, or one larger, along each axis."""
    dice, x = draft.dice, draft.map()
    channels, *size = draft.shapes[x]
    op = dice.choice(("conv", "max_pool", "avg_pool"))
    most = 3 if op == "conv" else 1
    padding = tuple(dice.randint(0, most) for _ in size)
    kernel = tuple(
        max(1 + 2 * p * (op != "conv"), n + 2 * p + dice.choice((-1, 0, 1)))
        for n, p in zip(size, padding, strict=True)
    )
    window: dict[str, Any] = {"kernel": kernel, "padding": padding}
    window["stride"] = draft.either((1, 2, 3))
    if op == "conv":
        draft.put(op, x, out=(2, 1, 1), filters=2, bias=False, **window)
    else:
        ceil_mode = dice.random() < 0.5
        draft.put(op, x, out=(channels, 1, 1), ceil_mode=ceil_mode, **window)


def wrong_features(draft: Draft) -> None:
    x = draft.map()
    vector = draft.put("flatten", x, out=(prod(draft.shapes[x]),))
    linear(draft, draft.dice.choice((x, vector)), off=draft.dice.choice((1, 2)))


def unlike(draft: Draft) -> None:
    """Two maps of unlike sizes joined; no axis is 1, where torch would repeat it to fit."""
    channels, high, wide = (
        draft.dice.randint(2, 8),
        draft.dice.randint(2, 9),
        draft.dice.randint(2, 9),
    )
    sizes = [(high, wide), (high + draft.dice.randint(0, 1), wide + 1)]
    draft.dice.shuffle(sizes)
    x = draft.map()
    x = draft.put(
        "conv", x, out=(channels, *draft.shapes[x][1:]), filters=channels, kernel=1, bias=True
    )
    ends = [draft.put("adaptive_avg_pool", x, out=(channels, *size), size=size) for size in sizes]
    op = draft.dice.choice(("add", "concat"))
    draft.put(op, *ends, out=(channels, high, wide))


def after_flatten(draft: Draft) -> None:
    """A layer that needs height and width on a vector."""
    x = draft.map()
    x = draft.put("flatten", x, out=(prod(draft.shapes[x]),))
    op, options = draft.dice.choice(
        (
            ("conv", {"filters": 2, "kernel": 1, "bias": True}),
            ("max_pool", {"kernel": 1}),
            ("avg_pool", {"kernel": 1}),
        )
    )
    draft.put(op, x, out=(1, 1, 1), **options)


MOTIFS = (
    conv, conv_norm_relu, conv_norm_relu, pool, pool, adaptive_pool, batch_norm, relu, residual,
    inception, reduction, rows,
)  # fmt: skip
MISFITS = (wrong_groups, near_the_limit, near_the_limit, wrong_features, unlike, after_flatten)


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    draft = Draft(seed)
    conv(draft)
    for _ in range(draft.dice.randint(1, 6)):
        draft.dice.choice(MOTIFS)(draft)
    if draft.dice.random() < UNFIT:
        draft.dice.choice(MISFITS)(draft)
    elif draft.dice.random() < 0.6:
        head(draft)
    if not draft.steps:
        relu(draft)
    return Plan(draft.shapes[0], tuple(draft.steps))
