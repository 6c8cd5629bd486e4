"""The experiment on depth: it repeats itself, and its record is as the page says."""

import itertools
import json
import math
from dataclasses import asdict
from statistics import mean

import pytest
import torch

from cnnref.errors import CnnrefError, UnknownNameError
from studies.trained import frame, images
from studies.trained.experiments import degradation as script
from studies.trained.run import smallest
from website.chapters.resnet import degradation

SETTINGS = script.Settings()
FAST = smallest("degradation")
TASK = frame.Task("degradation", {"depth": 8, "kind": "plain"}, 0, FAST)


SOURCE = images.Glyphs(SETTINGS)


def network(depth, kind="plain"):
    return script.network({"depth": depth, "kind": kind}, SETTINGS, SOURCE)


def test_a_run_repeats_itself_to_the_last_bit():
    first, second = (frame.train(TASK) for _ in range(2))
    first.pop("cpu_seconds"), second.pop("cpu_seconds")
    assert first == second
    other = frame.train(TASK._replace(condition={"depth": 8, "kind": "residual"}))
    assert first["parameters"] == other["parameters"]
    assert "wrong_copied_into_deepest" in first
    assert "wrong_copied_into_deepest" not in other
    assert frame.train(TASK._replace(seed=1))["curve"] != first["curve"]


@pytest.mark.parametrize("depth", [14, 44])
def test_a_deep_plain_network_can_hold_a_shallow_one(depth):
    torch.manual_seed(0)
    shallow = network(8)
    batch, _ = images.Glyphs(SETTINGS).draw(50, torch.Generator().manual_seed(5))
    shallow(batch)  # running statistics that are not those of the start
    deep = script.deepened(shallow, depth, SETTINGS, SOURCE)
    with torch.no_grad():
        wanted, got = shallow.eval()(batch), deep.eval()(batch)
    assert torch.allclose(wanted, got, rtol=1e-4, atol=1e-5)
    assert sum(isinstance(part, torch.nn.Conv2d) for part in deep.modules()) == depth - 1
    deep[3][-1].conv1.weight.data.zero_()
    assert not torch.allclose(wanted, deep(batch), rtol=1e-4, atol=1e-5)


def test_an_odd_depth_is_refused():
    with pytest.raises(
        ValueError, match=r"^a depth of 10 is not 6n \+ 2; take 8, 14, 20 and so on$"
    ):
        network(10)


# the committed record


def test_the_record_is_of_the_scripts_own_settings():
    stored = degradation.record()["settings"]
    assert stored == json.loads(json.dumps(asdict(SETTINGS)))
    wanted = [
        (depth, kind, seed)
        for depth in SETTINGS.depths
        for kind in script.KINDS
        for seed in SETTINGS.seeds
    ]
    assert [(run.depth, run.kind, run.seed) for run in degradation.runs()] == wanted


def test_the_record_is_consistent():
    for run in degradation.runs():
        assert len(run.curve) == SETTINGS.steps // SETTINGS.every
        last = run.curve[-SETTINGS.last // SETTINGS.every :]
        assert math.isclose(run.loss, sum(last) / len(last), abs_tol=2e-4)
        assert 0 <= run.wrong <= SETTINGS.test_images
        model = network(run.depth, run.kind)
        assert run.parameters == sum(part.numel() for part in model.parameters())


def losses(kind, depth):
    return [run.loss for run in degradation.chosen(kind, depth)]


def test_what_the_page_says_of_the_record():
    shallow, *middle, deep, deepest = SETTINGS.depths
    # plain networks do worse with each step in depth, on the training images, for every seed
    for depths in itertools.pairwise(SETTINGS.depths):
        pairs = zip(*(degradation.chosen("plain", depth) for depth in depths), strict=True)
        assert all(b.loss > a.loss and b.wrong > a.wrong for a, b in pairs)
    # at the smallest depth the two kinds are about equal
    means = [mean(losses(kind, shallow)) for kind in script.KINDS]
    assert abs(means[0] - means[1]) < 0.02
    # residual networks gain a little, and the two deepest fall a little behind
    for depth in middle:
        assert mean(losses("residual", depth)) < means[1]
    assert means[1] < mean(losses("residual", deep)) < mean(losses("residual", deepest))
    assert mean(losses("residual", deepest)) < 2 * means[1]
    assert min(losses("plain", deepest)) > 5 * max(losses("residual", deepest))


def test_the_copied_network_errs_as_the_shallow_one_does():
    copies = [run for run in degradation.record()["runs"] if "wrong_copied_into_deepest" in run]
    assert len(copies) == len(SETTINGS.seeds)
    for run in copies:
        assert run["wrong_copied_into_deepest"] == run["wrong"]
    wrong = sum(run["wrong"] for run in copies)
    assert f">{100 * wrong / (len(copies) * SETTINGS.test_images):.1f}%<" in degradation.copied()


@pytest.mark.parametrize("name", degradation.CHECKS)
def test_other_settings_keep_the_picture(name):
    check = degradation.record(name)
    changed = {
        key
        for key, value in check["settings"].items()
        if value != degradation.record()["settings"][key]
    }
    assert {"depths"} < changed <= {"depths", "rate", "steps", "drop"}
    for seed in SETTINGS.seeds:
        runs = [run for run in degradation.runs(name) if run.seed == seed]
        loss = {(run.kind, run.depth): run.loss for run in runs}
        assert len(loss) == len(runs) == 4
        assert loss["plain", 44] > 3 * loss["residual", 44]
        assert loss["plain", 44] > loss["plain", 8]
    assert degradation.CHECKS[name] in degradation.degradation_checks()


def test_values_for_pages():
    assert degradation.trained("plain", 44, "loss").endswith("</data>")
    assert "44" in degradation.setting("depths", -1)
    assert "0, 1, 2, 3, 4" in degradation.setting("seeds")
    assert degradation.degradation_table().count("<tr>") == 1 + len(SETTINGS.depths)
    assert degradation.record()["machine"]["torch"] in degradation.degradation_machine()
    with pytest.raises(CnnrefError, match=r"^the record has no plain network of 9 layers\.$"):
        degradation.trained("plain", 9)
    with pytest.raises(UnknownNameError, match=r"^Unknown outcome 'mood': "):
        degradation.trained("plain", 8, "mood")
    with pytest.raises(UnknownNameError, match=r"^Unknown setting 'colour': "):
        degradation.setting("colour")


def test_charts_hold_every_run():
    charts = dict(degradation.charts())
    assert set(charts) == {"degradation-loss", "degradation-error", "degradation-curves"}
    values = charts["degradation-loss"].to_dict()["data"]["values"]
    assert [value["value"] for value in values] == [run.loss for run in degradation.runs()]
    curves = charts["degradation-curves"].to_dict()["data"]["values"]
    assert len(curves) == 4 * SETTINGS.steps // SETTINGS.every
