"""Every way of reading a file, with good files for it; a new format is one line of `READERS`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from cases import masks as mask_cases
from cases.dicom import TYPES as DICOM_TYPES
from cases.dicom import complete_header, pixels, write_classic, write_enhanced
from cases.formats import MATLAB, PICTURE, STATED, frames, in_space, write_matlab, write_pictures
from cases.masks import GRID, SIZE, TRUTH, circle, make_series, structure_set
from cases.spoiling import scene, series_of
from pydicom.uid import generate_uid

from ASLMyoSegLib.io import (
    Hints,
    read_masks,
    read_posterior,
    read_rv_insertion,
    read_series,
    series_sources,
    write_volume,
)
from ASLMyoSegLib.io.masks.seg_nrrd import write_segmentation
from ASLMyoSegLib.network import load_model
from ASLMyoSegLib.series import Geometry, Posterior, Segmentation


@dataclass(frozen=True)
class Reader:
    """One way of reading.

    Attributes:
        victims: patterns of files that are damaged, one at a time.
        read: reads a folder.
        right: whether what was read can be right.
        write: makes the folder's files from those of `write_good_files`.
    """

    victims: tuple[str, ...]
    read: Callable[[Path], Any]
    right: Callable[[Any], bool]
    write: Callable[[Path], object] = lambda folder: None


def _right_series(series: Any) -> bool:
    frames = len(series.images)
    return (
        series.images.dtype == np.float32
        and bool(np.isfinite(series.images).all())
        and len(series.volume_types) == len(series.inversion_time) == frames
        and bool(np.isfinite(series.geometry.spacing).all())
    )


def _plain(folder: Path) -> None:
    packed = series_of(folder)
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()


def _sequence(folder: Path) -> None:
    """As Slicer saves a sequence: frames are the fastest axis."""
    frames = np.moveaxis(sitk.GetArrayFromImage(sitk.ReadImage(str(series_of(folder)))), 0, -1)
    head = ["NRRD0005", "type: float", "dimension: 4", "space: left-posterior-superior"]
    head += [f"sizes: {' '.join(map(str, frames.shape[::-1]))}"]
    head += ["space directions: none (3,0,0) (0,3,0) (0,0,10)", "space origin: (0,0,0)"]
    head += ["kinds: list domain domain domain", "endian: little", "encoding: raw"]
    text = "\n".join(head).encode() + b"\n\n"
    (folder / "sub-01.seq.nrrd").write_bytes(text + np.ascontiguousarray(frames).tobytes())


def _separate_m0(folder: Path) -> None:
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(series_of(folder))))
    write_volume(folder / "sub-01_m0scan.nii.gz", image[:1], Geometry((3.0, 3.0, 10.0)))
    path = folder / "sub-01_asl.json"
    said = {"M0Type": "Separate", "PostLabelingDelay": 1.5}
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))
    (folder / "sub-01_aslcontext.tsv").write_text("volume_type\ncontrol\ncontrol\nlabel\n")


def _results(folder: Path) -> None:
    shape = (3, 1, 20, 24)
    for name in ("myocardium_probseg", "uncertainty_map"):
        values = np.full(shape, 0.25, np.float32)
        write_volume(folder / f"sub-01_desc-{name}.nii.gz", values, Geometry((3.0, 3.0, 10.0)))
    frame = {"trials": 2, "mcd_interval": [0.1, None]}
    summary = {"frames": [frame] * 3, "seed": 0, "device": "cpu", "model": {"name": "m"}}
    (folder / "summary.json").write_text(json.dumps(summary))


def _check_bundle(folder: Path) -> None:
    from ASLMyoSegLib.scene.archive import check_bundle

    check_bundle(folder / "SERIES.mrb")


def _classic(folder: Path) -> None:
    write_classic(folder / "dicom", pixels(3), comments=DICOM_TYPES[:3])


def _classic_m0(folder: Path) -> None:
    """M0 in a series of its own, of the same study."""
    study, place = generate_uid(), generate_uid()

    def edit(dataset: pydicom.Dataset, t: int, k: int) -> None:
        complete_header(dataset, t, k)
        dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = study, place

    write_classic(folder / "pairs", pixels(2), edit, comments=("control", "label"))
    write_classic(
        folder / "m0", pixels(1), edit, number=4, description="ASL M0", comments=None, first=400
    )


def _enhanced(folder: Path) -> None:
    write_enhanced(folder / "dicom.dcm", pixels(5))


def _metaimage(folder: Path) -> None:
    sitk.WriteImage(in_space(), str(folder / "series.mhd"))


def _pair(folder: Path) -> None:
    image = sitk.ReadImage(str(series_of(folder)))
    sitk.WriteImage(image, str(folder / "series.hdr"))


def _label_map(folder: Path) -> None:
    write_segmentation(folder / "m.seg.nrrd", np.stack([TRUTH] * 3), mask_cases.TYPES, GRID)


def _structure_set(folder: Path) -> None:
    contours = [circle(radius, k) for k in range(2) for radius in (22, 12)]
    structure_set(folder / "rt.dcm", {"myocardium": contours})


def _dicom_segmentation(folder: Path) -> None:
    from ASLMyoSegLib.io.dicom.writing import write_dicom

    write_classic(folder / "dicom", pixels(3), complete_header, comments=DICOM_TYPES[:3])
    series, flow = read_series(folder / "dicom"), np.zeros((1, 20, 24), np.float32)
    masks = np.zeros(series.images.shape, bool)
    masks[..., 5:13, 6:15] = True
    trials = np.full(masks.shape[:2], 8)
    maps = masks * np.float32(0.4)
    posterior = Posterior(maps, maps, trials, np.zeros((0, 3, 1, 1), np.uint8), 0, "cpu")
    segmentation = Segmentation(masks, ("automatic",) * 3, np.ones(trials.shape))
    write_dicom(
        folder / "seg", series, posterior, segmentation, flow, series_sources(folder / "dicom")
    )


def _matlab_images() -> np.ndarray:
    return np.moveaxis(frames()[:, 0], 0, -1)


def _mask_of_case(masks: Any) -> bool:
    return masks.dtype == bool and masks.shape == (3, *SIZE)


SIDECARS = ("sub-01_asl.json", "sub-01_aslcontext.tsv")
READERS = {
    "BIDS": Reader(
        ("sub-01_asl.nii.gz", *SIDECARS), lambda f: read_series(series_of(f)), _right_series
    ),
    "BIDS, not compressed": Reader(
        ("*.nii", *SIDECARS),
        lambda f: read_series(f / "sub-01_asl.nii"), _right_series, _plain,
    ),
    "BIDS with separate M0": Reader(
        ("*_m0scan.nii.gz", *SIDECARS),
        lambda f: read_series(series_of(f)), _right_series, _separate_m0,
    ),
    "Slicer's sequence": Reader(
        ("*.seq.nrrd",),
        lambda f: read_series(f / "sub-01.seq.nrrd"), _right_series, _sequence,
    ),
    "MetaImage": Reader(
        ("series.mhd", "series.*raw"),
        lambda f: read_series(f / "series.mhd", STATED), _right_series, _metaimage,
    ),
    "NIfTI in two files": Reader(
        ("series.hdr", "series.img"),
        lambda f: read_series(f / "series.img", Hints(("m0scan", "control", "label"), 1.5)),
        _right_series, _pair,
    ),
    "MATLAB 5": Reader(
        ("m.mat",), lambda f: read_series(f / "m.mat", MATLAB), _right_series,
        lambda f: write_matlab(f / "m.mat", "5, compressed", images=_matlab_images()),
    ),
    "MATLAB 7.3": Reader(
        ("m.mat",), lambda f: read_series(f / "m.mat", MATLAB), _right_series,
        lambda f: write_matlab(f / "m.mat", "7.3", images=_matlab_images()),
    ),
    "folder of PNG": Reader(
        ("png/*",), lambda f: read_series(f / "png", PICTURE), _right_series,
        lambda f: write_pictures(f / "png", "png", frames("uint8")),
    ),
    "folder of TIFF": Reader(
        ("tif/*",), lambda f: read_series(f / "tif", PICTURE), _right_series,
        lambda f: write_pictures(f / "tif", "tif", frames("uint16")),
    ),
    "DICOM": Reader(("dicom/*",), lambda f: read_series(f / "dicom"), _right_series, _classic),
    "DICOM with separate M0": Reader(
        ("pairs/*", "m0/*"),
        lambda f: read_series(f / "pairs"), _right_series, _classic_m0,
    ),
    "enhanced DICOM": Reader(
        ("dicom.dcm",), lambda f: read_series(f / "dicom.dcm"), _right_series, _enhanced
    ),
    "Slicer's segmentation": Reader(
        ("m.seg.nrrd",),
        lambda f: read_masks(f / "m.seg.nrrd", make_series()), _mask_of_case, _label_map,
    ),
    "RT structure set": Reader(
        ("rt.dcm",),
        lambda f: read_masks(f / "rt.dcm", make_series()), _mask_of_case, _structure_set,
    ),
    "DICOM segmentation": Reader(
        ("seg/*",),
        lambda f: read_masks(
            f / "seg", read_series(f / "dicom"), sources=series_sources(f / "dicom")
        ),
        lambda masks: masks.dtype == bool and masks.shape == (3, 1, 20, 24), _dicom_segmentation,
    ),
    "masks": Reader(
        ("masks.nii.gz",),
        lambda f: read_masks(f / "masks.nii.gz", read_series(series_of(f))),
        lambda masks: masks.dtype == bool and masks.shape == (3, 1, 20, 24),
    ),
    "RV insertion points": Reader(
        ("points.json",),
        lambda f: read_rv_insertion(f / "points.json", read_series(series_of(f))),
        lambda points: bool(np.isfinite([points.anterior, points.inferior]).all()),
    ),
    "results": Reader(
        ("*_desc-*", "summary.json"), read_posterior, lambda p: p.mean.ndim == 4, _results
    ),
    "model": Reader(
        ("tiny.safetensors",),
        lambda f: load_model(f / "tiny.safetensors"),
        lambda model: all(bool(p.isfinite().all()) for p in model.network.parameters()),
    ),
    "scene bundle": Reader(
        ("SERIES.mrb",), _check_bundle, lambda _: True, scene("scene/Data/masks.txt")
    ),
}  # fmt: skip
