"""The frame of the experiments: images, runs that repeat and resume, the command, photographs."""

import argparse
import json
import math
import pickle
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from cnnref.errors import CnnrefError, UnknownNameError
from studies.trained import frame, images, networks, run
from studies.trained.experiments import first_layer, heads, start

SETTINGS = frame.Settings()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(frame, "CACHE", tmp_path)
    return tmp_path


def stream(seed):
    return torch.Generator().manual_seed(seed)


# images


def test_images_hold_one_pattern_each_at_any_place_and_of_either_sign():
    quiet = replace(SETTINGS, noise=0.0)
    drawn, classes = images.Glyphs(quiet).draw(400, stream(3))
    assert drawn.shape == (400, 1, 12, 12)
    assert set(classes.tolist()) == set(range(quiet.classes))
    assert all((image != 0).sum() == quiet.glyph**2 for image in drawn)
    rows = {int((image != 0).any(2)[0].nonzero()[0]) for image in drawn}
    assert rows == set(range(quiet.size - quiet.glyph + 1))
    sums = drawn.sum((1, 2, 3))[classes == 0]
    assert {value.item() for value in sums} == {sums[0].item(), -sums[0].item()}


def test_images_are_never_drawn_twice():
    one = stream(1000)
    drawn = torch.cat([images.Glyphs(SETTINGS).draw(64, one)[0] for _ in range(20)])
    assert len(torch.unique(drawn.flatten(1), dim=0)) == len(drawn)


def test_stripes_have_the_period_and_the_direction_of_their_class():
    settings = replace(SETTINGS, noise=0.0, size=48, glyph=3)
    drawn, classes = images.Stripes(settings).draw(60, stream(3))
    power = torch.fft.fft2(drawn[:, 0]).abs()[:, :24]
    for spectrum, number in zip(power, classes.tolist(), strict=True):
        row, column = divmod(int(spectrum.argmax()), 48)
        across = column if column < 24 else column - 48
        fast = math.hypot(row, across) / 48
        assert 1 / fast == pytest.approx(3 if number < 5 else 12, rel=0.2)
        angle = math.atan2(row, across) % math.pi
        turned = abs(angle - math.pi * (number % 5) / 5)
        assert min(turned, math.pi - turned) < 0.35


def test_errors_are_always_counted_on_the_same_images():
    first, second = (images.Glyphs(SETTINGS).test()[0] for _ in range(2))
    assert torch.equal(first, second)
    assert len(first) == SETTINGS.test_images


# a made-up copy of CIFAR-10, in the format of its python version


def batch(count, seed):
    rows = np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)
    return {b"data": rows, b"labels": [number % 10 for number in range(count)]}


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for number in range(1, 6):
        (folder / f"data_batch_{number}").write_bytes(pickle.dumps(batch(20, number), protocol=2))
    (folder / "test_batch").write_bytes(pickle.dumps(batch(50, 0), protocol=2))
    return tmp_path


def test_cifar10_is_read_with_each_channel_at_mean_zero_and_spread_one(photographs):
    source = images.cifar10(photographs, 30)
    assert source.images.shape == (100, 3, 32, 32)
    assert torch.allclose(source.images.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(source.images.std((0, 2, 3)), torch.ones(3), atol=1e-4)
    assert source.labels.tolist() == list(range(10)) * 10
    tested, classes = source.test()
    assert tested.shape == (30, 3, 32, 32)
    assert classes.tolist() == list(range(10)) * 3
    drawn, _ = source.draw(7, stream(0))
    assert drawn.shape == (7, 3, 32, 32)
    assert torch.equal(images.cifar10(photographs / "cifar-10-batches-py", 30).kept, tested)


class Harmful:
    def __reduce__(self):
        return print, ("harm done",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({b"data": Harmful()}, protocol=2), "it names {}.print, which no batch does"),
        (pickle.dumps(batch(9, 0) | {b"labels": [1]}), "its data are uint8 of shape (9, 3072)"),
        (
            pickle.dumps({b"data": batch(1, 0)[b"data"], b"labels": [10]}),
            "its labels are not whole numbers from 0 to 9",
        ),
        (b"", "Ran out of input"),
    ],
)
def test_what_is_no_batch_of_cifar10_is_refused(photographs, capsys, content, said):
    place = photographs / "cifar-10-batches-py" / "data_batch_3"
    place.write_bytes(content)
    said = said.replace("{}", "__builtin__" if b"__builtin__" in content else "builtins")
    with pytest.raises(CnnrefError) as caught:
        images.cifar10(photographs, 30)
    assert str(caught.value) == f"{place} is no batch of CIFAR-10: {said}."
    assert "harm" not in capsys.readouterr().out


