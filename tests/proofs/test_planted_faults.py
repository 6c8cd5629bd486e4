"""A draw of the faults that scripts/faults plants: none is missed, and the harness can miss one."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

import cnnref
from cnnref.counting import arithmetic
from proofs.planted import arithmetic as faults_arithmetic
from proofs.planted import books as faults_books
from proofs.planted import figures as faults_figures
from proofs.planted import model as faults_model
from proofs.planted import model as faults_model_kinds
from proofs.planted import run
from proofs.planted import shown as faults_shown
from proofs.planted import spec as faults_spec
from proofs.planted import spec as faults_spec_kinds
from proofs.planted.change import (
    EQUIVALENT,
    LIVE,
    MISSED,
    REFUSED,
    Finding,
    tally,
    variants,
)
from website.places import ROOT

NAMES = cnnref.names()
# so many faults are drawn of a network, and of one with more rows fewer: each costs more there
DRAWN = {"specs": 60, "models": 25}
DEEP, FEW = 1_000, 8
SEED = 0


@cache
def drawn(book: str, name: str) -> tuple[Finding, ...]:
    sample = FEW if len(cnnref.table(name)) > DEEP else DRAWN[book]
    return tuple(faults_books.plant(book, name, sample=sample, seed=SEED))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("book", faults_books.BOOKS)
def test_no_fault_in_a_book_is_missed(book: str, name: str) -> None:
    found = tally(drawn(book, name))
    assert found.missed == ()
    assert found.planted in (DRAWN[book], FEW)


@pytest.mark.slow
@pytest.mark.parametrize("rules", faults_arithmetic.RULES, ids=lambda rules: rules.__name__)
def test_no_fault_in_a_rule_is_missed(rules: ModuleType) -> None:
    found = tally(faults_arithmetic.plant(rules, sample=60, seed=SEED))
    assert found.missed == ()
    assert found.outcomes == {LIVE: 60}


@pytest.mark.parametrize("rules", faults_arithmetic.RULES, ids=lambda rules: rules.__name__)
def test_nothing_is_said_against_sound_rules(rules: ModuleType) -> None:
    assert faults_arithmetic.check(rules, faults_arithmetic.RULES[rules]) == ""


def files_of_rules(folder: Path) -> set[str]:
    """The files of a folder that say of layers what work they do."""
    return {
        path.stem
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and node.returns
        and ast.unparse(node.returns) == "Work"
    }


def test_every_file_of_rules_has_faults(tmp_path: Path) -> None:
    planted = {rules.__name__.rpartition(".")[2] for rules in faults_arithmetic.RULES}
    assert files_of_rules(ROOT / "cnnref" / "counting") == planted
    (tmp_path / "folding.py").write_text("def fold(shape: Shape) -> Work: ...\n", encoding="utf-8")
    assert files_of_rules(tmp_path) == {"folding"}


@pytest.mark.slow
@pytest.mark.parametrize("book", faults_figures.BOOKS)
def test_no_fault_in_the_data_is_missed(book: str) -> None:
    assert tally(faults_figures.plant(book, sample=60, seed=SEED)).missed == ()


# --- what is planted -----------------------------------------------------------------------------


def spec_of(name: str) -> faults_spec.Plot:
    record = cnnref.architecture(name)
    with torch.device("meta"):
        module = cnnref.model(name)
    size = record.input_size
    return faults_spec.Plot(record, size, tuple(cnnref.trace(module, faults_spec.shape(size))))


@cache
def model_of(name: str) -> faults_model.Run:
    with torch.device("meta"):
        module = cnnref.model(name).eval()
    size = cnnref.architecture(name).input_size
    return faults_model.Run(name, module, size, tuple(cnnref.table(name)))


def test_every_number_of_every_layer_is_planted() -> None:
    plot = spec_of("alexnet_2012")
    planted = {(plot.where(f.number), f.what) for f in faults_spec_kinds.faults(plot)}
    for number in ("filters", "kernel", "stride", "padding", "dilation", "groups"):
        assert {("conv2", f"{number} {change}") for change in ("+1", "-1")} <= planted
    for number in ("kernel", "stride", "padding", "dilation"):
        assert {("conv2", f"{number} {step:+d} on axis 1") for step in (1, -1)} <= planted
    assert {("conv2", f"{number} doubled") for number in ("filters", "kernel")} <= planted
    for row in cnnref.table("alexnet_2012"):
        assert {(row.name, "dropped"), (row.name, "twice")} <= planted
    assert {("norm1", f"{x} doubled") for x in ("window", "alpha", "beta", "k")} <= planted
    assert {("drop6", "p doubled"), ("fc8", "bias flipped")} <= planted


def test_every_layer_of_a_model_has_faults_that_runs() -> None:
    for name in ("googlenet_torchvision", "enet", "preact_resnet18", "bn_alexnet"):
        run = model_of(name)
        planted = {run.where(fault.number) for fault in faults_model_kinds.faults(run)}
        layers = {
            path for path, part in run.module.named_modules() if faults_model_kinds.leaf(part)
        }
        assert layers - planted == faults_books.idle_in(name)
    assert {path.partition(".")[0] for path in faults_books.idle_in("googlenet_torchvision")} == {
        "aux1",
        "aux2",
    }
    assert faults_books.idle_in("enet") == set()


def test_every_join_is_exchanged_read_twice_and_cut() -> None:
    joins = {row.name: row.op for row in cnnref.table("googlenet") if row.op == "concat"}
    plot, run = spec_of("googlenet"), model_of("googlenet")
    wanted = {"first two maps exchanged", "first map read twice", "last map left out", "twice"}
    for stand, faults in ((plot, faults_spec_kinds.faults), (run, faults_model_kinds.faults)):
        found: dict[str, set[str]] = {}
        for fault in faults(stand):
            found.setdefault(stand.where(fault.number), set()).add(fault.what)
        joined = [what for what in found.values() if wanted <= what]
        assert len(joined) == len(joins) == 9
        assert {f"dropped, only map {place} is left" for place in range(4)} <= joined[0]


def test_a_number_is_changed_in_every_way() -> None:
    assert [one.value for one in variants(3, sizes=True)] == [
        *(4, 2, 6),
        *((4, 3), (2, 3), (3, 4), (3, 2)),
    ]
    assert [one.value for one in variants(True)] == [False]
    assert [one.value for one in variants(0.5)] == [1.0, 0.6]


# --- what is seen --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "step"),
    [("alexnet", 5), ("resnet18", 7), ("enet", 17), ("googlenet_torchvision", 41)],
)
def test_a_fault_looked_at_alone_comes_to_what_the_whole_network_says(name: str, step: int) -> None:
    run, whole = model_of(name), model_of(name).parts[0]
    faults = list(faults_model_kinds.faults(run))[::step]

    def in_full(fault: faults_model.Fault) -> bool:
        try:
            rows = [row for row in run._with(fault, whole) if row.name.startswith("net")]
        except faults_model.REFUSALS:
            return True
        return len(rows) != len(run.truth) or faults_spec.differs(rows, run.truth, 0)

    told = [(run.outcome(fault) != MISSED, in_full(fault)) for fault in faults]
    assert len(told) > 10
    assert [pair for pair in told if pair[0] != pair[1]] == []
    assert {seen for seen, _ in told} == {True, False}


def test_what_one_image_does_not_show_two_do() -> None:
    run = model_of("alexnet")
    faults = {(run.where(one.number), one.what): one for one in faults_model_kinds.faults(run)}
    # flattens the images of a batch into one another
    assert run.outcome(faults["flatten", "argument 1 -1"]) == REFUSED


def test_a_model_is_as_before_when_a_fault_was_planted() -> None:
    run = model_of("resnet18")
    before = repr(run.module)
    for fault in list(faults_model_kinds.faults(run))[::40]:
        run.outcome(fault)
    assert repr(run.module) == before


def blind(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the comparison overlook a field."""
    true = faults_spec.row_differences

    def row_differences(*args: Any) -> Any:
        return (found for found in true(*args) if found.field != field)

    monkeypatch.setattr(faults_spec, "row_differences", row_differences)
    monkeypatch.setattr(faults_model, "_KNOWN", {})


