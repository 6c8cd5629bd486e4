"""Names of points in a picture: none covers another, and each is nearest to its own."""

from __future__ import annotations

import random
from math import hypot, log10

import pytest

from website.charts import scatter
from website.charts.bubbles import LETTER_WIDTH, LINE_HEIGHT, Bubble
from website.charts.scatter import place_labels

FONT = 10.0


def boxes(
    bubbles: list[Bubble], width: float = 400, height: float = 400
) -> list[tuple[float, ...]]:
    found = []
    for bubble, place in zip(bubbles, place_labels(bubbles, width, height, FONT), strict=True):
        half, line = len(bubble.name) * FONT * LETTER_WIDTH / 2, FONT * LINE_HEIGHT / 2
        x, y = bubble.x + place.dx, bubble.y + place.dy
        found.append((x - half, y - line, x + half, y + line))
    return found


def away(box: tuple[float, ...], x: float, y: float) -> float:
    """How far a point is from a box, 0 inside."""
    return hypot(max(box[0] - x, x - box[2], 0), max(box[1] - y, y - box[3], 0))


@pytest.mark.parametrize("x", [3, 200, 397])
@pytest.mark.parametrize("y", [3, 200, 397])
def test_a_name_stands_beside_its_bubble_and_inside_the_picture(x: float, y: float) -> None:
    for radius in (2, 12):
        (box,) = boxes([Bubble(x, y, radius, "network")])
        assert -1 <= box[0] < box[2] <= 401
        assert -1 <= box[1] < box[3] <= 401
        assert radius + 2 < away(box, x, y) < radius + 3 + 2 * FONT


def test_names_of_points_in_a_crowd_are_apart_and_nearest_to_their_own() -> None:
    for seed in range(5):
        chance = random.Random(seed)
        points = [Bubble(chance.uniform(60, 340), chance.uniform(20, 380), 4, "name" * 2)
                  for _ in range(12)]  # fmt: skip
        found = boxes(points)
        for number, (own, box) in enumerate(zip(points, found, strict=True)):
            for other in found[:number]:
                assert (min(box[2], other[2]) <= max(box[0], other[0])
                        or min(box[3], other[3]) <= max(box[1], other[1]))  # fmt: skip
            gaps = [away(box, point.x, point.y) for point in points if point is not own]
            assert away(box, own.x, own.y) < min(gaps) + 2
            assert min(gaps) > 3


def test_a_name_goes_to_the_side_where_nothing_stands() -> None:
    middle = Bubble(200, 200, 5, "me")
    for dx in (30, -30):
        wall = [Bubble(200 + dx, 200 + step, 9, "") for step in (-40, -20, 0, 20, 40)]
        box, *_ = boxes([middle, *wall])
        assert ((box[0] + box[2]) / 2 - 200) * dx < 0 or abs((box[0] + box[2]) / 2 - 200) < 1


def test_a_part_of_an_axis_is_its_share_of_the_way() -> None:
    assert scatter.fraction(30, (20, 60), "linear") == pytest.approx(0.25)
    assert scatter.fraction(20, (2, 200)) == pytest.approx(0.5)
    assert scatter.fraction(50, (5, 5000)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("domain", [(3, 60), (1, 10), (0.02, 0.7), (5, 5), (80, 1e4)])
def test_ticks_are_all_of_one_two_and_five_inside(domain: tuple[float, float]) -> None:
    ticks = scatter.log_ticks(domain)
    assert ticks == sorted(set(ticks))
    assert all(domain[0] <= tick <= domain[1] for tick in ticks)
    for tick in ticks:
        assert round(10 ** (log10(tick) % 1)) in (1, 2, 5, 10)
    whole = [float(f"{step}e{power}") for power in range(-4, 6) for step in (1, 2, 5)]
    assert ticks == [tick for tick in whole if domain[0] <= tick <= domain[1]]
