"""ASL series as scanners send them: DICOM files of a folder, grouped, ordered and stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import SeriesError
from ..frames import is_left_out
from ..statement import Hints, RawSeries
from .grid import counts_on
from .m0 import find_m0, read_m0, same_grid
from .parts import PAIR, is_volume, join
from .record import Frame, Record
from .stack import Stack, read_signal, stack_of
from .study import ONE_IMAGE, dicom_name, parts_of, plain_name, series_digest, series_of
from .types import kind_of_all, tellings

TRIGGERED = (
    "The inversion time is taken from the trigger time (0018,1060), as the files state no other: "
    "flow is wrong if the inversion did not follow the R wave at once."
)
UNSCALED = (
    "Images are scaled differently for display (0028,1053), and how measured signal was scaled "
    "before that (2005,100E) lacks, which Philips scanners write: flow may be wrong by that."
)


class Source(NamedTuple):
    """One image, as DICOM objects refer to it.

    Attributes:
        path: of its file.
        instance: unique identifier of the object in the file.
        number: of the image among the object's frames, from 1; None where it holds no other.
    """

    path: Path
    instance: str
    number: int | None


@dataclass(frozen=True)
class _Scan:
    """An ASL series and the M0 that goes with it.

    Attributes:
        parts: files of each series that it is made of, with copies.
        asl: its images.
        types: of its frames, unchecked; None where nothing says them.
        types_from: the element that says them.
        m0: of a series of its own; None where there is none.
        m0_name: of that series.
        notes: sentences for people.
    """

    parts: list[list[Record]]
    asl: Stack
    types: tuple[str, ...] | None
    types_from: str
    m0: Stack | None
    m0_name: str
    notes: tuple[str, ...]

    @property
    def stacks(self) -> tuple[Stack, ...]:
        return (self.asl, self.m0) if self.m0 else (self.asl,)


def read_dicom(path: Path, hints: Hints) -> RawSeries:
    """Read the series that a file belongs to, as far as it lies in the same folder, and M0 in a
    series of its own, where it has none.

    Args:
        path: any file of the series.
        hints: nothing is noted of what a person states.

    Raises:
        SeriesError: where a file is damaged, or the files cannot be one series of images.
    """
    scan = _scan(path, hints)
    times, times_from, time_notes = _inversion_times(scan.asl.volumes)
    notes = [*scan.notes, *(time_notes if hints.inversion_time is None else ())]
    records = scan.asl.records
    frames = [frame for stack in scan.stacks for frame in stack.frames]
    gain = frames[0].gain if all(frame.gain for frame in frames) else None
    metadata = {k: v for record in records for k, v in record.metadata.items()}
    if gain is None and "philips" in metadata.get("Manufacturer", "").lower():
        notes += [UNSCALED] if len({frame.scale for frame in frames}) > 1 else []
    metadata["SeriesDigest"] = series_digest(records[0])[:12]
    if notes:
        metadata["Notes"] = notes
    return RawSeries(
        images=read_signal(scan.asl, gain),
        geometry=scan.asl.geometry,
        name=dicom_name(path),
        volume_types=scan.types,
        inversion_time=times,
        metadata=metadata,
        types_from=scan.types_from,
        times_from=times_from and f"{path}: {times_from}",
        m0=read_m0(scan.asl, scan.m0, gain) if scan.m0 else None,
        m0_from=scan.m0_name,
    )


def dicom_files(path: Path, hints: Hints) -> list[Path]:
    """All files of which `read_dicom` makes a series, and copies of them."""
    scan = _scan(path, hints)
    groups = [*scan.parts, *([scan.m0.records] if scan.m0 else [])]
    return [record.path for records in groups for record in records]


def dicom_sources(path: Path, hints: Hints) -> tuple[Source, ...]:
    """Where each image of the series of `read_dicom` comes from, in the order (frame, slice); M0
    that was interpolated, which goes last, is no image of a file."""
    scan = _scan(path, hints)
    stacks = [stack for stack in scan.stacks if same_grid(scan.asl, stack)]
    objects = {record.path: record for stack in stacks for record in stack.records}
    return tuple(
        Source(
            frame.file,
            objects[frame.file].instance,
            frame.index + 1 if len(objects[frame.file].frames) > 1 else None,
        )
        for stack in stacks
        for frame in stack.frames
    )


def _scan(path: Path, hints: Hints) -> _Scan:
    # Where a person states what the frames are, they are those of the file's series alone, unless
    # it is one volume of many.
    parts = [series_of(path)]
    if hints.volume_types is None or (len(hints.volume_types) > 1 and is_volume(parts[0])):
        parts = parts_of(path)
    stacks = [stack_of(path, part) for part in parts]
    asl = join(path, stacks) if len(stacks) > 1 else stacks[0]
    types, types_from, of_types = _volume_types(path, asl)
    said = hints.volume_types or types
    if said is None and len(asl.volumes) < 2:
        raise SeriesError(
            f"{path}: {ONE_IMAGE}; are all files of the series in this folder, and of one series? "
            "To segment one image alone, say what it is, such as --volume-types control."
        )
    m0, m0_name, notes = None, "", []
    apart = ", ".join(plain_name(part[0]) for part in parts)
    what = "Control and label" if kind_of_all(asl.frames[: asl.shape[0]]) in PAIR else "Volumes"
    together = [f"{what} are series of their own: {apart}."] if len(parts) > 1 else []
    if said and {kind for kind in said if not is_left_out(kind)} == {"control", "label"}:
        m0, m0_name, notes = find_m0(path, asl)
    notes = [*together, *asl.notes, *(of_types if hints.volume_types is None else ()), *notes]
    return _Scan(parts, asl, types, types_from, m0, m0_name, tuple(notes))


def _volume_types(path: Path, asl: Stack) -> tuple[tuple[str, ...] | None, str, list[str]]:
    """What the frames say that they are, where they say it, and where they say otherwise."""
    (types, where), *others = [*tellings(asl.frames)] or [(None, "")]
    if types is None:
        return None, "", []
    depth = asl.shape[0]
    for k in range(len(asl.volumes)):
        kinds = {kind or "unknown" for kind in types[k * depth : (k + 1) * depth]}
        if len(kinds) > 1:
            raise SeriesError(
                f"{path}: slices of frame {k} are {' and '.join(sorted(kinds))} by their {where}; "
                "a slice lacks an image, or their times are wrong."
            )
    notes = []
    for others_types, elsewhere in others:
        odd = next((k for k, kind in enumerate(types) if kind != others_types[k]), None)
        if odd is not None:
            notes.append(
                f"Frame {odd // depth} is {types[odd]} by {where}, which is believed, but "
                f"{others_types[odd]} by {elsewhere}."
            )
    return types[::depth], f"{path}: {where}", notes


def _inversion_times(
    volumes: Sequence[Sequence[Frame]],
) -> tuple[list[float] | None, str, list[str]]:
    """Seconds per frame, where they stand, and what is to be said of them."""
    stated = np.array(
        [[np.nan if f.inversion_time is None else f.inversion_time for f in v] for v in volumes]
    )
    where, notes = "InversionTime (0018,0082)", []
    if np.isnan(stated).all():
        triggers = [[frame.order.trigger for frame in volume] for volume in volumes]
        none = any(t is None or t <= 0 for volume in triggers for t in volume)
        if none or counts_on(list(zip(*triggers, strict=True))):
            return None, "", []
        where, notes = "TriggerTime (0018,1060)", [TRIGGERED]
        stated = np.array(triggers) / 1000
    spread = float(np.ptp(stated, axis=1).max(initial=0, where=~np.isnan(stated).any(1)))
    if spread > 1e-3:
        notes.append(
            f"Slices of a frame differ by up to {spread:.3f} s in inversion time; their mean is "
            "taken."
        )
    return stated.mean(axis=1).tolist(), where, notes
