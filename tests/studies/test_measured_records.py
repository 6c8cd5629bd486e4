"""Records of machines: written, read, refused, held against the specs; and what makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from measured_samples import BEST, HERE, made, measurement

import cnnref
from cnnref.measuring.record import Measurement
from studies.machines import plan as measure_plan
from studies.machines import record as records
from studies.machines import run as measure_run
from studies.machines.plan import Case, plan
from studies.machines.record import LeftOut, drift, dumps, loads, read, write

AGAIN = "measure again with scripts/measure; the file is left as it is."


# ---- reading and writing ----


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write(made(), path)
    assert read(path) == made()
    assert made().key == "a-chip-4-1-thread"
    assert made().ceiling("float32") == BEST
    assert made().ceiling("float32", tf32=True) is None
    assert [file.name for file in tmp_path.iterdir()] == ["one.json"]
    # a line for each measurement, so that a change can be read
    assert sum('"network":"resnet20_cifar"' in line for line in dumps(made()).splitlines()) == 2


def change(*path: Any, value: Any) -> str:
    plain = json.loads(dumps(made()))
    inner = plain
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(plain)


BROKEN = {
    "no JSON": ("{", "is not JSON (Expecting property name"),
    "a list": ("[]", "has schema None, this code reads 1"),
    "older": (change("schema", value=0), "has schema 0, this code reads 1"),
    "lacks": (change("machine", value=None), "broken at the whole: 'machine' is a required"),
    "unknown": (change("speed", value=1), "broken at the whole: Additional properties are not"),
    "negative": (
        change("measurements", 0, "time", "median", value=-1),
        "broken at measurements/0/time/median: -1 is less than or equal to the minimum of 0",
    ),
    "text": (
        change("measurements", 1, "macs", value="many"),
        "broken at measurements/1/macs: 'many' is not of type 'integer'",
    ),
    "dtype": (
        change("ceilings", 0, "dtype", value="int8"),
        "broken at ceilings/0/dtype: 'int8' is not one of",
    ),
    "layers": (
        change("measurements", 0, "layers", value=[0.1, 0.2]),
        "broken at resnet20_cifar: it has 2 layers, the spec 73",
    ),
    "name": (
        change("measurements", 0, "network", value="resnet21_cifar"),
        "broken at resnet21_cifar: it has 73 layers, the spec no",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_record_is_refused_and_left_as_it_is(case: str, tmp_path: Path) -> None:
    text, message = BROKEN[case]
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(cnnref.CnnrefError) as error:
        read(path)
    assert str(error.value).startswith(f"{path} ")
    assert message in str(error.value)
    assert str(error.value).endswith(AGAIN)
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(cnnref.CnnrefError, match=r"none\.json cannot be read: "):
        read(tmp_path / "none.json")


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write(made(), path)
    before = path.read_text(encoding="utf-8")
    with pytest.raises(cnnref.CnnrefError, match="broken at"):
        write(made(plan="half"), path)
    assert path.read_text(encoding="utf-8") == before


# ---- what is exact ----


def test_what_the_specs_say_does_not_drift() -> None:
    assert drift(made()) == []


@pytest.mark.parametrize("name", ["parameters", "macs", "output_bytes"])
def test_a_drift_is_seen(name: str) -> None:
    one = measurement()
    value = getattr(one, name)
    (line,) = drift(made(one._replace(**{name: value + 1})))
    assert line == (
        f"A Chip (4), 1 thread: resnet20_cifar, inference, batch 1, float32: {name} is "
        f"{value + 1:,} on record and {value:,} by the spec"
    )


def test_bytes_follow_the_dtype() -> None:
    half = measurement(dtype="bfloat16", output_bytes=measurement().output_bytes // 2, layers=())
    assert drift(made(half)) == []
    assert drift(made(half._replace(dtype="float32"))) != []


def test_the_committed_records_are_as_the_specs_say() -> None:
    assert measure_run.check() == []
    found = measure_run.committed()
    assert found
    for one in found:
        assert one.plan == "full"
        # a network that came after the record is not measured, and its page says so
        assert {entry.network for entry in one.measurements} <= set(cnnref.names())
        assert len(one.measurements) > len(measure_plan.SHOWN)


def test_a_committed_record_that_is_wrong_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_run, "RECORDS", tmp_path)
    write(made(), tmp_path / f"{made().key}.json")
    assert measure_run.check() == []
    write(made(measurement(macs=7)), tmp_path / "other.json")
    (tmp_path / "worse.json").write_text("{}", encoding="utf-8")
    name, drifted, worse = measure_run.check()
    assert name.startswith("other.json: the record is of A Chip (4), 1 thread; name it")
    assert "macs is 7 on record" in drifted
    assert "worse.json has schema None" in worse


# ---- the plan ----


def test_the_plan_of_a_card_is_the_whole_catalogue_in_every_way() -> None:
    cases = plan("cuda", quick=False)
    assert len(cases) == len(set(cases))
    for name in cnnref.names():
        for batch in (1, 32, 256):
            for mode in ("inference", "training"):
                ways = {
                    (case.dtype, case.tf32, case.channels_last, case.compiled)
                    for case in cases
                    if (case.network, case.batch_size, case.mode) == (name, batch, mode)
                }
                assert ways >= {
                    ("float32", False, False, False), ("float32", True, False, False),
                    ("bfloat16", False, False, False), ("bfloat16", False, True, False),
                    ("float32", False, True, False), ("float32", False, False, True),
                    ("bfloat16", False, True, True),
                }  # fmt: skip
    assert measure_plan.kinds(cases) == [
        ("float32", False), ("bfloat16", False), ("float32", True),
    ]  # fmt: skip


def test_the_plan_of_a_processor_has_every_network_at_inference_and_in_training() -> None:
    cases = plan("cpu", quick=False)
    assert len(cases) == len(set(cases))
    for mode, batch in (("inference", 1), ("training", 8)):
        found = {case.network for case in cases if (case.mode, case.batch_size) == (mode, batch)}
        assert found == set(cnnref.names())


def test_the_quick_plan_is_the_lectures_chart() -> None:
    cases = plan("cuda", quick=True)
    assert {case.network for case in cases} == set(measure_plan.SHOWN)
    costs = [cnnref.table(case.network).macs for case in cases]
    assert costs == sorted(costs)
    assert all(case == Case(case.network) for case in cases)
    assert plan("cpu", quick=True, only=["vgg16"]) == [Case("vgg16")]
    assert str(Case("vgg16", 8, "training", "bfloat16", True, compiled=True)) == (
        "vgg16, training, batch 8, bfloat16, channels last, compiled"
    )


# ---- runs ----


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs that measure nothing, in a folder of their own; the networks that were asked for."""
    asked: list[str] = []

    def measure(name: str, **options: Any) -> Measurement:
        if name == "vgg16" and "vgg16" not in asked:
            asked.append(name)
            raise KeyboardInterrupt
        asked.append(name)
        if name == "vgg19":
            raise cnnref.CnnrefError("vgg19: does not\nfit")
        return measurement(name, options["batch_size"], layers=())

    monkeypatch.setattr(measure_run, "CACHE", tmp_path)
    monkeypatch.setattr(measure_run, "THIS", tmp_path / "this.json")
    monkeypatch.setattr(cnnref, "measure", measure)
    monkeypatch.setattr(cnnref, "ceilings", lambda *_, **__: BEST)
    return asked


