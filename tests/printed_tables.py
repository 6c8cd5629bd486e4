"""Tables that are hard to print, and what reads each printed format back."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

import cnnref
from cnnref.counting.conventions import (
    CONVENTIONS,
)
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Counts, Shape
from cnnref.tables.table import Table

LECTURE = [
    "Layer", "C", "H/W", "filters", "kernel", "stride", "pad", "out C", "out H/W",
    "memory (KB)", "params (k)", "flop (M)",
]  # fmt: skip
FULL = ["Layer", "op", "input", "output", "kernel", "stride", "padding", "groups", "parameters"]
HOSTILE = r"a|b_c*`<i>&amp;[x](y)\ 50%$#{}~^"


def odd():
    """A rectangle, windows that are no squares, groups, joins, and a name to be escaped."""
    net = cnnref.Net((3, 32, 48), name="odd & <net>_1")
    x = net.conv(net.input, 8, (3, 5), stride=(1, 2), padding=(1, 2), name=HOSTILE)
    y = net.conv(x, 8, 3, padding=2, dilation=2, groups=4, bias=False, name="dilated")
    x = net.concat(net.add(x, y), net.batch_norm(y), name="joined")
    x = net.max_pool(x, (2, 3), stride=2, ceil_mode=True, name="pool")
    net.linear(net.flatten(net.adaptive_avg_pool(x, 2)), 10, name="fc")
    return net.table()


def uncounted():
    shape = Shape((4, 8, 8))
    known = Layer("conv", "conv", "", "", (-1,), (shape,), shape, None, Counts(macs=7, weights=3))
    strange = Layer("gate", "swoosh", "", "", (0,), (shape,), shape, None, Counts(), counted=False)
    return Table([known, strange], name="strange", input_shape=shape)


TABLES = {
    "alexnet": cnnref.table("alexnet", input_size=227),
    "alexnet_2012": cnnref.table("alexnet_2012"),
    "vgg16_bn": cnnref.table("vgg16_bn"),
    "rectangle": cnnref.table("alexnet", input_size=(96, 320)),
    "odd": odd(),
    "uncounted": uncounted(),
}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
each_convention = pytest.mark.parametrize("how", CONVENTIONS)


def read_markdown(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[unescape(re.sub(r"\\(.)", r"\1", cell[1:-1])) for cell in row] for row in rows]


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.attributes, self.caption = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        while self.tags.pop() != tag:
            raise AssertionError(f"{tag} is closed out of order")

    def handle_data(self, data):
        if "caption" in self.tags:
            self.caption += data
        elif {"td", "th"} & set(self.tags):
            self.rows[-1][-1] += data


TEX = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<",
    "textgreater": ">", "textbar": "|",
}  # fmt: skip


def untex(cell):
    cell = re.sub(r"\\(text\w+)\{\}", lambda found: f"\0{ord(TEX[found[1]])}\0", cell)
    cell = re.sub(r"\{([\[\]])\}", r"\1", cell)
    cell = re.sub(r"\\(.)", r"\1", cell)
    return re.sub("\0(\\d+)\0", lambda found: chr(int(found[1])), cell)


def read_latex(text):
    lines = [line.removesuffix(r"\\") for line in text.splitlines() if line.endswith(r" \\")]
    return [[untex(cell.strip()) for cell in re.split(r"(?<!\\)&", line)] for line in lines]
