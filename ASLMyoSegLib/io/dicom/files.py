"""Single DICOM files: told from others, parsed without a word, and their pixels."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom import encaps

from ...errors import SeriesError
from ...words import counted
from ..quiet import quiet

SUFFIXES = (".dcm", ".dicom", ".ima")
PREAMBLE = 128
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Of a file without preamble, little endian."""
BYTES, WORDS = "1.2.840.10008.5.1.4.1.1.7.2", "1.2.840.10008.5.1.4.1.1.7.3"
IMAGES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "enhanced MR",
    "1.2.840.10008.5.1.4.1.1.4.3": "enhanced MR in colour",
    "1.2.840.10008.5.1.4.1.1.4.4": "MR converted to enhanced",
    "1.2.840.10008.5.1.4.1.1.7": "secondary capture",
    BYTES: "secondary captures of 8 bits",
    WORDS: "secondary captures of 16 bits",
}
"""Classes of objects that may hold a series, as other software writes them too."""
WHOLE = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation",
)  # fmt: skip
PIXELS = (
    *WHOLE, "PhotometricInterpretation", "ModalityLUTSequence",
    "PixelData", "FloatPixelData", "DoubleFloatPixelData",
)  # fmt: skip
"""All that decoding needs: numbers that are whole, and others."""
LARGEST_RATIO, LARGEST_RATIO_OF_MASKS = 1000, 100_000
"""By which nothing but an image of one value is compressed, as masks may be."""


