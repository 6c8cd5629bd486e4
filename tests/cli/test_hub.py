"""Models of transformers by their configurations, without weights, and without the network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import run

import cnnref
from cnnref.cli import libraries

TINY = {
    "model_type": "bert", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 128, "vocab_size": 100, "architectures": ["BertForSequenceClassification"],
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    (tmp_path / "tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    return tmp_path


@pytest.fixture
def transformers():
    pytest.importorskip("transformers", reason="what these models are of")
    import transformers

    return transformers


def traced(capsys, *words):
    code, out, err = run(capsys, "trace", *words, "--format", "json")
    assert code == 0, err
    return cnnref.Table.from_json(out)


def encoder(tokens, width=64, inner=128, layers=2, classes=2):
    """MACs of an encoder: four projections, two products of attention, two layers behind."""
    each = 4 * tokens * width**2 + 2 * tokens**2 * width + 2 * tokens * width * inner
    return layers * each + width**2 + classes * width


@pytest.mark.parametrize(
    "words", [("hf:bert", "--config", "tiny.json"), ("hf:tiny.json",), ("hf:model",)]
)
def test_a_configuration_is_a_file_a_folder_or_stands_beside_a_kind(
    capsys, here, transformers, words
):
    table = traced(capsys, *words)
    assert (table.name, table.macs) == ("BertForSequenceClassification", encoder(128))
    made = transformers.BertForSequenceClassification(transformers.BertConfig(**TINY))
    assert table.parameters == sum(weight.numel() for weight in made.parameters())


def test_entries_and_inputs_are_given_like_arguments(capsys, here, transformers):
    words = ("--arg", "num_hidden_layers=1", "--input", "input_ids=16:int64")
    assert traced(capsys, "hf:tiny.json", *words).macs == encoder(16, layers=1)


def test_images_and_both_sides_of_a_translation_are_given_by_default(capsys, here, transformers):
    table = traced(capsys, "hf:vit", "--arg", "num_hidden_layers=1", "--arg", "image_size=32")
    assert table.input_shape == (3, 32, 32)
    shape = ("--arg", "num_layers=1", "--arg", "num_decoder_layers=1")
    assert traced(capsys, "hf:t5", *shape).input_shape == (128,)


@pytest.mark.parametrize(
    ("taken", "config", "shapes"),
    [
        ("pixel_values", {}, {"pixel_values": (3, 224, 224)}),
        ("pixel_values", {"image_size": (8, 9), "num_channels": 1}, {"pixel_values": (1, 8, 9)}),
        (
            "pixel_values",
            {"image_size": 5, "vision_config": SimpleNamespace(image_size=7)},
            {"pixel_values": (3, 7, 7)},
        ),
        ("input_ids", {"is_encoder_decoder": False}, {"input_ids": (128,)}),
        (
            "input_ids",
            {"is_encoder_decoder": True, "max_position_embeddings": 16},
            {"input_ids": (16,), "decoder_input_ids": (16,)},
        ),
    ],
)
def test_what_a_configuration_leaves_open_is_the_usual_input(taken, config, shapes):
    torch = pytest.importorskip("torch", reason="what models are made of")
    model = torch.nn.Identity()
    model.config, model.main_input_name = SimpleNamespace(**config), taken
    given = libraries.own_inputs("hf:own", model)["inputs"]
    assert {name: tuple(one.shape)[1:] for name, one in given.items()} == shapes
    assert all(one.is_floating_point() == (taken == "pixel_values") for one in given.values())
    model.main_input_name = "input_values"
    assert libraries.own_inputs("hf:own", model) is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["hf:bert", "--arg", "hiden_size=3"],
            "Unknown entry of the configuration of hf:bert 'hiden_size': did you mean hidden_size?",
        ),
        (["hf:bert", "--config", "none.json"], "none.json cannot be read as a configuration: "),
        (["hf:bert", "--config", "list.json"], "list.json holds no configuration, which is a "),
        (["hf:odd.json"], "Unknown model_type in the configuration of hf:odd.json 'burt': did "),
        (["hf:bare.json"], "Unknown model_type in the configuration of hf:bare.json 'bare.json': "),
        (
            ["hf:somebody/net", "--config", "odd.json"],
            "Unknown model_type in the configuration of hf:somebody/net 'burt': did ",
        ),
    ],
)
def test_what_is_no_configuration_is_refused(capsys, here, transformers, words, why):
    (here / "list.json").write_text("[1]", encoding="utf-8")
    (here / "bare.json").write_text('{"hidden_size": 3}', encoding="utf-8")
    (here / "odd.json").write_text('{"model_type": "burt"}', encoding="utf-8")
    code, out, err = run(capsys, "trace", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"cnnref: {why}")


def test_nothing_is_fetched_unless_asked(capsys, here, transformers, monkeypatch):
    asked = []

    def load(name, local_files_only, **_):
        asked.append((name, local_files_only))
        raise OSError("it is not here")

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", load)
    code, _, err = run(capsys, "trace", "hf:somebody/net")
    assert code == 2
    assert err == (
        "cnnref: hf:somebody/net: it is not here. No configuration is here: --config FILE.json "
        "gives one, --online fetches that of the hub.\n"
    )
    run(capsys, "trace", "hf:somebody/net", "--online")
    # what cannot be built on the meta device is tried once more without it
    assert list(dict.fromkeys(asked)) == [("somebody/net", True), ("somebody/net", False)]


def test_without_the_library_one_sentence_says_so(capsys, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert run(capsys, "trace", "hf:tiny.json") == (
        2,
        "",
        "cnnref: hf:tiny.json needs transformers, which is not installed: pip install "
        "transformers.\n",
    )


@pytest.mark.parametrize("option", [["--config", "tiny.json"], ["--online"]])
def test_options_of_the_hub_are_for_it_alone(capsys, here, option):
    why = f"cnnref: {option[0]} is for hf:NAME; torch.nn:Identity takes none.\n"
    assert run(capsys, "trace", "torch.nn:Identity", *option) == (2, "", why)
