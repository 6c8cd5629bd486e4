"""What people reported of other counters is right here, to the last digit."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor
from tracker_cases import CASES, Case

import cnnref


def given(shape: object) -> Tensor:
    return shape if isinstance(shape, Tensor) else torch.randn(shape)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.thread} {case.symptom}")
def test_a_case_of_another_tracker_has_the_right_value(case: Case) -> None:
    module = case.module()
    table = cnnref.trace(module, inputs=tuple(map(given, case.shapes)), strict=True)
    assert table.macs == case.macs
    own = sum(parameter.numel() for parameter in module.parameters())
    assert table.parameters == own
    assert case.parameters in (None, own)


def test_there_are_forty_and_each_names_its_thread() -> None:
    assert len(CASES) == 40
    assert len({(case.thread, case.symptom) for case in CASES}) == 40
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", case.thread) for case in CASES)
