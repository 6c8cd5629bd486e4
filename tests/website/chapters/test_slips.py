"""Slips in other texts: the printed number is in the account, and is not what is computed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnref.errors import CnnrefError
from website.chapters import slips
from website.chapters.sources import statements


def test_computed_values_are_those_added_up_by_hand() -> None:
    maps = [
        224 * 224 * 3,
        *[224 * 224 * 64] * 2, 112 * 112 * 64, *[112 * 112 * 128] * 2, 56 * 56 * 128,
        *[56 * 56 * 256] * 3, 28 * 28 * 256, *[28 * 28 * 512] * 3, 14 * 14 * 512,
        *[14 * 14 * 512] * 3, 7 * 7 * 512, 4096, 4096, 1000,
    ]  # fmt: skip
    assert slips.maps("vgg16") == sum(maps) == 15_237_608
    assert slips.hidden("weights") == 6400 * 4096 + 4096 * 4096
    assert [slip.computed for slip in slips.SLIPS] == ["15", "58", "7", "3", "164", "86", "9.4"]


def test_the_network_of_the_book_is_what_pytorch_makes_of_it() -> None:
    module = nn.Sequential(
        nn.Conv2d(1, 96, 11, stride=4, padding=1), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1),
        nn.Conv2d(384, 256, 3, padding=1), nn.MaxPool2d(3, 2), nn.Flatten(),
    ).to("meta")  # fmt: skip
    out = module(torch.zeros(1, 1, 224, 224, device="meta"))
    book = slips.d2l_alexnet()
    assert out.shape[1] == book["fc6"].in_shape.elements == 6400
    counts = [sum(one.numel() for one in part.parameters()) for part in module]
    assert [row.parameters for row in book][: len(counts)] == counts


def test_every_account_was_read_in_the_source() -> None:
    used = {slip.statement for slip in slips.SLIPS}
    assert {statements()[key].certainty for key in used} == {"verified-in-source"}
    assert slips.slips().count("<tr") == len(slips.SLIPS) + 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"printed": "15M"}, "is right"), ({"printed": "25M"}, "does not hold 25M")],
)
def test_a_slip_that_is_none_or_was_not_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], message: str
) -> None:
    slip = slips.SLIPS[0]._replace(**changed)  # type: ignore[arg-type]
    monkeypatch.setattr(slips, "SLIPS", (slip,))
    with pytest.raises(CnnrefError, match=message):
        slips.slips()
