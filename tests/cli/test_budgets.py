"""An earlier table, and the budgets of a project, on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from printed_tables import uncounted

import cnnref
from cnnref.cli.commands import COMMANDS
from cnnref.tables import budget
from cnnref.testing import assert_budget
from cnnref.testing.stated import OPTIONS, limits
from cnnref.testing.stated import budget as budget_of

NETS = """
from cnnref import Net

def small(width=8, size=32):
    net = Net((3, size, size), name="small")
    x = net.relu(net.conv(net.input, width, 3, padding=1, name="conv1"))
    net.conv(x, 4, 3, name="conv2")
    return net
"""
STATED = """
[tool.cnnref.budget.small]
target = "nets.py:small"
arg = {{ width = {width} }}
macs = "600k"
parameters = "600"
baseline = "costs.json"

[tool.cnnref.budget.cut]
target = "alexnet"
input-size = 227
peak = "2MiB"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    state(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state(folder: Path, width: int = 8, text: str = STATED) -> None:
    (folder / "pyproject.toml").write_text(text.format(width=width), encoding="utf-8")


# ---- an earlier table ----


def test_a_table_that_was_kept_is_held_against(project: Path, capsys: Any) -> None:
    kept = ("table", "nets.py:small", "--output", "costs.json")
    assert run(capsys, *kept) == (0, "", "")
    again = ("trace", "nets.py:small", "--baseline", "costs.json")
    code, out, err = run(capsys, *again)
    assert (code, err) == (0, "")
    assert "0 rows differ" in out
    code, out, err = run(capsys, *again, "--arg", "width=12")
    assert code == 1
    assert "conv1" in out
    assert err.splitlines() == [
        "cnnref: small: macs: 480.38 kMACs before, 720.58 kMACs now, +240.19 kMACs (+50.0%); most "
        "in conv2 +129.60 kMACs, conv1 +110.59 kMACs",
        "cnnref: small: parameters: 516 parameters before, 772 parameters now, +256 parameters "
        "(+49.6%); most in conv2 +144 parameters, conv1 +112 parameters",
        "cnnref: small: activations: 11.79 k activations before, 15.89 k activations now, "
        "+4.10 k activations (+34.7%); most in conv1 +4.10 k activations",
        "cnnref: small: peak: 46.06 KiB before, 62.06 KiB now, +16.00 KiB (+34.7%)",
        "cnnref: small: training: 46.06 KiB before, 62.06 KiB now, +16.00 KiB (+34.7%); most in "
        "conv1 +16.00 KiB",
        "cnnref: small: 3 rows differ from costs.json",
    ]
    # what costs less is told, too: the file is of another network
    code, out, err = run(capsys, *again, "--arg", "width=4", "--quiet")
    assert (code, out) == (1, "")
    assert "-240.19 kMACs (-50.0%)" in err


def test_a_limit_in_percent_leaves_room_above_a_baseline(project: Path, capsys: Any) -> None:
    run(capsys, "table", "nets.py:small", "--output", "costs.json")
    wider = ("trace", "nets.py:small", "--arg", "width=12", "--baseline", "costs.json", "--quiet")
    # 480,384 and 720,576 MACs
    assert run(capsys, *wider, "--max-macs", "+50%") == (0, "", "")
    code, _, err = run(capsys, *wider, "--max-macs", "+49.9%", "--max-parameters", "+100%")
    assert code == 1
    assert err == (
        "cnnref: small: macs: 720.58 kMACs exceed the budget of 720.10 kMACs by 481 MACs (0.1%); "
        "most in conv2 (54.0%), conv1 (46.0%)\n"
    )
    same = ("trace", "nets.py:small", "--baseline", "costs.json", "--quiet")
    assert run(capsys, *same, "--max-macs", "+0%")[0] == 0
    assert run(capsys, *same, "--max-macs", "-0.1%")[0] == 1
    # a limit of another kind leaves the table what the network must equal
    assert run(capsys, *wider, "--max-macs", "1M")[0] == 1
    assert run(capsys, *same, "--max-macs", "1M")[0] == 0


def test_limits_in_percent_are_stated_and_asserted_like_others(project: Path, capsys: Any) -> None:
    stated = (
        '[tool.cnnref.budget.a]\ntarget = "nets.py:small"\narg = {{ width = {width} }}\n'
        'macs = "+50%"\nbaseline = "costs.json"\n'
    )
    state(project, text=stated)
    assert run(capsys, "budget", "--update")[0] == 0
    for width, code in ((12, 0), (13, 1)):
        state(project, width, stated)
        assert run(capsys, "budget")[0] == code
    given_once = limits(budget_of("a", project))
    assert_budget(cnnref.Table.from_json((project / "costs.json").read_text()), **given_once)
    net = cnnref.Net((3, 8, 8))
    net.conv(net.input, 1, 1)
    with pytest.raises(AssertionError, match=r"macs: 192 MACs exceed the budget of 187 MACs"):
        assert_budget(net, baseline=net.table(), macs="-2.5%")
    with pytest.raises(cnnref.CnnrefError, match="of a baseline, and none is given"):
        assert_budget(net, macs="+2%")


def test_what_differs_at_the_same_cost_is_told(project: Path, capsys: Any) -> None:
    net = cnnref.Net((3, 8, 8))
    net.conv(net.input, 4, (1, 3), padding=(0, 1))
    (project / "a.json").write_text(net.table().to_json(), encoding="utf-8")
    turned = cnnref.Net((3, 8, 8))
    turned.conv(turned.input, 4, (3, 1), padding=(1, 0))
    (project / "b.json").write_text(turned.table().to_json(), encoding="utf-8")
    code, _, err = run(capsys, "table", "b.json", "--baseline", "a.json", "--quiet")
    assert (code, err) == (1, "cnnref: net: 1 row differs from a.json, at the same cost\n")


def test_a_saved_table_is_a_network_like_any_other(project: Path, capsys: Any) -> None:
    run(capsys, "table", "vgg16", "--output", "kept.json")
    assert run(capsys, "table", "kept.json") == run(capsys, "table", "vgg16")
    code, out, _ = run(capsys, "compare", "kept.json", "vgg16")
    assert (code, "0 rows differ" in out) == (0, True)


def test_options_go_to_the_side_that_takes_them(project: Path, capsys: Any) -> None:
    torch = pytest.importorskip("torch")
    traced = cnnref.trace(torch.nn.Conv2d(3, 8, 3), (3, 32, 32))
    (project / "kept.json").write_text(traced.to_json(), encoding="utf-8")
    given = [f"--arg={name}" for name in ("in_channels=3", "out_channels=8", "kernel_size=3")]
    own = ("torch.nn:Conv2d", *given, "--input", "3,32,32")
    code, out, err = run(capsys, "compare", "kept.json", *own)
    assert (code, err, "0 rows differ" in out) == (0, "", True)
    code, _, err = run(capsys, "compare", *own[:1], "vgg11", *own[1:], "--num-classes", "10")
    assert (code, err) == (1, "")
    # where neither takes it, it is refused
    code, _, err = run(capsys, "compare", "vgg11", "kept.json", "--input", "3,32,32")
    assert (code, err) == (2, "cnnref: --input is for a callable; the spec of vgg11 takes none.\n")


def test_options_go_past_a_saved_table(project: Path, capsys: Any) -> None:
    run(capsys, "table", "vgg11", "--input-size", "64", "--num-classes", "10", "--output", "a.json")
    sized = ("--input-size", "64", "--num-classes", "10")
    code, out, err = run(capsys, "compare", "a.json", "vgg11", *sized)
    assert (code, err, "0 rows differ" in out) == (0, "", True)
    for option in ("--input=3,8,8", "--input-size=64", "--arg=x=1", "--num-classes=10"):
        for words in (("table", "a.json"), ("trace", "a.json"), ("compare", "a.json", "a.json")):
            code, out, err = run(capsys, *words, option)
            name = option[2:].partition("=")[0]
            said = f"cnnref: a.json is a file, whose rows are stated; drop --{name}.\n"
            assert (code, out, err) == (2, "", said)


@pytest.mark.parametrize("command", ["sweep --batch-size 1,2", "measure"])
@pytest.mark.parametrize("file", ["kept.json", "kept.onnx"])
def test_a_file_of_rows_cannot_run(project: Path, capsys: Any, command: str, file: str) -> None:
    pytest.importorskip("torch")
    name, *options = command.split()
    code, out, err = run(capsys, name, file, *options)
    said = f"cnnref: {file} is a file of rows, of which nothing can be built or run.\n"
    assert (code, out, err) == (2, "", said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "is not there yet: cnnref trace with --output"),
        ("{}", "holds no table that can be read: it is not the JSON of a table."),
    ],
)
def test_a_baseline_that_is_none_is_refused_before_anything_runs(
    project: Path, capsys: Any, text: str | None, why: str
) -> None:
    if text is not None:
        (project / "costs.json").write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "trace", "nets.py:none", "--baseline", "costs.json")
    assert (code, out) == (2, "")
    assert why in err


