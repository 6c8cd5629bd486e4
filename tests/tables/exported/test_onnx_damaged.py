"""Files that are cut, changed, huge, made to harm or no ONNX: one sentence, and never a crash."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest

import cnnref
from cnnref.cli.main import main
from cnnref.tables.onnx import model, wire
from cnnref.tables.onnx.wire import DamagedError, Span, Wire

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/small.onnx"
WHOLE = EXAMPLE.read_bytes()


def field(number: int, content: bytes) -> bytes:
    """A field of bytes, as it stands in a file."""
    size, head = len(content), bytes([number << 3 | 2])
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + content


def varint(number: int, value: int) -> bytes:
    head = bytes([number << 3])
    while value > 127:
        head, value = head + bytes([value & 127 | 128]), value >> 7
    return head + bytes([value])


def written(folder: Path, content: bytes, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(folder: Path, content: bytes) -> str:
    with pytest.raises(cnnref.CnnrefError) as caught:
        cnnref.from_onnx(written(folder, content))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_subgraphs_in_one_another_without_end(tmp_path: Path) -> None:
    graph = b""
    for _ in range(2000):
        graph = field(1, field(5, field(6, graph)))
    assert "it has subgraphs more than 32 deep" in refused(tmp_path, field(7, graph))


def test_a_file_that_is_cut_anywhere(tmp_path: Path) -> None:
    sentences = {refused(tmp_path, WHOLE[:end]) for end in range(len(WHOLE) - 8)}
    assert any("the file ends too early" in said for said in sentences)
    assert all(said.endswith(".") for said in sentences)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_whose_bytes_are_changed(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    tables, sentences = 0, list[str]()
    for _ in range(300):
        changed = bytearray(WHOLE)
        for _ in range(dice.choice([1, 1, 2, 8])):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", cnnref.UncountedWarning)
                cnnref.from_onnx(written(tmp_path, bytes(changed))).to_text()
            tables += 1
        except cnnref.CnnrefError as error:
            sentences.append(str(error))
    assert min(tables, len(sentences)) > 20
    assert not any("\n" in said for said in sentences)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no graph"),
        (b"import torch\n" * 9, ""),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), ""),
        (b"PK\x03\x04" + bytes(64), ""),
        (b"\xff" * 64, "ends too early, or is none of this format"),
        (field(7, b""), "its graph has no operator"),
        (field(7, b"") * 2, "holds no graph"),
        (varint(7, 3), "a number where text or a message belongs"),
        (b"\x3a\xff\xff\xff\xff\x0f", "a field is longer than what it stands in"),
    ],
)
def test_what_is_no_onnx_file(content: bytes, said: str, tmp_path: Path) -> None:
    sentence = refused(tmp_path, content)
    assert said in sentence
    assert sentence.startswith("net.onnx is no ONNX file that can be read: ")
    assert sentence.endswith("; export it anew.")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(cnnref.CnnrefError, match=r"^gone.onnx cannot be read: No such file"):
        cnnref.from_onnx(tmp_path / "gone.onnx")
    with pytest.raises(cnnref.CnnrefError, match="cannot be read: Is a directory"):
        cnnref.from_onnx(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    with path.open("r+b") as file:
        file.truncate((1 << 31) + 1)  # a hole: it takes no room
    with pytest.raises(cnnref.CnnrefError, match="2,147,483,649 bytes, more than the 2 GiB"):
        cnnref.from_onnx(path)


def net(*nodes: bytes, tensors: bytes = b"", size: int = 8) -> bytes:
    """A file of those operators, which may read "x", of 1 x 3 x N x N."""
    axes = b"".join(field(1, varint(1, n)) for n in (1, 3, size, size))
    fed = field(1, b"x") + field(2, field(1, varint(1, 1) + field(2, axes)))
    return field(7, b"".join(field(1, node) for node in nodes) + tensors + field(11, fed))


def node(
    op: bytes, inputs: tuple[bytes, ...] = (b"x",), name: bytes = b"", more: bytes = b""
) -> bytes:
    read = b"".join(field(1, each) for each in inputs)
    return read + field(2, b"y") + field(3, name) + field(4, op) + more


def tensor(name: bytes, *sizes: int, more: bytes = b"") -> bytes:
    axes = b"".join(varint(1, size) for size in sizes)
    return field(5, axes + varint(2, 1) + field(8, name) + more)


def test_weights_in_a_file_that_is_not_there(tmp_path: Path) -> None:
    outside = field(13, field(1, b"location") + field(2, b"/etc/passwd")) + varint(14, 1)
    content = net(node(b"Conv", (b"x", b"w")), tensors=tensor(b"w", 4, 3, 3, 3, more=outside))
    assert cnnref.from_onnx(written(tmp_path, content)).macs == 4 * 36 * 27


def test_sizes_that_no_memory_holds_are_numbers_alone(tmp_path: Path) -> None:
    size = 1 << 40
    (row,) = cnnref.from_onnx(written(tmp_path, net(node(b"Relu"), size=size)))
    assert row.out_shape == (3, size, size)
    minus = tensor(b"w", (1 << 64) - 4, 3, 3, 3)
    assert "are none that a tensor can have" in refused(
        tmp_path, net(node(b"Conv", (b"x", b"w")), tensors=minus)
    )


def test_a_name_that_is_no_name(tmp_path: Path) -> None:
    names = b"\x1b[2J\x07\xff\n", b"<img src=x onerror=alert(1)>", b"long" * 999
    content = net(*(node(b"Relu", name=name) for name in names))
    table = cnnref.from_onnx(written(tmp_path, content, "a\x1b[31m.onnx"))
    assert [row.name for row in table[:2]] == ["?[2J?\ufffd?", "<img src=x onerror=alert(1)>"]
    assert len(table[2].name) == 120
    assert table.name == "a?[31m"
    text = table.to_text() + table.to_html() + table.to_csv() + table.draw().standalone()
    assert "\x1b" not in text
    assert "<img" not in table.to_html() + table.draw().standalone()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (net(node(b"Relu", (b"nothing",), b"act")), "act reads 'nothing', which nothing before"),
        (net(node(b"Conv", (b"x", b"w")), tensors=tensor(b"w", 4, 2, 3, 3)),
         "net: Conv (Conv): its weights take 2 channels, but its input has 3 "
         "(input 1 x 3 x 8 x 8, 4 x 2 x 3 x 3)."),
        (net(node(b"Conv", (b"x", b"w")), tensors=tensor(b"w", 4, 3, 9, 9)),
         "a window of 9 does not fit 8 with padding 0"),
        (net(node(b"Conv", (b"x", b"w"), more=field(5, field(1, b"strides") + varint(8, 0) * 2)),
             tensors=tensor(b"w", 4, 3, 3, 3)), "must be positive"),
        (net(node(b"Concat", (b"x", b"w")), tensors=tensor(b"w", 4)), "cannot stack"),
        (net(node(b"Add", (b"x", b"w")), tensors=tensor(b"w", 5)), "cannot join"),
        (net(node(b"MatMul", (b"x", b"w")), tensors=tensor(b"w", 5, 5)),
         "its weights take 5 features, but its input has 8"),
        (net(node(b"Split"), node(b"Transpose", more=field(5, field(1, b"perm") + varint(8, 7)))),
         "the order (7,) is none of its 4 axes"),
        (net(node(b"Flatten", more=field(5, field(1, b"axis") + varint(3, 9)))), ""),
        (net(node(b"Einsum")), ""),
        (net(node(b"Gemm", (b"x", b"w")), tensors=tensor(b"w")), "does not fit its inputs"),
        (net(node(b"Softmax", ()), tensors=b""), ""),
        (net(node(b"Conv", (b"x", b"w")), tensors=tensor(b"w")), "a window of 0 axes does not fit"),
        (field(7, field(1, node(b"Relu", ()))), "has no input"),
    ],
)  # fmt: skip
def test_operators_that_do_not_fit(content: bytes, said: str, tmp_path: Path) -> None:
    if not said:  # nothing is refused, and nothing made up
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cnnref.UncountedWarning)
            assert not any(row.macs for row in cnnref.from_onnx(written(tmp_path, content)))
        return
    assert said in refused(tmp_path, content)


def test_what_is_endless_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = net(*[node(b"Relu")] * 50)
    monkeypatch.setattr(model, "MOST_NODES", 49)
    assert "it has more than 49 operators" in refused(tmp_path, many)
    monkeypatch.setattr(model, "MOST_NODES", 50)
    assert len(cnnref.from_onnx(written(tmp_path, many))) == 50
    monkeypatch.setattr(wire, "MOST_FIELDS", 99)
    assert "it has more than 99 fields" in refused(tmp_path, many)
    long = net(node(b"Relu", name=b"a" * (wire.MOST + 1)))
    monkeypatch.undo()
    assert "bytes stand where a name or a few numbers belong" in refused(tmp_path, long)


def test_scopes_that_are_no_list_are_none(tmp_path: Path) -> None:
    listed = "['', 'body.0', 'relu'"
    for scopes, name in (
        (f"{listed}]", "body.0"),
        # no more of it is read than many names can have
        (f"{listed:<7679}]", "body.0"),
        (f"{listed:<7680}]", "act"),
        ("[" * 9999, "act"),
        ("3", "act"),
    ):
        held = field(1, b"pkg.torch.onnx.name_scopes") + field(2, scopes.encode())
        content = net(node(b"Relu", name=b"act", more=field(9, held)))
        assert cnnref.from_onnx(written(tmp_path, content))[0].name == name


def test_inputs_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, net(node(b"Relu")))
    for sizes in ((3, 5, 6), (3, 1, 6), (2, 3, 5, 6)):
        assert cnnref.from_onnx(path, {"x": sizes})[0].out_shape == sizes
    with pytest.raises(cnnref.UnknownNameError, match="Unknown input of the file 'y': known are x"):
        cnnref.from_onnx(path, {"y": (3, 5, 6)})
    with pytest.raises(cnnref.CnnrefError, match="must be a positive whole number, but is 0"):
        cnnref.from_onnx(path, (3, 0, 6))


# bits past the 64th count for nothing, as other readers have it
@pytest.mark.parametrize("last", [b"\x01", b"\x7f"])
def test_numbers_of_all_forms(last: bytes, tmp_path: Path) -> None:
    content = b"\x08\x96\x01" + b"\x10" + b"\xff" * 9 + last + b"\x1a\x02\x05\x06"
    path = written(tmp_path, content)
    with path.open("rb") as file:
        source = Wire(file, len(content))
        one, two, three = source.fields(Span(0, len(content)))
        assert (one.whole, two.whole, source.wholes(three)) == (150, -1, [5, 6])
        with pytest.raises(DamagedError, match="has bytes where a number belongs"):
            _ = three.whole
        with pytest.raises(DamagedError, match="ends within one"):
            source.unpacked(three, "f")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trace", str(EXAMPLE)], 0, "194,400"),
        (["trace", str(EXAMPLE), "--input", "3,64,64"], 0, "830,304"),
        (["trace", str(EXAMPLE), "--input-size", "64"], 0, "830,304"),
        (["trace", str(EXAMPLE), "--input", "image=3,64,64"], 0, "830,304"),
        (["table", str(EXAMPLE)], 0, "194,400"),
        (["explain", str(EXAMPLE), "head"], 0, "8 x 10"),
        (["compare", "alexnet", str(EXAMPLE)], 1, "rows differ"),
        (
            ["trace", str(EXAMPLE), "--arg", "a=1"],
            2,
            "is a file, whose rows are stated; drop --arg",
        ),
        (["trace", str(EXAMPLE), "--input", "3,8,8:int64"], 2, "is read by sizes: give --input"),
        (["trace", str(EXAMPLE), "--input", "ids=3,8,8"], 2, "Unknown input of the file 'ids'"),
        (["trace", "gone.onnx"], 2, "gone.onnx cannot be read: No such file"),
    ],
)
def test_a_file_is_a_target(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    if code == 2:
        assert printed.err.count("\n") == 1


def test_what_no_rule_counts_is_said_in_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, net(node(b"Warp", name=b"w")))
    assert main(["trace", str(path)]) == 0
    assert "no rule counts Warp (row w); the totals are incomplete." in capsys.readouterr().err