def test_a_batch_that_is_missing_is_named(photographs):
    place = photographs / "cifar-10-batches-py" / "test_batch"
    place.unlink()
    with pytest.raises(CnnrefError, match=r"test_batch cannot be read: No such file"):
        images.cifar10(photographs, 30)


@pytest.mark.parametrize("name", run.NAMES)
def test_every_experiment_runs_on_photographs(photographs, name):
    settings = replace(run.smallest(name), steps=0, drop=0, test_images=8, batch=2)
    task = frame.tasks(name, settings, str(photographs))[0]
    source = task.source()
    model = task.experiment.network(task.condition, settings, source)
    assert model.eval()(source.test()[0][:2]).shape == (2, 10)
    if name == "heads":
        scaled, _ = heads.of_size(source, task, 24)
        assert scaled.shape == (8, 3, 64, 64)


# runs


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in run.NAMES if name != "degradation"])
def test_a_smoke_run_has_every_condition(cache, name):
    settings = run.smallest(name)
    found = frame.record(name, settings)
    tasks = frame.tasks(name, settings)
    assert [{**t.condition, "seed": t.seed} for t in tasks] == [
        {key: one[key] for key in (*t.condition, "seed")}
        for t, one in zip(tasks, found["runs"], strict=True)
    ]
    assert all(one["macs"] > 0 and one["parameters"] > 0 for one in found["runs"])
    assert found == json.loads(json.dumps(found)) | {"settings": asdict(settings)}


