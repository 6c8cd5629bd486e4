"""The judges of the lecture's claims: cells, formulas, totals, and what its sentences say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnref.errors import UnknownNameError
from website.errata.judges import (
    cells,
    closing,
    formulas,
    remarks,
    residual,
    sentences,
    totals,
)
from website.errata.judges.readings import Ruling

if TYPE_CHECKING:
    from website.errata.claims import Claim

__all__ = ["judge"]

# judges that need nothing but what is stated
SIMPLE = (
    formulas.JUDGES,
    sentences.JUDGES,
    residual.JUDGES,
    closing.JUDGES,
    remarks.JUDGES,
)


def judge(claim: Claim, known: Mapping[str, Claim]) -> Ruling:
    """The verdict on one claim; known are all of them, for those that build on each other.

    Raises:
        UnknownNameError: no judge knows the claim.
    """
    if (claim.chapter, claim.place) in cells.TABLES:
        return cells.judge(claim)
    for judges in SIMPLE:
        found = judges.get(_subject(claim))
        if found is not None:
            return found(claim.stated)
    if claim.key in totals.JUDGES:
        return totals.JUDGES[claim.key](claim.stated, known)
    raise UnknownNameError("claim", claim.key, _all_subjects())


def _subject(claim: Claim) -> str:
    # a sentence is known by what it says, a number by what it is of
    return claim.stated if claim.quantity == "claim" else claim.key


def _all_subjects() -> list[str]:
    return [*totals.JUDGES, *(subject for judges in SIMPLE for subject in judges)]
