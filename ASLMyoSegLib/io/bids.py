"""ASL series as BIDS keeps them: image, JSON side-car, and a table that says what each frame is."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..series import ASLSeries
from .files import read_json, read_text, replacing
from .nifti import read_volume, write_volume
from .statement import RawSeries, shortened

SUFFIXES = ("_asl.nii.gz", "_asl.nii")


def find_bids(folder: Path) -> list[Path]:
    """Every ``*_asl.nii[.gz]`` beneath a folder, sorted; no derivatives."""
    return sorted(
        file
        for file in folder.rglob("*_asl.nii*")
        if file.name.endswith(SUFFIXES)
        and not file.is_dir()
        and "derivatives" not in file.relative_to(folder).parts
    )


def volume_name(path: Path) -> str:
    """``sub-01_acq-rest`` of ``sub-01_acq-rest_asl.nii.gz``."""
    for suffix in (".nii.gz", ".seq.nrrd"):
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix).removesuffix("_asl")
    return path.stem.removesuffix("_asl")


def files_of(path: Path) -> list[Path]:
    """The image and what lies beside it that is read with it."""
    stem = _stem(path)
    beside = ("_asl.json", "_aslcontext.tsv", "_m0scan.nii.gz", "_m0scan.nii")
    return [path, *(file for s in beside if (file := Path(f"{stem}{s}")).is_file())]


def read_bids(path: Path) -> RawSeries:
    """Read an image of four dimensions with ``_asl.json`` and ``_aslcontext.tsv`` beside it.

    Raises:
        SeriesError: where a file is damaged, or contradicts another.
    """
    stem = _stem(path)
    images, geometry = read_volume(path)
    if images.ndim != 4:
        raise SeriesError(
            f"{path}: one frame of shape {images.shape}; an ASL series has four dimensions "
            "(x, y, slice, frame)."
        )
    context, sidecar_path = Path(f"{stem}_aslcontext.tsv"), Path(f"{stem}_asl.json")
    types = _read_context(context) if context.is_file() else None
    sidecar = read_json(sidecar_path) if sidecar_path.is_file() else {}
    key = next((k for k in ("PostLabelingDelay", "InversionTime") if k in sidecar), "")
    times = sidecar.get(key)
    if types is not None and sidecar.get("M0Type") == "Separate":
        separate, _ = read_volume(_m0scan_beside(stem))
        separate = separate if separate.ndim == 4 else separate[np.newaxis]
        if separate.shape[1:] != images.shape[1:]:
            raise SeriesError(
                f"{_m0scan_beside(stem)}: grid {separate.shape[1:]}, where the series has "
                f"{images.shape[1:]}; acquire or resample M0 on the series' grid."
            )
        images = np.concatenate([images, separate])
        types += ("m0scan",) * len(separate)
        if isinstance(times, list):
            times = times + [0.0] * len(separate)
    return RawSeries(
        images=images,
        geometry=geometry,
        name=volume_name(path),
        volume_types=types,
        inversion_time=times,
        metadata=sidecar,
        types_from=str(context),
        times_from=f"{sidecar_path}: {key or 'PostLabelingDelay'}",
    )


def _stem(path: Path) -> Path:
    return path.with_name(volume_name(path))


def write_series(series: ASLSeries, path: str | Path) -> None:
    """Write ``*_asl.nii.gz`` and its two side-cars; the same series gives the same bytes.

    Raises:
        OutputError: where a file cannot be written.
    """
    path = Path(path)
    stem = _stem(path)
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


def _read_context(path: Path) -> tuple[str, ...]:
    try:
        table = csv.DictReader(read_text(path).splitlines(), delimiter="\t")
        rows, columns = list(table), table.fieldnames or []
    except csv.Error as error:
        raise SeriesError(f"{path}: not a table ({error}); write one row for each frame.") from None
    if "volume_type" not in columns:
        raise SeriesError(
            f"{path}: has no column 'volume_type', which BIDS asks for, but {shortened(columns)}; "
            "mind that tabs stand between columns."
        )
    return tuple((row["volume_type"] or "").strip() for row in rows)


def _m0scan_beside(stem: Path) -> Path:
    for suffix in ("_m0scan.nii.gz", "_m0scan.nii"):
        if Path(f"{stem}{suffix}").is_file():
            return Path(f"{stem}{suffix}")
    raise SeriesError(f"{stem}_m0scan.nii.gz: missing, though the side-car says M0Type Separate.")
