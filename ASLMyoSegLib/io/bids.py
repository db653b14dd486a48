"""ASL series as BIDS keeps them: image, JSON side-car, and a table that says what each frame is."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..series import VOLUME_TYPES, ASLSeries
from .files import read_json, read_text, replacing
from .nifti import read_volume, write_volume

SUFFIXES = ("_asl.nii.gz", "_asl.nii")
SMALLEST, LARGEST = 16, 1024
"""Image sides, in pixels, between which a heart can be looked for."""
LONGEST_INVERSION_TIME = 10.0


def find_series(path: str | Path) -> list[Path]:
    """Every ASL series beneath a folder (or the one file given), sorted; no derivatives.

    Raises:
        SeriesError: where there is none.
    """
    path = Path(path)
    try:
        if path.is_file():
            return [path]
        if not path.is_dir():
            problem = (
                "is neither a file nor a folder" if path.exists() else "no such file or folder"
            )
            raise SeriesError(f"{path}: {problem}.")
        os.scandir(path).close()  # which says why, where what follows finds nothing
        found = sorted(
            file
            for file in path.rglob("*_asl.nii*")
            if file.name.endswith(SUFFIXES)
            and not file.is_dir()
            and "derivatives" not in file.relative_to(path).parts
        )
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not found:
        raise SeriesError(
            f"{path}: holds no ASL series; one is called *_asl.nii.gz (BIDS). DICOM files are "
            "converted by dcm2niix."
        )
    return found


def series_name(path: Path) -> str:
    """``sub-01_acq-rest`` of ``sub-01_acq-rest_asl.nii.gz``."""
    for suffix in (".nii.gz", ".seq.nrrd"):
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix).removesuffix("_asl")
    return path.stem.removesuffix("_asl")


def read_series(path: str | Path) -> ASLSeries:
    """Read one series, checked at the door.

    Args:
        path: ``*_asl.nii[.gz]``, or another image of four dimensions such as a sequence that Slicer
            saved (``.seq.nrrd``), with ``_asl.json`` and ``_aslcontext.tsv`` beside it; or a folder
            that holds just one ``*_asl.nii[.gz]``.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    found = find_series(path)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:4])
        raise SeriesError(f"{path}: holds {len(found)} series ({names}, ...); give one of them.")
    path = found[0]
    stem = path.with_name(series_name(path))
    images, geometry = read_volume(path)
    if images.ndim != 4:
        raise SeriesError(
            f"{path}: one frame of shape {images.shape}; an ASL series has four dimensions "
            "(x, y, slice, frame)."
        )
    types = _read_context(Path(f"{stem}_aslcontext.tsv"), path, len(images))
    sidecar_path = Path(f"{stem}_asl.json")
    sidecar = read_json(_present(sidecar_path, "the side-car with the inversion time"))
    times = _inversion_times(sidecar_path, sidecar, types)
    if sidecar.get("M0Type") == "Separate":
        separate, _ = read_volume(_m0scan_beside(stem))
        separate = separate if separate.ndim == 4 else separate[np.newaxis]
        if separate.shape[1:] != images.shape[1:]:
            raise SeriesError(
                f"{_m0scan_beside(stem)}: grid {separate.shape[1:]}, where the series has "
                f"{images.shape[1:]}; acquire or resample M0 on the series' grid."
            )
        images = np.concatenate([images, separate])
        types += ("m0scan",) * len(separate)
        times = np.append(times, [np.nan] * len(separate))
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        images = images.astype(np.float32)
    _check_pixels(path, images, types)
    return ASLSeries(
        images=images,
        volume_types=types,
        inversion_time=times,
        geometry=geometry,
        name=series_name(path),
        metadata={**sidecar, "source": str(path)},
    )


def input_digest(path: Path, *others: Path | None) -> str:
    """SHA-256 of the content of a series' files and of `others`, by which the same is known again.

    Raises:
        SeriesError: where a file cannot be read.
    """
    stem = path.with_name(series_name(path))
    beside = ("_asl.json", "_aslcontext.tsv", "_m0scan.nii.gz", "_m0scan.nii")
    digest = hashlib.sha256()
    for file in (path, *(Path(f"{stem}{suffix}") for suffix in beside), *others):
        if file is not None and file.is_file():
            try:
                content = file.read_bytes()
            except OSError as error:
                raise SeriesError(f"{file}: cannot be read ({error.strerror or error}).") from None
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def write_series(series: ASLSeries, path: str | Path) -> None:
    """Write ``*_asl.nii.gz`` and its two side-cars; the same series gives the same bytes.

    Raises:
        OutputError: where a file cannot be written.
    """
    path = Path(path)
    stem = path.with_name(series_name(path))
    write_volume(path, series.images, series.geometry)
    sidecar = {
        "ArterialSpinLabelingType": "PASL",
        "PASLType": "FAIR",
        "BolusCutOffFlag": False,
        "BackgroundSuppression": False,
        "M0Type": "Included" if series.frames_of("m0scan") else "Absent",
        "PostLabelingDelay": [
            0.0 if np.isnan(t) else round(float(t), 6) for t in series.inversion_time
        ],
        **{key: value for key, value in series.metadata.items() if key != "source"},
    }
    with replacing(f"{stem}_asl.json") as beside:
        beside.write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")
    with replacing(f"{stem}_aslcontext.tsv") as beside:
        beside.write_text("\n".join(("volume_type", *series.volume_types)) + "\n", encoding="utf-8")


