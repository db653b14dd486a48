"""The one family of errors that users see: one line that names file, value and remedy."""

from __future__ import annotations


class ASLMyoSegError(Exception):
    """Base of every error whose message is meant for the person at the screen: one line, whatever
    stood in the file that it tells of."""

    def __str__(self) -> str:
        return _one_line(super().__str__())


class SeriesError(ASLMyoSegError):
    """A file is not a usable ASL series, mask or landmark list."""


class UnstatedError(SeriesError):
    """Files do not say what a person has to; the command line has an option for it.

    Args of `UnstatedError`: `problem`, what they do not say, and `remedy`, by which option it is
    said.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return _one_line(f"{self.problem}; {self.remedy}")


class ModelError(ASLMyoSegError):
    """A file is not a usable model."""


class DeviceMemoryError(ASLMyoSegError):
    """The memory of a GPU does not suffice for a single pass."""


class QuantificationError(ASLMyoSegError):
    """Blood flow cannot be computed from what was given."""


class OutputError(ASLMyoSegError):
    """A result cannot be written where it was asked for."""


class SceneError(ASLMyoSegError):
    """The scene lacks what is needed: a node was deleted, or is not what it should be."""


def describe_error(error: Exception, where: object = "") -> str:
    """One line for people of any error, whatever was being done `where`."""
    place = f"{where}: " if str(where) else ""
    if isinstance(error, ASLMyoSegError):
        text = str(error)
    elif isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        text = f"{place}the memory of this computer is not enough; close other programs."
    elif isinstance(error, OSError):
        text = f"{error.filename or where}: {error.strerror or error}; check the path."
    else:
        text = f"{place}a fault of the program: {type(error).__name__}: {error}"
    return _one_line(text)


def _one_line(text: str) -> str:
    """What came from files cannot break the line, or move the cursor of a terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