# ---- the budgets of a project ----


def test_budgets_are_kept_and_written_down(project: Path, capsys: Any) -> None:
    code, out, err = run(capsys, "budget", "--update")
    assert (code, err) == (0, "")
    assert "2 budgets of pyproject.toml, 2 kept." in out
    assert "as costs.json has it" in out
    assert cnnref.Table.from_json((project / "costs.json").read_text()).parameters == 516
    assert run(capsys, "budget") == (0, out, "")


def test_a_budget_that_is_not_kept_ends_with_one(project: Path, capsys: Any) -> None:
    run(capsys, "budget", "--update")
    state(project, width=12)
    code, out, err = run(capsys, "budget", "--format", "json")
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert (found["schema"], found["kept"]) == (1, False)
    small, cut = found["budgets"]
    assert (small["name"], small["network"], small["kept"], small["unknown"]) == (
        "small", "small", False, "",
    )  # fmt: skip
    assert [
        (one["measure"], one["used"], one["limit"], one["kept"]) for one in small["limits"]
    ] == [
        ("macs", 720576, 600000, False),
        ("parameters", 772, 600, False),
    ]
    assert small["limits"][0]["most"][0] == {"layer": "conv2", "used": 388800}
    assert small["baseline"]["rows_differing"] == 3
    changed = small["baseline"]["changes"][0]
    assert (changed["measure"], changed["before"], changed["after"]) == ("macs", 480384, 720576)
    assert changed["most"][0] == {"layer": "conv2", "more": 129600}
    assert (cut["kept"], cut["baseline"]) == (True, None)
    # one by its name; and every format
    assert run(capsys, "budget", "cut")[0] == 0
    for name in ("text", "md", "html", "csv", "tex"):
        code, out, _ = run(capsys, "budget", "--format", name)
        assert (code, "772" in out) == (1, True)