@pytest.mark.slow
@pytest.mark.parametrize("field", ["dilation", "inputs", "eps"])
def test_a_comparison_that_overlooks_a_field_misses_faults(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind(field, monkeypatch)
    name = "googlenet_aux" if field == "inputs" else "bn_nin"
    missed = {
        book: tally(faults_books.plant(book, name, sample=500)).missed
        for book in faults_books.BOOKS
    }
    assert missed["specs"] or missed["models"]


def test_an_oracle_that_sees_nothing_misses_every_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_arithmetic, "check", lambda *_: "")
    found = tally(faults_arithmetic.plant(arithmetic, sample=5))
    assert (found.outcomes, len(found.missed)) == ({MISSED: 5}, 5)
    assert found.missed[0].startswith("arithmetic.")


def test_figures_that_are_compared_with_nothing_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_figures, "agrees", lambda *_: True)
    known = faults_figures.known_differences
    monkeypatch.setattr(faults_figures, "known_differences", dict)
    assert tally(faults_figures.plant("figures compared", sample=40)).missed
    monkeypatch.setattr(faults_figures, "known_differences", known)
    monkeypatch.setattr(faults_figures, "in_file", lambda *_, **__: True)
    assert tally(faults_figures.plant("figures cited", sample=10)).missed


# --- what is equivalent --------------------------------------------------------------------------


