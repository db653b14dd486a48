"""DICOM files as scanners write them, from arrays, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from scipy.spatial.transform import Rotation

MR, ENHANCED = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
DIRECTION = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
ORIGIN, SPACING = np.array([-50.5, 20.25, 90.0]), (1.5, 2.5, 8.0)
TYPES = ("m0scan", "control", "label", "control", "label")
FRAME_OF_REFERENCE = generate_uid()
Edit = Callable[[Dataset, int, int], None]


def pixels(frames: int = 5, slices: int = 1, size: tuple[int, int] = (20, 24)) -> np.ndarray:
    """Stored values, int16 (frame, slice, y, x), some negative."""
    rng = np.random.default_rng(frames * 100 + slices)
    return rng.integers(-50, 900, (frames, slices, *size)).astype(np.int16)


def position(k: int) -> list[float]:
    return [round(float(v), 6) for v in ORIGIN + k * SPACING[2] * DIRECTION[:, 2]]


def orientation() -> list[float]:
    return [round(float(v), 8) for v in DIRECTION[:, :2].T.ravel()]


def nothing(_dataset: Dataset, _t: int, _k: int) -> None:
    pass


def complete_header(dataset: Dataset, _t: int, _k: int) -> None:
    """What scanners write and the reader of series does not need."""
    for keyword, value in {
        "FrameOfReferenceUID": FRAME_OF_REFERENCE, "PositionReferenceIndicator": "",
        "PatientSex": "F", "StudyDate": "20260101", "StudyTime": "120000", "StudyID": "7",
        "AccessionNumber": "A77", "ReferringPhysicianName": "",
    }.items():  # fmt: skip
        setattr(dataset, keyword, value)


def write_classic(
    folder: Path,
    stored: np.ndarray,
    edit: Edit = nothing,
    *,
    number: int = 3,
    description: str = "ASL rest",
    comments: tuple[str, ...] | None = TYPES,
    first: int = 1,
) -> list[list[Path]]:
    """One file for each image, of the names ``IM1`` on, in the order slice by slice.

    Returns:
        Paths by frame and slice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    series, study = generate_uid(), generate_uid()
    paths = [[folder / "" for _ in range(stored.shape[1])] for _ in stored]
    for t, k in np.ndindex(*stored.shape[:2]):
        instance = k * len(stored) + t + 1
        dataset = new_dataset(MR, series, study, number, description)
        dataset.InstanceNumber = instance
        dataset.AcquisitionNumber = t + 1
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = position(k), orientation()
        dataset.PixelSpacing, dataset.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
        dataset.InversionTime = 1500.0 + t
        if comments:
            dataset.ImageComments = comments[t]
        set_pixels(dataset, stored[t, k])
        edit(dataset, t, k)
        paths[t][k] = folder / f"IM{first - 1 + instance}"
        save(dataset, paths[t][k])
    return paths


def write_enhanced(
    path: Path,
    stored: np.ndarray,
    edit: Edit = nothing,
    *,
    contexts: tuple[str, ...] = ("M_ZERO_SCAN", "CONTROL", "LABEL", "CONTROL", "LABEL"),
    shuffled: bool = False,
) -> None:
    """One file with all images, as the Enhanced MR object has them; `edit` gets their groups."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = new_dataset(ENHANCED, generate_uid(), generate_uid(), 7, "ASL stress")
    dataset.InstanceNumber = 1
    order = [(t, k) for k in range(stored.shape[1]) for t in range(len(stored))]
    if shuffled:
        np.random.default_rng(4).shuffle(order)
    groups = []
    for t, k in order:
        group = Dataset()
        for sequence, values in {
            "FrameContentSequence": {
                "TemporalPositionIndex": t + 1,
                "InStackPositionNumber": k + 1,
                "StackID": "1",
            },
            "PlanePositionSequence": {"ImagePositionPatient": position(k)},
            "MRArterialSpinLabelingSequence": {"ASLContext": contexts[t]},
            "MRModifierSequence": {"InversionTimes": [1500.0 + t]},
            "PixelValueTransformationSequence": {"RescaleSlope": 1, "RescaleIntercept": 0},
        }.items():
            item = Dataset()
            for keyword, value in values.items():
                setattr(item, keyword, value)
            setattr(group, sequence, [item])
        edit(group, t, k)
        groups.append(group)
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = orientation()
    measures.PixelSpacing, measures.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = groups
    set_pixels(dataset, np.array([stored[t, k] for t, k in order]))
    save(dataset, path)


def new_dataset(kind: str, series: str, study: str, number: int, description: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, generate_uid()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, dataset.SOPInstanceUID
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = series, study
    dataset.Modality, dataset.SeriesNumber, dataset.SeriesDescription = "MR", number, description
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "H-4711"
    dataset.PatientBirthDate = "19500102"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.MagneticFieldStrength = 3.0
    return dataset


def set_pixels(dataset: Dataset, stored: np.ndarray) -> None:
    bits = 8 * stored.dtype.itemsize
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        dataset.NumberOfFrames = len(stored)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def save(dataset: FileDataset, path: Path) -> None:
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def change(path: Path, **values: object) -> None:
    """Set elements of a file, or delete those of None."""
    dataset = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)
