"""To which images of a series a DICOM object refers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pydicom

Frames = Mapping[str, Mapping[int | None, int]]
"""Frame of the series by unique identifier of an image object, and number in it where it has
several (from 1, else None)."""


def frames_of(items: Iterable[pydicom.Dataset] | None, frames: Frames) -> set[int | None]:
    """Frames of the series to which the items of a sequence refer, however deep within."""
    found: set[int | None] = set()
    for instance, numbers in _references(items or ()):
        of_object = frames.get(instance, {})
        found |= {frame for number, frame in of_object.items() if not numbers or number in numbers}
    return found


def _references(items: Iterable[pydicom.Dataset]) -> Iterator[tuple[str, list[int]]]:
    for item in items:
        if "ReferencedSOPInstanceUID" in item:
            numbers = item.get("ReferencedFrameNumber") or []
            numbers = [numbers] if isinstance(numbers, int) else numbers
            yield str(item.ReferencedSOPInstanceUID), [int(number) for number in numbers]
        for element in item:
            if element.VR == "SQ":
                yield from _references(element.value)
