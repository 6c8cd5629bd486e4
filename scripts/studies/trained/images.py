"""What the small networks are trained on: images drawn when they are needed, or CIFAR-10 on disk.

A drawn image is seen once and never again, so nothing can be learned by heart, and the error on
new images is the error on the task. What such images lack is all that photographs have: objects
in parts, light, texture, things that look alike. They can show how well a network is trained and
what its form can do; how it would fare on photographs they cannot show.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cnnref.errors import CnnrefError

# the images that errors are counted on come from a stream that nothing is trained on
TEST_SEED = 7


class Sizes(Protocol):
    """The settings of drawn images; `frame.Settings` has them."""

    @property
    def classes(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def glyph(self) -> int: ...
    @property
    def noise(self) -> float: ...
    @property
    def test_images(self) -> int: ...


class Source(Protocol):
    """Images of some shape, each of one of some classes."""

    @property
    def channels(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def classes(self) -> int: ...

    def draw(self, count: int, generator: Any) -> tuple[Any, Any]:
        """So many images (count, channels, size, size) to train on, and their classes."""

    def test(self) -> tuple[Any, Any]:
        """The images that errors are counted on, always the same, and their classes."""


class Glyphs:
    """One glyph in each image, at any place, black or white, under noise.

    size: of the images, where it is not that of the settings.
    """

    channels = 1

    def __init__(self, settings: Sizes, size: int = 0) -> None:
        self.settings, self.size, self.classes = settings, size or settings.size, settings.classes

    def draw(self, count: int, generator: Any) -> tuple[Any, Any]:
        import torch

        settings, size, edge = self.settings, self.size, self.settings.glyph
        # the alphabet is part of the task: the same at every seed
        alphabet = torch.Generator().manual_seed(1234)
        glyphs = torch.randint(2, (self.classes, edge, edge), generator=alphabet) * 2.0 - 1
        classes = torch.randint(self.classes, (count,), generator=generator)
        images = settings.noise * torch.randn(count, size, size, generator=generator)
        corners = torch.randint(size - edge + 1, (2, count, 1, 1), generator=generator)
        signs = torch.randint(2, (count, 1, 1), generator=generator) * 2.0 - 1
        places = torch.arange(edge)
        rows, columns = corners[0] + places[:, None], corners[1] + places
        images[torch.arange(count)[:, None, None], rows, columns] += signs * glyphs[classes]
        return images[:, None], classes

    def test(self) -> tuple[Any, Any]:
        return _held_out(self, self.settings.test_images)


class Stripes:
    """A patch of stripes in each image; the class is their period and their direction.

    Half of the classes have stripes `glyph` pixels apart, the other half four times as far.
    """

    channels = 1

    def __init__(self, settings: Sizes) -> None:
        self.settings, self.size, self.classes = settings, settings.size, settings.classes

    def draw(self, count: int, generator: Any) -> tuple[Any, Any]:
        import torch

        size, directions = self.size, self.classes // 2
        classes = torch.randint(self.classes, (count,), generator=generator)
        coarse, direction = (classes // directions).float(), classes % directions
        period = self.settings.glyph * 4**coarse
        angle = torch.pi * direction / directions
        phase = 2 * torch.pi * torch.rand(count, generator=generator)
        middles = size * (0.25 + 0.5 * torch.rand(2, count, 1, 1, generator=generator))
        y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        far = angle.cos()[:, None, None] * x + angle.sin()[:, None, None] * y
        waves = torch.cos(2 * torch.pi * far / period[:, None, None] + phase[:, None, None])
        near = torch.exp(-((y - middles[0]) ** 2 + (x - middles[1]) ** 2) / (2 * (size / 5) ** 2))
        noise = self.settings.noise * torch.randn(count, size, size, generator=generator)
        return (waves * near + noise)[:, None], classes

    def test(self) -> tuple[Any, Any]:
        return _held_out(self, self.settings.test_images)


def _held_out(source: Glyphs | Stripes, count: int) -> tuple[Any, Any]:
    import torch

    return source.draw(count, torch.Generator().manual_seed(TEST_SEED))


class Photographs(NamedTuple):
    """CIFAR-10: its images to train on are drawn at random, its first test images are kept.

    Each channel has mean zero and spread one over the images to train on.
    """

    images: Any
    labels: Any
    kept: Any
    kept_labels: Any
    channels: int = 3
    size: int = 32
    classes: int = 10

    def draw(self, count: int, generator: Any) -> tuple[Any, Any]:
        import torch

        chosen = torch.randint(len(self.images), (count,), generator=generator)
        return self.images[chosen], self.labels[chosen]

    def test(self) -> tuple[Any, Any]:
        return self.kept, self.kept_labels


def cifar10(folder: Path, test_images: int) -> Photographs:
    """CIFAR-10 in its "python version": the files data_batch_1 to 5 and test_batch of a folder.

    Raises:
        CnnrefError: a file is missing, or is not of that form.
    """
    import torch

    inside = folder / "cifar-10-batches-py"
    home = inside if inside.is_dir() else folder
    parts = [_batch(home / f"data_batch_{number}") for number in range(1, 6)]
    images, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    kept, kept_labels = _batch(home / "test_batch")
    mean, spread = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
    chosen = slice(test_images)
    return Photographs(
        (images - mean) / spread, labels, (kept[chosen] - mean) / spread, kept_labels[chosen]
    )


class _Arrays(pickle.Unpickler):
    """Reads lists, texts and arrays: a pickle that names anything else is refused unread."""

    # Python 2 wrote the published files, Python 3 copies of them; numpy 2 renamed its core
    KNOWN = (
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("_codecs", "encode"),
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no batch does")
        home = module.replace("numpy.core", "numpy._core")
        return super().find_class(home, name)


def _batch(path: Path) -> tuple[Any, Any]:
    """The images of one file, (N, 3, 32, 32) from 0 to 1, and their labels."""
    import numpy as np
    import torch

    try:
        stated = _Arrays(io.BytesIO(path.read_bytes()), encoding="bytes").load()
        rows, labels = np.asarray(stated[b"data"]), np.asarray(stated[b"labels"])
        if rows.dtype != np.uint8 or rows.shape != (len(labels), 3 * 32 * 32):
            raise ValueError(f"its data are {rows.dtype} of shape {rows.shape}")
        if labels.dtype.kind != "i" or not set(labels.tolist()) <= set(range(10)):
            raise ValueError("its labels are not whole numbers from 0 to 9")
    except OSError as error:
        raise CnnrefError(f"{path} cannot be read: {error.strerror}.") from None
    # a broken pickle may raise anything
    except Exception as error:
        raise CnnrefError(f"{path} is no batch of CIFAR-10: {error}.") from None
    images = torch.from_numpy(rows.reshape(-1, 3, 32, 32).copy()).float() / 255
    return images, torch.from_numpy(labels.astype(np.int64))
