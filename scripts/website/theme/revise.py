"""The page to revise from: what to remember, of every chapter, as the chapters say it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnref.errors import CnnrefError
from website.places import DOCS

__all__ = ["PAGE", "markdown", "remembered"]

PAGE = "revise.md"
# in the order of the lecture
CHAPTERS = (
    "history.md", "convolution.md", "alexnet.md", "zfnet.md", "vgg.md", "one_by_one.md",
    "googlenet.md", "batch_norm.md", "resnet.md", "resnet_variants.md", "complexity.md",
    "measured.md", "after.md",
)  # fmt: skip
HEAD = r"""---
title: To remember
description: What to remember of every chapter, on one page.
render_macros: true
search: {exclude: true}
---

# To remember

What each chapter tells you to remember, word for word, and the formulas; printed, it is two sheets.
The [glossary](glossary.md) explains the terms, and the [exercises](exercises.md) are for practice.
{ .revise }
"""
# at the end: they grow when their fonts come, and would move what stands below them
FORMULAS = r"""
## The formulas

- **Size**, of a convolution or pooling, along an axis of $W$ positions with kernel $K$, padding $P$
  and stride $S$: $W' = {{ rule("conv", "size") }}$.
- **Parameters** of a convolution: ${{ rule("conv", "parameters", groups=false) }}$, the last of
  them biases; of a fully-connected layer: ${{ rule("linear", "parameters") }}$.
- **MACs** of a convolution: ${{ rule("conv", "macs", groups=false) }}$; of a fully-connected
  layer: ${{ rule("linear", "macs") }}$.
- **Memory** of an output: ${{ rule("conv", "elements_out") }}$ numbers, each of as many bytes as
  its type has.
- **Receptive field**: a layer makes a field of $r$ pixels, at steps of $j$, one of
  ${{ formula("field") }}$, and the step $S\, j$.

AlexNet's chapter [works them out with numbers](alexnet.md#counting-one-layer-of-each-kind); the
page on conventions [states them in general](conventions.md#the-rules-of-counting).
"""
BOX = re.compile(r'<div class="takeaways" markdown>\n(.*?)</div>', re.DOTALL)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
LABEL = re.compile(r"\*\*[^*]+\*\*\n")
# a place on the chapter's own page
OWN_PLACE = re.compile(r"(?<=\]\()#")


def markdown() -> str:
    """The page, from the chapters, with the formulas that the rules of counting state."""
    return "\n".join([HEAD, *remembered(), FORMULAS])


def remembered() -> Iterator[str]:
    """For each chapter its title, linked, and what it says to remember.

    Raises:
        CnnrefError: a chapter says nothing.
    """
    for chapter in CHAPTERS:
        text = (DOCS / chapter).read_text(encoding="utf-8")
        box, title = BOX.search(text), TITLE.search(text)
        if box is None or title is None:
            raise CnnrefError(f"{chapter} has no box of what to remember, or no title.")
        said = OWN_PLACE.sub(f"{chapter}#", LABEL.sub("", box[1], count=1)).strip()
        yield f"## [{title[1]}]({chapter})\n\n{said}\n"