class Shifts(NamedTuple):
    """Bits by which stored values are shifted to the left, then to the right."""

    left: int
    right: int


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Make one line of the many ways in which pydicom and decoders say that a file is damaged.

    Values are parsed when they are looked at, so that what looks at them belongs in here too.

    Raises:
        SeriesError: of whatever goes wrong within.
    """
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SeriesError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise SeriesError(f"{path}: cannot be read ({error.strerror}).") from None
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise SeriesError(
            f"{path}: damaged DICOM file ({reason}); copy or export it again."
        ) from None
    finally:
        logger.setLevel(level)


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its content, with preamble or without, or by its name alone."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(PREAMBLE + 4)
    except OSError:
        return path.suffix.lower() in SUFFIXES
    return head[PREAMBLE:] == b"DICM" or _is_bare(head) or path.suffix.lower() in SUFFIXES


def _is_bare(head: bytes) -> bool:
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    short = head[6:8] == b"\0\0"  # length of an implicit value
    return (
        len(head) > PREAMBLE and head[:2] in FIRST_GROUPS and head[3] == 0 and (explicit or short)
    )


def parse(path: Path, keywords: tuple[str, ...] = ()) -> pydicom.FileDataset:
    """These elements of a file, or all but its pixels; to be called, and looked at, within
    `parsing`."""
    with path.open("rb") as file:
        head = file.read(PREAMBLE + 4)
        bare = head[PREAMBLE:] != b"DICM"
        if bare and not _is_bare(head):
            raise SeriesError(f"{path}: is not a DICOM file; export it again, or take it away.")
        file.seek(0)
        dataset = pydicom.dcmread(
            file,
            force=bare,
            stop_before_pixels=not keywords,
            specific_tags=list(keywords) or None,
        )
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit = dataset.is_implicit_VR
        dataset.file_meta.TransferSyntaxUID = (
            pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian
        )
    return dataset


def read_pixels(path: Path, *, masks: bool = False) -> np.ndarray:
    """Stored values of all frames of one file, (frame, y, x), before any rescaling; signal, or
    those of masks, which may be of 1 bit and have colours.

    Raises:
        SeriesError: where they are damaged, no grey values, or compressed in an unknown way.
    """
    with parsing(path):
        dataset = parse(path, PIXELS)
        for keyword in WHOLE:
            if dataset.get(keyword) is not None:  # in whatever VR
                value = int(dataset.get(keyword))
                del dataset[keyword]
                setattr(dataset, keyword, value)
        rows, columns, frames = _check_kind(path, dataset, masks)
        kept = _kept_bits(path, dataset) if "PixelData" in dataset else None
        if kept:  # to the lowest bit, as decoders take no others away than those above
            dataset.BitsStored = dataset.BitsAllocated - kept.left
        compressed = dataset.file_meta.TransferSyntaxUID.is_encapsulated
        pixels = _decode(path, dataset, frames) if compressed else dataset.pixel_array
        pixels = pixels.reshape(frames, rows, columns)
        return pixels << kept.left >> kept.right if kept else pixels


def _check_kind(path: Path, dataset: pydicom.Dataset, masks: bool) -> tuple[int, int, int]:
    """Rows, columns and frames of what can be decoded."""
    if not any(keyword in dataset for keyword in PIXELS[-3:]):
        raise SeriesError(f"{path}: has no pixels; export it again.")
    kind = dataset.get("PhotometricInterpretation") or "of unknown kind"
    samples = dataset.get("SamplesPerPixel") or 1
    if samples != 1 or (kind != "MONOCHROME2" and not masks):
        raise SeriesError(
            f"{path}: pixels are {kind}, {counted(samples, 'value')} each (0028,0002), where one "
            "that is signal is needed (MONOCHROME2); export the images as the scanner made them."
        )
    dataset.SamplesPerPixel = 1  # which decoders need to be told, and no colours
    dataset.PhotometricInterpretation = "MONOCHROME2"
    if dataset.get("ModalityLUTSequence"):
        raise SeriesError(
            f"{path}: stored values are no signal, but places in a table (0028,3000); export the "
            "images as the scanner made them."
        )
    rows, columns, frames = dataset.Rows, dataset.Columns, dataset.get("NumberOfFrames") or 1
    present = sum(len(dataset.get(keyword) or b"") for keyword in PIXELS[-3:])
    ratio = LARGEST_RATIO_OF_MASKS if masks else LARGEST_RATIO
    if not 1 <= frames <= ratio * present / (rows * columns):
        raise SeriesError(
            f"{path}: {present} bytes cannot be {counted(frames, 'frame')} of {columns}x{rows} "
            "pixels; copy or export it again."
        )
    return rows, columns, frames


def _decode(path: Path, dataset: pydicom.FileDataset, frames: int) -> np.ndarray:
    """Decompress by SimpleITK's GDCM, which every installation has.

    It gets nothing but the pixels and their kind, as it would rescale all frames by the slope of
    the first, and in a stream made anew, as it believes every length that it reads.
    """
    if hasattr(encaps, "generate_frames"):  # since pydicom 3
        split = encaps.generate_frames(dataset.PixelData, number_of_frames=frames)
    else:
        split = encaps.generate_pixel_data_frame(dataset.PixelData, frames)
    parts = list(islice(split, frames + 1))
    if len(parts) != frames:
        raise SeriesError(
            f"{path}: {counted(len(parts), 'compressed image')} for {counted(frames, 'frame')}; "
            "copy or export it again."
        )
    dataset.PixelData = encaps.encapsulate(parts)
    dataset.SOPClassUID = BYTES if dataset.BitsAllocated == 8 else WORDS
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    with tempfile.TemporaryDirectory() as folder, quiet():
        alone = Path(folder) / "pixels.dcm"
        dataset.save_as(alone)
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(alone))
        try:
            return sitk.GetArrayFromImage(reader.Execute())
        except RuntimeError:
            name = dataset.file_meta.TransferSyntaxUID.name
            raise SeriesError(
                f"{path}: compressed as {name}, which is damaged or cannot be read here; "
                "decompress it, e.g. by dcmdjpeg, dcmdjpls or gdcmconv --raw."
            ) from None


def _kept_bits(path: Path, dataset: pydicom.Dataset) -> Shifts:
    """Shifts that take away what old software keeps beside values, and extend their sign."""
    for keyword in ("BitsAllocated", "PixelRepresentation"):
        if dataset.get(keyword) is None:
            raise SeriesError(f"{path}: does not say its {keyword}; export it again.")
    allocated = dataset.BitsAllocated
    stored = dataset.get("BitsStored") or allocated
    high = dataset.HighBit = dataset.get("HighBit", stored - 1)
    if not 0 < stored <= high + 1 <= allocated:
        raise SeriesError(
            f"{path}: {stored} bits stored up to bit {high} of {allocated}, which "
            "cannot be; export it again."
        )
    return Shifts(allocated - 1 - high, allocated - stored)