def todo(**changes: Any) -> measure_run.Job:
    options = {"quick": True, "only": ["alexnet_2012", "vgg16", "vgg19"], "limit": None}
    return measure_run.job("cpu", **options | changes)


def test_an_interrupted_run_goes_on_where_it_was(fake: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure_run.run(todo())
    assert fake == ["alexnet_2012", "vgg16"]
    found = measure_run.run(todo())
    assert fake == ["alexnet_2012", "vgg16", "vgg16", "vgg19"]
    assert [one.network for one in found.measurements] == ["alexnet_2012", "vgg16"]
    assert [(one.network, one.reason) for one in found.left_out] == [
        ("vgg19", "vgg19: does not fit")
    ]
    assert loads(dumps(found), "it") == found


def test_a_run_ends_when_its_time_is_up(fake: list[str]) -> None:
    found = measure_run.run(todo(limit=-1.0))
    assert fake == []
    assert {one.reason for one in found.left_out} == {measure_run.TIME_UP}
    assert len(found.left_out) == 3


def test_what_failed_is_tried_again(fake: list[str]) -> None:
    fake.append("vgg16")
    measure_run.run(todo())
    fake.clear()
    fake.append("vgg16")
    measure_run.run(todo())
    assert fake == ["vgg16", "vgg19"]


def test_a_build_goes_on_where_its_time_was_up(
    fake: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.append("vgg16")
    monkeypatch.setattr(measure_run, "QUICK_LIMIT", 1e9)
    whole = measure_run.this_machine(lambda _: None)
    cut = LeftOut("vgg16", 1, "inference", "float32", False, False, False, measure_run.TIME_UP)
    write(whole._replace(left_out=(cut,)), measure_run.THIS)
    count = len(fake)
    assert measure_run.this_machine(lambda _: None).left_out == whole.left_out
    assert fake[count:] == ["vgg19"]  # all others are at hand


def test_a_record_is_not_replaced_by_less_nor_by_another_machines(tmp_path: Path) -> None:
    path, whole = tmp_path / "record.json", made()
    measure_run.keep(whole, path)
    measure_run.keep(whole._replace(date="2026-02-02"), path)
    text = path.read_text(encoding="utf-8")
    assert "2026-02-02" in text
    refused = {
        "record.json has 2 measurements and this run 1; run it to its end, or write elsewhere "
        "with --output.": whole._replace(measurements=whole.measurements[:1]),
        "record.json is of another machine of that name; write elsewhere with --output.": (
            whole._replace(machine=HERE._replace(memory_bytes=1))
        ),
    }
    for message, found in refused.items():
        with pytest.raises(cnnref.CnnrefError) as error:
            measure_run.keep(found, path)
        assert str(error.value) == message
    newer = HERE._replace(torch="3.0", python="3.14", driver="1")
    measure_run.keep(whole._replace(machine=newer), path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(cnnref.CnnrefError, match="the file is left as it is"):
        measure_run.keep(whole, path)


def test_a_line_that_was_cut_short_is_measured_again(fake: list[str]) -> None:
    fake.append("vgg16")
    job = todo()
    measure_run.run(job)
    (path,) = measure_run.CACHE.glob("*.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:20]]), encoding="utf-8")
    fake.clear()
    fake.append("vgg16")
    found = measure_run.run(job)
    assert fake == ["vgg16", "vgg19"]
    assert len(found.left_out) == 1


def test_a_build_measures_once_for_the_same_code_and_machine(
    fake: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.append("vgg16")
    said: list[str] = []
    first = measure_run.this_machine(said.append)
    count = len(fake)
    assert first.plan == "quick"
    assert measure_run.this_machine(said.append).measurements == first.measurements
    assert len(fake) == count
    assert said[-1] == f"measured on {first.date}, reused"
    # other code, another torch, another machine, a broken file: measured again
    monkeypatch.setattr(measure_run, "code", lambda: "other")
    measure_run.this_machine(said.append)
    assert len(fake) == 2 * count - 1
    measure_run.THIS.write_text("{}", encoding="utf-8")
    measure_run.this_machine(said.append)
    assert said[-2] == "this.json is broken or older, and is measured again"
    assert read(measure_run.THIS).code == "other"


@pytest.mark.parametrize("name", ["vgg.py", "layer.py", "arithmetic.py", "catalog.py", "net.py"])
def test_the_code_of_a_record_is_all_that_a_measurement_imports(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = measure_run.code()
    original = Path.read_bytes

    def edited(path: Path) -> bytes:
        return original(path) + b"#" * (path.name == name)

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert measure_run.code() != before


def test_one_real_case_ends_as_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure_run, "CACHE", tmp_path)
    monkeypatch.setattr(measure_run, "QUICK", (0.02, 0.01))
    job = measure_run.job("cpu", quick=True, only=["enet"], limit=None)
    found = measure_run.run(job)
    assert drift(found) == []
    assert [one.network for one in found.measurements] == ["enet"]
    assert len(found.measurements[0].layers) == len(cnnref.table("enet"))
    assert (
        loads(dumps(found), "it").measurements[0].layers[3][:4]
        == (found.measurements[0].layers[3][:4])
    )


def test_a_name_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(cnnref.UnknownNameError, match="did you mean vgg19 or vgg16"):
        measure_run.job("cpu", quick=True, only=["vgg61"], limit=None)


def test_the_schema_is_the_one_that_the_code_reads() -> None:
    schema = json.loads(records.FILE.read_text(encoding="utf-8"))
    assert schema["properties"]["schema"]["const"] == records.SCHEMA
    assert set(schema["properties"]["machine"]["required"]) == set(HERE._fields)
    fields = set(Measurement._fields) - {"machine"}
    assert set(schema["$defs"]["measurement"]["required"]) == fields
    assert set(schema["properties"]["left_out"]["items"]["required"]) == set(LeftOut._fields)
    assert set(schema["properties"]["ceilings"]["items"]["required"]) == set(BEST._fields)