REPORT = """\
3 budgets of pyproject.toml, {kept} kept.

budget           why
--------------------------------------------------------------------------------
{small}
cut     kept     peak: 1.36 MiB of 2.00 MiB (67.8%)
strange exceeded macs: at least 7 MACs exceed the budget of 5 MACs by 2 MACs
                 (40.0%); most in conv (100.0%)
strange unknown  may cost more than is counted: no rule counts swoosh in gate
"""
KEPT = """\
small   kept     macs: 480.38 kMACs of 600.00 kMACs (80.1%)
small   kept     parameters: 516 parameters of 600 parameters (86.0%)
small   kept     as costs.json has it"""
CHANGED = """\
small   exceeded macs: 720.58 kMACs exceed the budget of 600.00 kMACs by 120.58
                 kMACs (20.1%); most in conv2 (54.0%), conv1 (46.0%)
small   exceeded parameters: 772 parameters exceed the budget of 600 parameters
                 by 172 parameters (28.7%); most in conv2 (56.5%), conv1 (43.5%)
small   changed  macs: 480.38 kMACs before, 720.58 kMACs now, +240.19 kMACs
                 (+50.0%); most in conv2 +129.60 kMACs, conv1 +110.59 kMACs
small   changed  parameters: 516 parameters before, 772 parameters now, +256
                 parameters (+49.6%); most in conv2 +144 parameters, conv1 +112
                 parameters
small   changed  activations: 11.79 k activations before, 15.89 k activations
                 now, +4.10 k activations (+34.7%); most in conv1 +4.10 k
                 activations
small   changed  peak: 46.06 KiB before, 62.06 KiB now, +16.00 KiB (+34.7%)
small   changed  training: 46.06 KiB before, 62.06 KiB now, +16.00 KiB (+34.7%);
                 most in conv1 +16.00 KiB
small   changed  3 rows differ from costs.json"""