def _read_context(path: Path, image: Path, frames: int) -> tuple[str, ...]:
    text = read_text(_present(path, f"the table that says which frames of {image.name} are what"))
    try:
        table = csv.DictReader(text.splitlines(), delimiter="\t")
        rows, columns = list(table), table.fieldnames or []
    except csv.Error as error:
        raise SeriesError(f"{path}: not a table ({error}); write one row for each frame.") from None
    if "volume_type" not in columns:
        raise SeriesError(
            f"{path}: has no column 'volume_type', which BIDS asks for, but {_shortened(columns)}; "
            "mind that tabs stand between columns."
        )
    types = tuple((row["volume_type"] or "").strip() for row in rows)
    for number, kind in enumerate(types):
        if kind not in VOLUME_TYPES:
            raise SeriesError(
                f"{path}: row {number + 1} says {kind!r}; only control, label and m0scan frames "
                "can be segmented and quantified."
            )
    if len(types) != frames:
        raise SeriesError(
            f"{path}: {len(types)} rows, but {image.name} has {frames} frames; give one row each."
        )
    for kind in ("control", "label"):
        if kind not in types:
            raise SeriesError(f"{path}: no {kind} frame; flow is control minus label.")
    return types


def _present(path: Path, what: str) -> Path:
    if not path.is_file():
        raise SeriesError(f"{path}: missing; it is {what} (BIDS).")
    return path


def _inversion_times(path: Path, sidecar: dict[str, Any], types: tuple[str, ...]) -> np.ndarray:
    """TI of each frame, s; BIDS keeps it as `PostLabelingDelay` for pulsed labelling."""
    for key in ("PostLabelingDelay", "InversionTime"):
        if key in sidecar:
            break
    else:
        raise SeriesError(f"{path}: has no 'PostLabelingDelay' (s), the inversion time.")
    value = sidecar[key]
    try:
        times = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        times = np.array(np.nan)
    if isinstance(value, bool) or (times.ndim == 0 and np.isnan(times)):
        raise SeriesError(f"{path}: {key} is {_shortened(value)}, where seconds are needed.")
    if times.ndim == 0:
        times = np.full(len(types), float(times))
    if times.shape != (len(types),):
        raise SeriesError(
            f"{path}: {key} has {times.size} values for {len(types)} frames; give one or one each."
        )
    prepared = np.array([kind != "m0scan" for kind in types])
    for frame in np.flatnonzero(prepared):
        time = times[frame]
        if not 0 < time <= LONGEST_INVERSION_TIME:
            hint = " (is it in milliseconds?)" if time > LONGEST_INVERSION_TIME else ""
            raise SeriesError(
                f"{path}: {key} of frame {frame} is {time:g}, where seconds above 0 and up to "
                f"{LONGEST_INVERSION_TIME:g} are possible{hint}."
            )
    return np.where(prepared, times, np.nan)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _m0scan_beside(stem: Path) -> Path:
    for suffix in ("_m0scan.nii.gz", "_m0scan.nii"):
        if Path(f"{stem}{suffix}").is_file():
            return Path(f"{stem}{suffix}")
    raise SeriesError(f"{stem}_m0scan.nii.gz: missing, though the side-car says M0Type Separate.")


def _check_pixels(path: Path, images: np.ndarray, types: tuple[str, ...]) -> None:
    rows, columns = images.shape[2:]
    if min(rows, columns) < SMALLEST or max(rows, columns) > LARGEST:
        raise SeriesError(
            f"{path}: images of {columns}x{rows} pixels, where {SMALLEST} to {LARGEST} a side "
            "can be segmented."
        )
    for frame, image in enumerate(images):
        wrong = int(np.count_nonzero(~np.isfinite(image)))
        if wrong:
            raise SeriesError(
                f"{path}: frame {frame} ({types[frame]}) has {wrong} pixels that are NaN, "
                "infinite or too large for float32; export the images anew."
            )
        for k, plane in enumerate(image):
            if plane.min() == plane.max():
                raise SeriesError(
                    f"{path}: frame {frame}, slice {k} ({types[frame]}) has the value "
                    f"{plane.flat[0]:g} everywhere; leave it out or export it anew."
                )
