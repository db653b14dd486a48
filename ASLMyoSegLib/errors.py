"""The one family of errors that users see: one line that names file, value and remedy."""

from __future__ import annotations


class ASLMyoSegError(Exception):
    """Base of every error whose message is meant for the person at the screen."""


class SeriesError(ASLMyoSegError):
    """A file is not a usable ASL series, mask or landmark list."""


class ModelError(ASLMyoSegError):
    """A file is not a usable model."""


class QuantificationError(ASLMyoSegError):
    """Blood flow cannot be computed from what was given."""


class OutputError(ASLMyoSegError):
    """A result cannot be written where it was asked for."""


class SceneError(ASLMyoSegError):
    """The scene lacks what is needed: a node was deleted, or is not what it should be."""
