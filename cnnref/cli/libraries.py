"""Models of other libraries by their names or configurations, and exported programs by files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from cnnref.cli.commands import HUB
from cnnref.errors import CnnrefError, MissingExtraError, UnknownNameError
from cnnref.sources import example, takes

__all__ = ["EXPORTED", "exported", "library_model", "own_inputs"]

# timm:resnet50, timm/resnet50, timm.create_model:resnet50, torchvision:resnet50
NAMED = re.compile(
    r"(timm|torchvision)(?:\.create_model|\.models)?[:/](?!create_model$|models[:/.])([\w.]+)"
)
EXPORTED = ".pt2"
# the tokens that a language model is given unless told
TOKENS = 128


def library_model(target: str) -> Callable[..., Any] | None:
    """What builds the model of a library that a target names; None where it names none.

    Raises:
        CnnrefError: the library is not installed, or cannot be imported.
        UnknownNameError: it has no model of that name.
    """
    if target.startswith(HUB):
        return _configured(target)
    named = NAMED.fullmatch(target)
    if named is None:
        return None
    library, name = named.groups()
    home = _home(target, library)
    if name not in home.list_models() and name.partition(".")[0] not in home.list_models():
        raise UnknownNameError(f"model of {library}", name, home.list_models())
    if library == "timm":
        return partial(home.create_model, name, pretrained=False)
    how = {"weights": None}
    if takes(home.get_model_builder(name), "weights_backbone"):
        how["weights_backbone"] = None
    return partial(home.get_model, name, **how)


def _home(target: str, library: str) -> Any:
    """The module of a library in which its models are listed."""
    try:
        return import_module("torchvision.models" if library == "torchvision" else library)
    except ModuleNotFoundError as error:
        needed = (error.name or library).partition(".")[0]
        if needed == "torch":
            raise MissingExtraError(target, "torch", "torch") from None
        raise CnnrefError(
            f"{target} needs {needed}, which is not installed: pip install {needed}."
        ) from None
    except RuntimeError as error:
        raise CnnrefError(
            f"{target}: {library} does not fit the torch that is installed: {error}."
        ) from None


def _configured(target: str) -> Callable[..., Any]:
    """What builds a model of transformers from a configuration, without its weights."""
    library = _home(target, "transformers")

    def build(config: str = "", online: bool = False, **entries: Any) -> Any:
        found = _configuration(library, target, config, online)
        for key, value in entries.items():
            if not hasattr(found, key):
                raise UnknownNameError(f"entry of the configuration of {target}", key, vars(found))
            setattr(found, key, value)
        names = (getattr(library, name, None) for name in found.architectures or ())
        kind = next(filter(None, names), None)
        return kind(found) if kind else library.AutoModel.from_config(found)

    return build


def _configuration(library: Any, target: str, file: str, online: bool) -> Any:
    """The configuration that a target names, with the entries of a file in place of its own."""
    name, given = target.removeprefix(HUB), _entries(file) if file else {}
    path = Path(name) / "config.json" if Path(name).is_dir() else Path(name)
    if path.suffix == ".json":
        given = {**_entries(str(path)), **given}
    kinds = library.CONFIG_MAPPING.keys()
    kind = given.pop("model_type", name)
    if kind in kinds:
        return library.AutoConfig.for_model(kind, **given)
    if path.suffix == ".json" or kind != name:
        raise UnknownNameError(f"model_type in the configuration of {target}", kind, kinds)
    try:
        return library.AutoConfig.from_pretrained(name, local_files_only=not online, **given)
    except (OSError, ValueError) as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise CnnrefError(
            f"{target}: {first}. No configuration is here: --config FILE.json gives one, "
            "--online fetches that of the hub."
        ) from None


def _entries(file: str) -> dict[str, Any]:
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CnnrefError(f"{file} cannot be read as a configuration: {error}.") from None
    if not isinstance(found, dict):
        raise CnnrefError(f"{file} holds no configuration, which is a mapping of entries.")
    return found


@cache
def exported(path: str) -> Any:
    """The program that torch.export wrote to a file.

    Raises:
        CnnrefError: there is no such file, or it holds something else.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError(path, "torch", "torch") from None
    if not Path(path).is_file():
        raise CnnrefError(f"{path} is not a file that can be read.")
    try:
        with catch_warnings():
            # PyTorch 2.9 warns of how it reads its own file
            simplefilter("ignore")
            return torch.export.load(path)
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise CnnrefError(f"{path} is no program that torch.export.save wrote: {first}") from None


def own_inputs(target: str, module: Any) -> dict[str, Any] | None:
    """What a model takes by default: what it was exported with, or what its library says."""
    if target.endswith(EXPORTED):
        args, kwargs = exported(target).example_inputs
        return {"inputs": kwargs or args}
    if target.startswith(HUB):
        return _tokens_or_image(module)
    size = getattr(module, "default_cfg", {}).get("input_size") if NAMED.fullmatch(target) else None
    return {"input_shape": tuple(size)} if size else None


def _tokens_or_image(module: Any) -> dict[str, Any] | None:
    """What a model of transformers takes: some tokens, or an image of its configuration's size."""
    config, name = module.config, getattr(module, "main_input_name", "")
    if name == "pixel_values":
        seen = getattr(config, "vision_config", config)
        size = getattr(seen, "image_size", 224)
        height, width = size if isinstance(size, list | tuple) else (size, size)
        shape = (getattr(seen, "num_channels", 3), height, width)
        return {"inputs": {name: example(shape, "", module)}}
    if name != "input_ids":
        return None
    names = [name, *(["decoder_input_ids"] if config.is_encoder_decoder else [])]
    length = min(TOKENS, getattr(config, "max_position_embeddings", None) or TOKENS)
    return {"inputs": {one: example((length,), "int64", module) for one in names}}