def test_a_run_that_was_stopped_goes_on(cache, monkeypatch):
    settings = replace(run.smallest("batch_norm"), seeds=(0, 1))
    done = []
    train = frame.train

    def stopped(task):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(task)
        return train(task)

    monkeypatch.setattr(frame, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        frame.record("batch_norm", settings)
    monkeypatch.setattr(frame, "train", lambda task: done.append(task) or train(task))
    found = frame.record("batch_norm", settings)
    assert done == frame.tasks("batch_norm", settings)
    # another seed leaves what is done; another setting does not
    frame.record("batch_norm", replace(settings, seeds=(1,)))
    assert len(done) == len(found["runs"]) == 8
    frame.record("batch_norm", replace(settings, seeds=(1,), noise=0.1))
    assert len(done) == 12


def test_what_is_kept_is_kept_for_one_code_and_one_machine(monkeypatch):
    before = frame.key("start")
    assert frame.key("preactivation") != before
    monkeypatch.setattr(frame, "machine", lambda: {"processor": "another"})
    assert frame.key("start") != before


def test_a_run_that_diverges_ends_and_has_no_loss(cache):
    settings = replace(run.smallest("batch_norm"), steps=40, rates=(1e12,))
    task = frame.tasks("batch_norm", settings)[1]
    found = frame.train(task)
    assert found["loss"] is None
    assert len(found["curve"]) < 20
    assert all(math.isfinite(loss) for loss in found["curve"])
    assert "diverged" in frame.line(task, found)


def test_a_conditions_own_values_replace_the_settings():
    task = frame.tasks("batch_norm", run.full("batch_norm"))[0]
    assert task.experiment.own(task.condition, task.settings).rate == task.condition["rate"]
    for task in frame.tasks("batch_sizes", run.full("batch_sizes")):
        own = task.experiment.own(task.condition, task.settings)
        assert own.steps * own.batch == task.settings.images
        assert own.rate / own.batch == pytest.approx(task.settings.rate / 64)


# what single experiments measure


def test_a_block_set_by_hand_is_the_identity_where_its_form_lets_it():
    maps = torch.randn(4, 8, 6, 6, generator=stream(0))
    negative = (maps < 0).float().mean().item()
    for kind in (networks.PLAIN, networks.ORIGINAL):
        block = start.by_hand(kind, 8)
        assert start.changed(block, maps.relu()) == 0
        assert start.changed(block, maps) == pytest.approx(negative, abs=1e-4)
    assert start.changed(start.by_hand(networks.BEFORE, 8), maps) == 0


def test_a_network_without_norms_has_none_and_odd_depths_are_refused():
    source = images.Glyphs(SETTINGS)
    bare = networks.deep(networks.BARE, 20, 8, source)
    kinds = [type(part).__name__ for part in bare.modules()]
    assert "BatchNorm2d" not in kinds
    assert kinds.count("Conv2d") == 19
    with pytest.raises(ValueError, match=r"^a depth of 21 is not 2n \+ 2; take 4, 20, 110"):
        networks.deep(networks.PLAIN, 21, 8, source)


def test_what_a_stride_folds_is_the_part_that_varies_too_fast_for_it():
    x = torch.arange(32)
    fast, slow = (torch.cos(2 * math.pi * x / period).expand(1, 1, 32, 32) for period in (2.9, 16))
    copy = torch.nn.Conv2d(1, 1, 1, stride=4, bias=False)
    torch.nn.init.dirac_(copy.weight)
    assert first_layer.folded(copy, fast) > 0.9
    assert first_layer.folded(copy, slow) < 0.01
    copy.stride = (1, 1)
    assert first_layer.folded(copy, fast) == 0


def test_conditions_that_are_to_cost_the_same_do():
    def cost(name, what):
        settings = replace(run.smallest(name), steps=0, drop=0)
        tasks = frame.tasks(name, settings)
        return [frame.train(task)[what] for task in tasks]

    reduced, plain, wide = cost("inception", "macs")
    assert abs(plain - reduced) < 0.02 * reduced
    assert wide > 2 * reduced
    full, narrow, wide = cost("depthwise", "macs")
    assert abs(wide - full) < 0.02 * full
    assert narrow < full / 2


# the command


def given(*names, **options):
    plain = {"output": None, "set": [], "jobs": 1, "fast": True, "data": None}
    return argparse.Namespace(names=list(names), **(plain | options))


def test_the_command_lists_and_writes_whole_records(cache, capsys):
    assert run.main(given()) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(run.NAMES)
    assert run.main(given("start", output=str(cache / "new"), set=["seeds=0,1"])) == 0
    target = cache / "new" / "start.json"
    text = target.read_text(encoding="utf-8")
    assert len(json.loads(text)["runs"]) == text.count('"gradients"') == 8
    assert [path.name for path in target.parent.iterdir()] == ["start.json"]


@pytest.mark.slow
def test_several_processes_come_to_the_same(cache):
    settings = run.smallest("depthwise")
    wanted = frame.tasks("depthwise", settings)
    one = [frame.train(task) | {"cpu_seconds": 0} for task in wanted]
    assert [made | {"cpu_seconds": 0} for made in frame.results(wanted, 2)] == one


def test_options_change_the_settings():
    full = run.full("degradation")
    changed = run.changed(full, ["depths=8,44", "steps=1000", "rate=0.1"])
    assert changed == replace(full, depths=(8, 44), steps=1000, drop=800, rate=0.1)
    with pytest.raises(CnnrefError, match=r"^'depths=deep' is no setting: behind the = there "):
        run.changed(full, ["depths=deep"])
    with pytest.raises(UnknownNameError, match=r"^Unknown setting 'colour'"):
        run.changed(full, ["colour=1"])
    with pytest.raises(UnknownNameError, match=r"^Unknown experiment 'alchemy'"):
        run.chosen(["alchemy"])
    with pytest.raises(UnknownNameError, match=r"^Unknown set of images 'mnist'"):
        run.folder(["mnist", "."])
    assert run.chosen(["all"]) == run.NAMES


def test_every_experiment_can_be_found():
    folder = run.Path(sys.modules[frame.__name__].__file__).parent / "experiments"
    assert {path.stem for path in folder.glob("*.py")} == set(run.NAMES)
