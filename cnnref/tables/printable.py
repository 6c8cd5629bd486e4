"""What tables of every kind share: a method for each format, all from one grid of cells."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnref.counting.conventions import Convention
from cnnref.counting.conventions import convention as look_up
from cnnref.errors import briefly
from cnnref.tables.formats import Grid

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Printed", "View", "grid_of"]

Name = Convention | str
Keys = Sequence[str] | str | None


class View(NamedTuple):
    """How a table is looked at: the arguments of every method of `Printed`, looked up.

    terse: as a terminal shows it.
    """

    convention: Convention
    columns: Keys
    dtype: Any
    batch_size: int
    terse: bool

    @staticmethod
    def of(
        convention: Name,
        columns: Keys = None,
        dtype: Any = "float32",
        batch_size: int = 1,
        terse: bool = False,
    ) -> "View":
        """A view with the convention of a name.

        Raises:
            UnknownNameError: no convention has that name.
        """
        return View(look_up(convention), columns, dtype, batch_size, terse)


@briefly
class Printed(ABC):
    """Whatever can say itself as a grid, in each format.

    convention: prices the operations.
    columns: keys of columns in place of the usual ones; a key with a "+" in front is added to
        them. Which keys there are, the thing that is printed says.
    dtype: what an element is stored as: its name, torch's own or its bytes.
    batch_size: images at once, for columns of bytes and of intensity.
    """

    __slots__ = ()

    @abstractmethod
    def _seen(self, view: View) -> Grid:
        """The cells between headers and totals."""

    def _exactly(self, view: View) -> Grid:
        """The cells whose exact values files and frames hold."""
        return self._seen(view)

    @abstractmethod
    def _document(self, view: View) -> dict[str, Any]:
        """What is written as JSON."""

    def to_text(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The table for a terminal."""
        from cnnref.tables import formats

        return formats.to_text(self._seen(View.of(convention, columns, dtype, batch_size, True)))

    def to_markdown(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The table in Markdown, with totals."""
        from cnnref.tables import formats

        return formats.to_markdown(self._seen(View.of(convention, columns, dtype, batch_size)))

    def to_csv(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The rows as comma-separated values, unrounded, without totals."""
        from cnnref.tables import formats

        return formats.to_csv(self._exactly(View.of(convention, columns, dtype, batch_size)))

    def to_latex(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The table in LaTeX, for the booktabs package; a long one for longtable too."""
        from cnnref.tables import formats

        return formats.to_latex(self._seen(View.of(convention, columns, dtype, batch_size)))

    def to_html(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The table as an HTML element."""
        from cnnref.tables import formats

        return formats.to_html(self._seen(View.of(convention, columns, dtype, batch_size)))

    def to_frame(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
        keys: bool = False,
    ) -> "pd.DataFrame":
        """The rows as a pandas DataFrame, unrounded, without totals.

        keys: whether the frame's columns are named by their keys, as in `frame.macs`, and not by
            the headings that are printed.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from cnnref.tables import formats

        grid = self._exactly(View.of(convention, columns, dtype, batch_size))
        return formats.to_frame(grid, keys=keys)

    def to_json(
        self,
        convention: Name = "macs",
        columns: Keys = None,
        *,
        dtype: Any = "float32",
        batch_size: int = 1,
    ) -> str:
        """The raw counts, unrounded, and the totals, as JSON.

        columns: keys of columns whose exact values are held besides, under "columns".

        A constant that is no finite number stands as text: "inf", "-inf", "nan".
        """
        from cnnref.tables import formats

        view = View.of(convention, columns, dtype, batch_size)
        return formats.json_text(self._document(view))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        """What a notebook shows; of a long table the first rows and totals, the rest on a click."""
        from cnnref.tables import formats

        return formats.to_folded_html(self._seen(View.of("macs")))


def grid_of(thing: Printed, view: View) -> Grid:
    """The cells between headers and totals, for whoever prints them in a way of its own."""
    return thing._seen(view)  # noqa: SLF001
