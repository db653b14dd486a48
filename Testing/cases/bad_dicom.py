"""Bad DICOM series, for the table of bad inputs: each row changes the files of a good one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from cases.dicom import (
    change,
    complete_header,
    new_dataset,
    pixels,
    position,
    save,
    set_pixels,
    write_classic,
)
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import generate_uid

Paths = list[list[Path]]
"""Of files, by frame and slice."""
Edit = Callable[[Paths], object]
REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
HIGH_THROUGHPUT = "1.2.840.10008.1.2.4.201"
"""JPEG 2000, as the standard has it since 2023."""


def dicom(spoil: Edit, slices: int = 1) -> Callable[[Path], None]:
    """A series in the folder SERIES, and what is done to its files by frame and slice."""

    def write(folder: Path) -> None:
        spoil(write_classic(folder / "SERIES", pixels(5, slices), wide))

    return write


def wide(dataset: Dataset, t: int, k: int) -> None:
    complete_header(dataset, t, k)
    dataset.PixelSpacing = [4, 4]


def third(**values: object) -> Edit:
    """Elements of the third file; None deletes them."""
    return lambda paths: change(paths[2][0], **values)


def every(**values: object) -> Edit:
    return lambda paths: [change(path, **values) for row in paths for path in row]


def twin(**values: object) -> Edit:
    """A copy of the third file, changed."""

    def spoil(paths: Paths) -> None:
        path = paths[2][0].with_name("IM99")
        shutil.copy(paths[2][0], path)
        change(path, **values)

    return spoil


def only(kind: str) -> Edit:
    """One object that is no image of a series."""

    def spoil(paths: Paths) -> None:
        for (path,) in paths:
            path.unlink()
        save(new_dataset(kind, generate_uid(), generate_uid(), 1, "ASL"), paths[0][0])

    return spoil


def _cut(paths: Paths) -> None:
    paths[2][0].write_bytes(paths[2][0].read_bytes()[:-100])


def _undecodable(paths: Paths) -> None:
    dataset = pydicom.dcmread(paths[2][0])
    dataset.file_meta.TransferSyntaxUID = HIGH_THROUGHPUT
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(96)])
    dataset.save_as(paths[2][0])


def _in_two_folders(paths: Paths) -> None:
    (paths[0][0].parent / "more").mkdir()
    for (path,) in paths[:2]:
        path.rename(path.parent / "more" / path.name)


def _without_one_slice(paths: Paths) -> None:
    paths[2][1].unlink()


def _uneven(paths: Paths) -> None:
    for row in paths:
        change(row[2], ImagePositionPatient=position(3))


def _of_another_size(paths: Paths) -> None:
    dataset = pydicom.dcmread(paths[2][0])
    set_pixels(dataset, pixels(1, 1, (30, 30))[0, 0])
    dataset.save_as(paths[2][0])


def _coloured(paths: Paths) -> None:
    dataset = pydicom.dcmread(paths[2][0])
    set_pixels(dataset, np.zeros((20, 24), np.uint8))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
    dataset.PixelData = bytes(20 * 24 * 3)
    dataset.save_as(paths[2][0])


def _m0_elsewhere(paths: Paths) -> None:
    for (path,) in paths:
        change(path, StudyInstanceUID="1.2.3")
    change(paths[0][0], ImageComments="", SeriesInstanceUID="1.2.4", SeriesDescription="M0",
           SeriesNumber=4, ImagePositionPatient=position(2))  # fmt: skip


ROWS = [
    ("a report where images are needed", "holds no ASL series", dicom(only(REPORT))),
    ("no DICOM by the name of it", "is not a DICOM file",
     dicom(lambda p: p[2][0].with_name("notes.dcm").write_text("not DICOM"))),
    ("one file cut short", "damaged DICOM file", dicom(_cut)),
    ("one file without pixels", "has no pixels", dicom(third(PixelData=None))),
    ("one file compressed in a way that nothing here reads", "compressed as", dicom(_undecodable)),
    ("one file in colour", "pixels are RGB", dicom(_coloured)),
    ("one file of another size", "images of 24x20, 30x30 pixels", dicom(_of_another_size)),
    ("one file without its position", "no position (0020,0032)",
     dicom(third(ImagePositionPatient=None))),
    ("one file without its orientation", "no orientation (0020,0037)",
     dicom(third(ImageOrientationPatient=None))),
    ("one file lies across", "of different orientations",
     dicom(third(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))),
    ("no file says its pixel size", "--pixel-size", dicom(every(PixelSpacing=None))),
    ("no file says its inversion time", "--inversion-time", dicom(every(InversionTime=None))),
    ("inversion times in microseconds", "is it in milliseconds",
     dicom(every(InversionTime=1.5e6))),
    ("no file says whether it is control or label", "--volume-types",
     dicom(every(ImageComments=None))),
    ("one file does not say what it is", "nothing says which", dicom(third(ImageComments=""))),
    ("one file of another patient", "different patients", dicom(third(PatientID="H-4712"))),
    ("two files of one identifier that differ", "has the same identifier",
     dicom(twin(InstanceNumber=77))),
    ("two files of one time", "nothing tells their order",
     dicom(twin(SOPInstanceUID=generate_uid()))),
    ("two files alike", "Copies of files are left out: 1.", dicom(twin()), 0),
    ("one file of a slice lacks", "[5, 4, 5] images in the 3 slices",
     dicom(_without_one_slice, 3)),
    ("slices at uneven distances", "slices are 8.00 to 16.00 mm apart", dicom(_uneven, 3)),
    ("one image alone", "one image of each place",
     dicom(lambda paths: [path.unlink() for (path,) in (paths[0], *paths[2:])])),
    ("M0 alone", "one image of each place",
     dicom(lambda paths: [path.unlink() for (path,) in paths[1:]])),
    ("a Siemens mosaic", "Siemens mosaic",
     dicom(every(ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]))),
    ("phase images", "where magnitude is needed",
     dicom(every(ImageType=["ORIGINAL", "PRIMARY", "P"]))),
    ("a series in two folders", "its files lie in 2 folders", dicom(_in_two_folders)),
    ("one file of another series", "one image of each place",
     dicom(third(SeriesInstanceUID="1.2.3")), 0),
    ("a control without its label", "make no pairs",
     dicom(lambda paths: paths[2][0].unlink()), 0),
    ("M0 of its own in another slice", "its slices do not lie in the planes",
     dicom(_m0_elsewhere), 0),
]  # fmt: skip
"""What is wrong, what the answer has in it, how it is made, and the exit status where it is not 2.
"""
