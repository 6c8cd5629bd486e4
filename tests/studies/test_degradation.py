"""The experiment on depth: it repeats itself, and its record is as the page says."""

import json
import math

import pytest
import torch

from cnnref.errors import CnnrefError, UnknownNameError
from studies import degradation as script
from website.chapters.resnet import degradation

SETTINGS = script.Settings()
TASK = script.Task(8, "plain", 0, script.FAST)


@pytest.fixture(autouse=True)
def torch_as_before():
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)


def test_a_run_repeats_itself_to_the_last_bit():
    first, second = (script.train(TASK) for _ in range(2))
    first.pop("cpu_seconds"), second.pop("cpu_seconds")
    assert first == second
    assert first["parameters"] == script.train(TASK._replace(kind="residual"))["parameters"]
    assert script.train(TASK._replace(seed=1))["curve"] != first["curve"]


def test_images_hold_one_pattern_each_at_any_place_and_of_either_sign():
    quiet = SETTINGS._replace(noise=0.0)
    images, classes = script.draw(400, torch.Generator().manual_seed(3), quiet)
    assert images.shape == (400, 1, 12, 12)
    assert set(classes.tolist()) == set(range(quiet.classes))
    assert all((image != 0).sum() == quiet.glyph**2 for image in images)
    rows = {int((image != 0).any(2)[0].nonzero()[0]) for image in images}
    assert rows == set(range(quiet.size - quiet.glyph + 1))
    sums = images.sum((1, 2, 3))[classes == 0]
    assert {value.item() for value in sums} == {sums[0].item(), -sums[0].item()}


def test_images_are_never_drawn_twice():
    stream = torch.Generator().manual_seed(1000)
    images = torch.cat([script.draw(64, stream, SETTINGS)[0] for _ in range(20)])
    assert len(torch.unique(images.flatten(1), dim=0)) == len(images)


@pytest.mark.parametrize("depth", [14, 44])
def test_a_deep_plain_network_can_hold_a_shallow_one(depth):
    torch.manual_seed(0)
    shallow = script.network(8, "plain", SETTINGS)
    images, _ = script.draw(50, torch.Generator().manual_seed(5), SETTINGS)
    shallow(images)  # running statistics that are not those of the start
    deep = script.deepened(shallow, depth, SETTINGS)
    with torch.no_grad():
        wanted, got = shallow.eval()(images), deep.eval()(images)
    assert torch.allclose(wanted, got, rtol=1e-4, atol=1e-5)
    assert sum(isinstance(part, torch.nn.Conv2d) for part in deep.modules()) == depth - 1
    deep[3][-1].conv1.weight.data.zero_()
    assert not torch.allclose(wanted, deep(images), rtol=1e-4, atol=1e-5)


def test_an_odd_depth_is_refused():
    with pytest.raises(
        ValueError, match=r"^a depth of 10 is not 6n \+ 2; take 8, 14, 20 and so on$"
    ):
        script.network(10, "plain", SETTINGS)


def test_a_record_is_written_whole_with_a_line_for_each_run(tmp_path):
    target = tmp_path / "new" / "record.json"
    record = {"settings": SETTINGS._asdict(), "runs": [{"depth": 8, "curve": [1.0, 0.5]}] * 2}
    script.write(record, target)
    assert json.loads(target.read_text()) == json.loads(json.dumps(record))
    assert target.read_text().count('"curve"') == 2
    assert [path.name for path in target.parent.iterdir()] == ["record.json"]


def test_options_change_the_settings(monkeypatch):
    monkeypatch.setattr("sys.argv", ["degradation.py", "--depths", "8", "44", "--steps", "1000"])
    settings = script.chosen(script.arguments())
    assert settings == SETTINGS._replace(depths=(8, 44), steps=1000, drop=800)


# the committed record


def test_the_record_is_of_the_scripts_own_settings():
    stored = degradation.record()["settings"]
    assert stored == json.loads(json.dumps(SETTINGS._asdict()))
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
        network = script.network(run.depth, run.kind, SETTINGS)
        assert run.parameters == sum(part.numel() for part in network.parameters())


def losses(kind, depth):
    return [run.loss for run in degradation.chosen(kind, depth)]


def test_what_the_page_says_of_the_record():
    shallow, *middle, deepest = SETTINGS.depths
    # plain networks do worse with each step in depth, on the training images, for every seed
    for less, more in zip(SETTINGS.depths, SETTINGS.depths[1:], strict=False):
        pairs = zip(losses("plain", less), losses("plain", more), strict=True)
        assert all(b > a for a, b in pairs)
    # at the smallest depth the two kinds are about equal
    means = [sum(losses(kind, shallow)) / 3 for kind in script.KINDS]
    assert abs(means[0] - means[1]) < 0.02
    # residual networks stay about level, the deepest a little behind
    for depth in middle:
        assert sum(losses("residual", depth)) / 3 < means[1]
    assert means[1] < sum(losses("residual", deepest)) / 3 < 2 * means[1]
    assert min(losses("plain", deepest)) > 5 * max(losses("residual", deepest))


def test_the_copied_network_errs_as_the_shallow_one_does():
    copies = [run for run in degradation.record()["runs"] if "wrong_copied_into_deepest" in run]
    assert len(copies) == len(SETTINGS.seeds)
    for run in copies:
        assert run["wrong_copied_into_deepest"] == run["wrong"]
    wrong = sum(run["wrong"] for run in copies)
    assert f">{100 * wrong / (3 * SETTINGS.test_images):.1f}%<" in degradation.copied()


@pytest.mark.parametrize("name", degradation.CHECKS)
def test_other_settings_keep_the_picture(name):
    check = degradation.record(name)
    changed = {
        key
        for key, value in check["settings"].items()
        if value != degradation.record()["settings"][key]
    }
    assert {"depths", "seeds"} < changed <= {"depths", "seeds", "rate", "steps", "drop"}
    loss = {(run["kind"], run["depth"]): run["loss"] for run in check["runs"]}
    assert len(loss) == len(check["runs"]) == 4
    assert loss["plain", 44] > 3 * loss["residual", 44]
    assert loss["plain", 44] > loss["plain", 8]
    assert degradation.CHECKS[name] in degradation.degradation_checks()


def test_values_for_pages():
    assert degradation.trained("plain", 44, "loss").endswith("</data>")
    assert "44" in degradation.setting("depths", -1)
    assert "0, 1, 2" in degradation.setting("seeds")
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
