"""ASL series as scanners send them: DICOM files of a folder, grouped, ordered and stacked."""

from __future__ import annotations

import filecmp
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import SeriesError
from .dicom_files import is_dicom, parsing, read_pixels
from .dicom_frames import WORDS, Frame, Header, read_header
from .dicom_grid import ordered, stacked
from .guess import types_from_words
from .numbered import natural
from .statement import Hints, RawSeries, check_matrix

CONTEXTS = {"CONTROL": "control", "LABEL": "label", "M_ZERO_SCAN": "m0scan"}
"""Of ASL Context (0018,9257)."""
ASL_NAMES = re.compile(
    r"(?<![a-z])(p|pc|v|va|vs)?asl(?![a-z])|arterial.?spin|(?<![a-z])fair(?![a-z])|epistar|picore"
)
ONE_IMAGE = "one image of each place, where control and label are needed"
TRIGGERED = (
    "The inversion time is taken from the trigger time (0018,1060), as the files state no other: "
    "flow is wrong if the inversion did not follow the R wave at once."
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


@dataclass
class Survey:
    """What DICOM files beneath a folder are.

    Attributes:
        series: first file of each that may be ASL, in natural order.
        left_out: sentences on the others, and on files that are damaged.
    """

    series: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def survey(folder: Path) -> Survey:
    """Find the series beneath a folder that may be ASL.

    Those of which every frame tells whether it is control or label, where there are some; else
    those called ASL; else all that could be pairs.
    """
    answer = Survey()
    groups: dict[tuple[Path, str], list[Header]] = {}
    for path in sorted(folder.rglob("*"), key=_by_number):
        if path.name.startswith(".") or not is_dicom(path):
            continue
        try:
            header = read_header(path)
        except SeriesError as error:
            answer.left_out.append(str(error))
            continue
        if header.kind:
            groups.setdefault((path.parent, header.series), []).append(header)
    folders = Counter(series for _, series in groups)
    ranked = []
    for (_, series), headers in groups.items():
        why_not = _why_not(headers) or (
            f"its files lie in {folders[series]} folders; put them into one"
            if folders[series] > 1 and not _is_repeated(headers, groups.values())
            else ""
        )
        if why_not:
            answer.left_out.append(f"{_called(headers[0])}: {why_not}.")
        else:
            ranked.append((_rank(headers), headers[0]))
    best = max((rank for rank, _ in ranked), default=0)
    for rank, header in ranked:
        if rank == best:
            answer.series.append(header.path)
        else:
            answer.left_out.append(f"{_called(header)}: does not say that it is ASL.")
    return answer


def is_dicomdir(path: Path) -> bool:
    """Whether a file is a DICOMDIR, the table of contents of its folder."""
    return path.name.upper() == "DICOMDIR" and path.is_file()


def dicom_name(path: Path) -> str:
    """``series-003_asl-rest``: number and those words of the description that name nobody.

    Where another series in the folder is called the same, a digest of the series' identifier
    follows.
    """
    own = read_header(path)
    name = _plain_name(own)
    for file in _beside(path):
        with suppress(SeriesError):  # whoever reads the series is told
            other = read_header(file)
            if other.kind and other.series != own.series and _plain_name(other) == name:
                return f"{name}_{_digest(own)[:4]}"
    return name


def dicom_files(path: Path) -> list[Path]:
    """All files of the series that a file belongs to, in natural order."""
    return [header.path for header in _series_of(path)]


def read_dicom(path: Path, hints: Hints) -> RawSeries:
    """Read the series that a file belongs to, as far as it lies in the same folder.

    Args:
        path: any file of the series.
        hints: nothing is noted of what a person states.

    Raises:
        SeriesError: where a file is damaged, or the files cannot be one series of images.
    """
    headers, notes = _without_copies(path, _series_of(path))
    _check_kind(path, headers)
    frames = [frame for header in headers for frame in header.frames]
    magnitude = [frame for frame in frames if frame.magnitude]
    if not magnitude:
        raise SeriesError(f"{path}: phase or complex images; give magnitude images.")
    if len(magnitude) < len(frames):
        notes.append(f"{len(frames) - len(magnitude)} phase or complex images are left out.")
    slices, geometry = stacked(path, magnitude)
    volumes = ordered(path, slices)
    if len(volumes) < 2:
        raise SeriesError(
            f"{path}: {ONE_IMAGE}; are all files of the series in this folder, and of one series?"
        )
    types, types_from = _volume_types(path, volumes)
    times, times_from, time_notes = _inversion_times(volumes)
    if hints.inversion_time is None:
        notes += time_notes
    metadata = {k: v for header in headers for k, v in header.metadata.items()}
    metadata["SeriesDigest"] = _digest(headers[0])[:12]
    if notes:
        metadata["Notes"] = notes
    return RawSeries(
        images=_images(volumes, headers[0].size),
        geometry=geometry,
        name=dicom_name(path),
        volume_types=types,
        inversion_time=times,
        metadata=metadata,
        types_from=types_from,
        times_from=f"{path}: {times_from}",
    )


def dicom_sources(path: Path) -> tuple[Source, ...]:
    """Where each image of the series of `read_dicom` comes from, in the order (frame, slice)."""
    headers, _ = _without_copies(path, _series_of(path))
    frames = [frame for header in headers for frame in header.frames if frame.magnitude]
    objects = {header.path: header for header in headers}
    return tuple(
        Source(
            frame.file,
            objects[frame.file].instance,
            frame.index + 1 if len(objects[frame.file].frames) > 1 else None,
        )
        for volume in ordered(path, stacked(path, frames)[0])
        for frame in volume
    )


def _by_number(path: Path) -> Any:
    return natural(str(path))


def _plain_name(header: Header) -> str:
    number = "series" if header.number is None else f"series-{header.number:03d}"
    return "_".join((number, *(["-".join(header.called)] if header.called else ())))


def _digest(header: Header) -> str:
    return hashlib.sha256(header.series.encode()).hexdigest()


def _called(header: Header) -> str:
    return f"{header.path} ({_plain_name(header)})"


def _why_not(headers: Sequence[Header]) -> str:
    """Why a series cannot be ASL; empty where it may be."""
    if "LOCALIZER" in headers[0].image_type.upper().split():
        return "a localizer"
    frames = [frame for header in headers for frame in header.frames]
    places = Counter(frame.position for frame in frames)
    if None in places:
        return "no position (0020,0032), as of a screen shot"
    if max(places.values()) < 2:
        return ONE_IMAGE
    return ""


def _is_repeated(headers: Sequence[Header], groups: Iterable[Sequence[Header]]) -> bool:
    """Whether all that other folders have of a series are copies."""
    own = {header.instance for header in headers}
    others = [{h.instance for h in g} for g in groups if g[0].series == headers[0].series]
    return all(instances == own for instances in others)


def _rank(headers: Sequence[Header]) -> int:
    frames = [frame for header in headers for frame in header.frames]
    if any(frame.context for frame in frames) or _types_in_words(frames):
        return 2
    names = " ".join(frames[0].words[WORDS.index("ImageType") :])
    return 1 if ASL_NAMES.search(names.lower()) else 0


def _series_of(path: Path) -> list[Header]:
    """Headers of the series of a file, in natural order.

    Raises:
        SeriesError: where one in the folder is damaged, as it might be of this series.
    """
    own = read_header(path)
    if not own.kind:
        raise SeriesError(f"{path}: is DICOM, but no MR image; give an image of the series.")
    headers = [read_header(file) for file in _beside(path)]
    return [header for header in headers if header.kind and header.series == own.series]


def _beside(path: Path) -> list[Path]:
    """DICOM files in the folder of a file, in natural order."""
    files = sorted(path.parent.iterdir(), key=_by_number)
    return [file for file in files if not file.name.startswith(".") and is_dicom(file)]


def _without_copies(path: Path, headers: list[Header]) -> tuple[list[Header], list[str]]:
    """Each instance once, and a word on copies.

    Raises:
        SeriesError: where two files of one instance differ.
    """
    kept: dict[str, Header] = {}
    copies = 0
    for header in headers:
        twin = kept.setdefault(header.instance or str(header.path), header)
        if twin is header:
            continue
        with parsing(header.path):
            same = filecmp.cmp(twin.path, header.path, shallow=False)
        if not same:
            raise SeriesError(
                f"{header.path}: has the same identifier (0008,0018) as {twin.path.name}, but "
                "other content; keep the right one."
            )
        copies += 1
    note = [f"{copies} copies of files are left out."] if copies else []
    return list(kept.values()), note


def _check_kind(path: Path, headers: Sequence[Header]) -> None:
    if len({header.patient for header in headers}) > 1:
        raise SeriesError(
            f"{path.parent}: files of one series are of different patients (0010,0020); separate "
            "them."
        )
    if any("MOSAIC" in header.image_type.upper().split() for header in headers):
        raise SeriesError(
            f"{path}: is a Siemens mosaic, several slices in one image; convert it to BIDS by "
            "dcm2niix."
        )
    check_matrix(path, *headers[0].size)
    sizes = sorted({header.size for header in headers})
    if len(sizes) > 1:
        raise SeriesError(
            f"{path.parent}: images of {', '.join(f'{c}x{r}' for r, c in sizes)} pixels in one "
            "series; take the odd ones away."
        )


def _volume_types(path: Path, volumes: list[list[Frame]]) -> tuple[tuple[str, ...] | None, str]:
    """What the frames say that they are, and where they say it."""
    frames = [frame for volume in volumes for frame in volume]
    where = "ASL Context (0018,9257)"
    if any(frame.context for frame in frames):
        found = [CONTEXTS.get(frame.context or "", frame.context or "") for frame in frames]
    else:
        found, where = _types_in_words(frames) or (None, "")
    if found is None:
        return None, ""
    depth = len(volumes[0])
    for k in range(len(volumes)):
        kinds = {kind or "unknown" for kind in found[k * depth : (k + 1) * depth]}
        if len(kinds) > 1:
            raise SeriesError(
                f"{path}: slices of frame {k} are {' and '.join(sorted(kinds))} by their {where}; "
                "a slice lacks an image, or their times are wrong."
            )
    return tuple(found[::depth]), f"{path}: {where}"


def _types_in_words(frames: Sequence[Frame]) -> tuple[tuple[str, ...], str] | None:
    for k, keyword in enumerate(WORDS):
        types = types_from_words([frame.words[k] for frame in frames])
        if types:
            return types, keyword
    return None


def _inversion_times(
    volumes: list[list[Frame]],
) -> tuple[list[float] | None, str, list[str]]:
    """Seconds per frame, where they stand, and what is to be said of them."""
    stated = np.array(
        [[np.nan if f.inversion_time is None else f.inversion_time for f in v] for v in volumes]
    )
    where, notes = "InversionTime (0018,0082)", []
    if np.isnan(stated).all():
        triggers = [[frame.order[3] for frame in volume] for volume in volumes]
        if any(t is None or t <= 0 for volume in triggers for t in volume):
            return None, where, []
        where, notes = "TriggerTime (0018,1060)", [TRIGGERED]
        stated = np.array(triggers) / 1000
    spread = float(np.ptp(stated, axis=1).max(initial=0, where=~np.isnan(stated).any(1)))
    if spread > 1e-3:
        notes.append(
            f"Slices of a frame differ by up to {spread:.3f} s in inversion time; their mean is "
            "taken."
        )
    return stated.mean(axis=1).tolist(), where, notes


def _images(volumes: list[list[Frame]], size: tuple[int, int]) -> np.ndarray:
    """Signal, float32 (frame, slice, y, x); each file is read once."""
    images = np.empty((len(volumes), len(volumes[0]), *size), np.float32)
    places = sorted(
        (str(frame.file), frame.index, t, k)
        for t, volume in enumerate(volumes)
        for k, frame in enumerate(volume)
    )
    pixels: np.ndarray | None = None
    current = ""
    for file, index, t, k in places:
        if file != current:
            current, pixels = file, read_pixels(Path(file))
        slope, intercept = volumes[t][k].scale
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            images[t, k] = pixels[index] * slope + intercept
    return images