def test_a_report_has_a_line_for_each_limit_and_change_in_its_colour(
    project: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = '\n[tool.cnnref.budget.strange]\ntarget = "strange.json"\nmacs = 5\n'
    (project / "strange.json").write_text(uncounted().to_json(), encoding="utf-8")
    state(project, text=STATED + strange)
    kept = REPORT.format(kept=2, small=KEPT)
    assert run(capsys, "budget", "--update") == run(capsys, "budget") == (1, kept, "")
    state(project, 12, STATED + strange)
    changed = REPORT.format(kept=1, small=CHANGED)
    assert run(capsys, "budget") == (1, changed, "")
    found = json.loads(run(capsys, "budget", "strange", "--format", "json")[1])
    assert found["budgets"][0]["unknown"].startswith("may cost more than is counted: no rule")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    codes = ["1", "", "1", "2", *4 * ["31"], *12 * ["33"], "", "31", "31", "33"]
    assert run(capsys, "budget")[1].splitlines() == [
        f"\x1b[{code}m{line}\x1b[0m" if code else line
        for code, line in zip(codes, changed.splitlines(), strict=True)
    ]


def test_a_budget_without_limits_is_kept_where_every_row_is_counted(
    project: Path, capsys: Any
) -> None:
    (project / "strange.json").write_text(uncounted().to_json(), encoding="utf-8")
    for target, code in (("nets.py:small", 0), ("strange.json", 1)):
        state(project, text=f'[tool.cnnref.budget.a]\ntarget = "{target}"\n')
        found = run(capsys, "budget", "--format", "json")
        (one,) = json.loads(found[1])["budgets"]
        assert (found[0], one["limits"], one["baseline"]) == (code, [], None)
        assert one["kept"] == (not one["unknown"]) == (code == 0)


def test_beside_a_long_name_forty_letters_are_left_for_the_reason(
    project: Path, capsys: Any
) -> None:
    name = "a-budget-of-a-name-that-is-longer-than-most-names-are"
    state(project, text=f'[tool.cnnref.budget.{name}]\ntarget = "nets.py:small"\nmacs = 5\n')
    code, out, _ = run(capsys, "budget")
    rule = next(line for line in out.splitlines() if line.startswith("---"))
    assert (code, len(rule)) == (1, len(f"{name} exceeded ") + 40)


def test_a_terminal_shows_which_budget_is_at_its_turn(
    project: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, out, err = run(capsys, "budget", "--update")
    start = "\r\x1b[K"
    told = [part for part in err.split(start) if part and not part.startswith("loading ")]
    assert (code, told) == (0, ["[1/2] small", "[2/2] cut"])
    assert err.endswith(start)
    assert "\x1b" not in out


def test_a_budget_of_rows_that_no_rule_counts_fails(project: Path, capsys: Any) -> None:
    pytest.importorskip("torch")
    (project / "strange.py").write_text(
        "import torch\nfrom unknown_operator import mystery\n"
        "class Strange(torch.nn.Module):\n    def forward(self, x):\n        return mystery(x)\n",
        encoding="utf-8",
    )
    stated = '[tool.cnnref.budget.strange]\ntarget = "strange.py:Strange"\nmacs = 5\n'
    state(project, text=stated)
    code, out, _ = run(capsys, "budget")
    assert (code, "no rule counts" in out) == (1, True)
    state(project, text=stated + "allow-uncounted = true\n")
    assert run(capsys, "budget")[0] == 0


def test_paths_are_of_the_folder_of_the_file(
    project: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "inside").mkdir()
    monkeypatch.chdir(project / "inside")
    assert run(capsys, "budget", "--update")[0] == 0
    assert (project / "costs.json").exists()


REFUSED = {
    "no file": (None, "There is no pyproject.toml in "),
    "no budget": ("[tool.other]\nx = 1\n", " states no budget: [tool.cnnref.budget.NAME] does."),
    "no name": ("[tool.cnnref.budget]\nmacs = 1\n", "a budget has a name, as [tool.cnnref.budget."),
    "no target": ("[tool.cnnref.budget.a]\nmacs = 1\n", "a: say what to count, as target = "),
    "a key": (
        '[tool.cnnref.budget.a]\ntarget = "vgg16"\nmax-macs = 1\n',
        "Unknown key of [tool.cnnref.budget.a] 'max_macs': did you mean macs?",
    ),
    "a limit": (
        '[tool.cnnref.budget.a]\ntarget = "vgg16"\nmacs = "many"\n',
        "The budget of macs must be a number such as 5G, 30M or 1500k, or +2% of a baseline, "
        "but is 'many'.",
    ),
    "no TOML": ("[tool", "is not TOML: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_stated_wrongly_is_told_in_a_sentence(
    case: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, why = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "budget")
    assert (code, out) == (2, "")
    assert why in err


def test_an_unknown_budget_is_told(project: Path, capsys: Any) -> None:
    code, _, err = run(capsys, "budget", "smal")
    assert (code, err) == (
        2,
        "cnnref: Unknown budget of pyproject.toml 'smal': did you mean small?\n",
    )


def test_what_may_be_stated_are_options_of_trace() -> None:
    known = {option[2:].replace("-", "_") for option in COMMANDS["trace"].options}
    assert set(OPTIONS) <= known


def test_what_has_not_changed_has_no_less() -> None:
    assert [budget._percent(more, 8) for more in (-2, 0, 2)] == ["-25.0%", "+0.0%", "+25.0%"]
    assert budget._signed(0, "MACs") == "+0 MACs"