@pytest.mark.slow
def test_equivalent_is_what_is_shown_to_be() -> None:
    found = [
        one for name in ("enet", "resnet20_cifar") for one in faults_books.plant("models", name)
    ]
    assert {one.outcome for one in found} == {LIVE, REFUSED, EQUIVALENT}
    reasons = tally(found).reasons
    assert set(reasons) == {faults_shown.TRAINING, faults_shown.INFERENCE, faults_shown.APART}


@pytest.mark.slow
def test_what_is_not_shown_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_shown, "same_values", lambda *_: False)
    monkeypatch.setattr(faults_shown, "_equal", {})
    found = tally(faults_books.plant("models", "vgg11"))
    assert found.outcomes[EQUIVALENT] == 0
    assert all("inplace" in text or "dropout" in text or ": p " in text for text in found.missed)
    assert len(found.missed) == 12


def test_a_list_that_grows_is_joined_as_it_was_and_one_map_along_no_axis() -> None:
    net = model_of("densenet121")
    first, *joins = (event for event in net.events if event.callee is torch.cat)
    assert [len(event.args[0]) for event in (first, *joins[:6])] == [1, 2, 3, 4, 5, 6, 7]
    faults = {one.what: one for one in faults_model.faults(net) if one.number == first.number}
    assert faults_shown.reason_in_model(net, faults["argument 1 +1"]) == faults_shown.ALONE
    assert faults_shown.reason_in_model(net, faults["twice"]) == ""


def test_an_axis_of_one_element_changes_no_mean() -> None:
    plot = spec_of("convnext_tiny")
    reasons = {
        plot.where(one.number): faults_shown.reason_in_spec(plot, one)
        for one in faults_spec_kinds.faults(plot)
        if one.what == "axes +1"
    }
    assert {name for name, reason in reasons.items() if reason} == {"norm"}
    assert reasons["norm"] == faults_shown.THIN


def test_working_in_place_shows_where_the_old_values_are_read_later() -> None:
    net = cnnref.Net((4, 8, 8))
    x = net.conv(net.input, 4, 1)
    y = net.relu(x)
    net.add(net.conv(y, 4, 1), x)
    assert not faults_shown.kept_apart(tuple(net.table()), y.producer)
    other = cnnref.Net((4, 8, 8))
    x = other.relu(other.conv(other.input, 4, 1))
    other.add(other.conv(x, 4, 1), x)
    assert faults_shown.kept_apart(tuple(other.table()), x.producer)


def test_same_values_are_the_same_bits() -> None:
    x = (torch.ones(1, 2, 2, 2),)
    assert faults_shown.same_values(nn.Identity(), nn.Dropout(0.5).eval(), x, {})
    assert not faults_shown.same_values(nn.Identity(), torch.neg, x, {})


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_what_came_of_each_book(capsys: pytest.CaptureFixture[str]) -> None:
    tasks = [("specs", "a"), ("models", "a"), ("specs", "b")]
    done = {
        tasks[0]: tally([Finding("a", "x", LIVE), Finding("a", "y", REFUSED)]),
        tasks[1]: tally([Finding("a", "z", EQUIVALENT, "why")]),
        tasks[2]: tally([Finding("b", "x", LIVE)]),
    }
    done[tasks[1]].outcomes["idle"] = 7
    assert run.report(tasks, done) == 0
    assert capsys.readouterr().out.splitlines() == [
        "faults in   planted    refused equivalent       live     missed",
        "specs             3          1          0          2          0",
        "models            1          0          1          0          0",
        "all               4          1          1          2          0",
        "equivalent, 1: why",
        "left out, 7: layers of models that run in training only",
    ]
    done[tasks[2]] = tally([Finding("b (spec), conv1", "kernel +1", MISSED)])
    assert run.report(tasks, done) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "missed: b (spec), conv1: kernel +1"


def test_the_command_does_every_network_in_both_books() -> None:
    tasks = list(run.tasks_of(["specs", "models", "rules", "data"], None))
    assert len(tasks) == len(set(tasks))
    for book in faults_books.BOOKS:
        assert {name for kind, name in tasks if kind == book} == set(NAMES)
    assert {name for kind, name in tasks if kind == "data"} == set(faults_figures.BOOKS)
    files = {name for kind, name in tasks if kind == "rules"}
    assert files == {"cnnref.counting.arithmetic", "cnnref.counting.upsampling"}
    few = list(run.tasks_of(["specs"], ["alexnet", "vgg16"]))
    assert few == [("specs", "vgg16"), ("specs", "alexnet")]
