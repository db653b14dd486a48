"""Series laid as in their files, for tests that compare pixels and places with what they wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ASLMyoSegLib import io
from ASLMyoSegLib.series import ASLSeries


def read_series(*arguments: Any, **options: Any) -> ASLSeries:
    """What `io.read_series` reads, as its file has it instead of brought to stand."""
    series = io.read_series(*arguments, **options)
    stored = series.on_file
    images = stored.as_stored(series.images)
    return replace(series, images=images, geometry=stored.geometry, stored=None)
