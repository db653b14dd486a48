"""DICOM: what cannot be a series is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from cases.bad_dicom import every, third
from cases.dicom import (
    change,
    nothing,
    orientation,
    pixels,
    position,
    write_classic,
    write_enhanced,
)
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import read_series

SIMPLE = ("control", "label") * 2


BAD = {
    "IM3: says no number of rows": third(Rows=None),
    "IM3.dcm: is not a DICOM file": lambda p: (
        p[2][0].unlink(),
        p[2][0].with_name("IM3.dcm").write_bytes(b""),
    ),
    "frame 0 has no pixel spacing (0028,0030)": third(PixelSpacing=None),
    "voxels of 1.5x2.5x-8 mm": third(SliceThickness=-8),
    "ImagePositionPatient (0020,0032) is '[1.0, 2.0]'": third(ImagePositionPatient=[1.0, 2.0]),
    "no pair of directions at right angles": third(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
    "voxels of 0x2x8 mm": third(PixelSpacing=[2, 0]),
    "but of different pixel sizes": third(PixelSpacing=[3, 3]),
    "is scaled by 0 (0028,1053)": third(RescaleSlope=0),
    "images of 24x20, 10x48 pixels in one series": third(Rows=48, Columns=10),
    "give magnitude images": every(ImageType=["ORIGINAL", "PRIMARY", "P"]),
    "pixels are MONOCHROME1, 1 value each": third(PhotometricInterpretation="MONOCHROME1"),
    "images of 8000x20 pixels, where": every(Columns=8000),
    "960 bytes cannot be 2001 frames": third(NumberOfFrames=2001),
    "IM3: 99999 frames (0028,0008), which cannot be": third(NumberOfFrames=99999),
    "bits stored up to bit 99": third(HighBit=99),
    "lie up to 9.00 mm apart": third(
        ImagePositionPatient=list(np.array(position(0)) + 9 * np.array(orientation()[:3]))
    ),
    "InversionTime (0018,0082) of frame 2 is -1": third(InversionTime=-1000),
    "of frame 2 is 0.0016, where 0.01 to 10 seconds": third(InversionTime=1.6),
    "frame 0 is 'MARKED'": every(ASLContext="MARKED"),
}
"""What the answer says, beside what the table of bad inputs has (`bad_dicom`)."""


@pytest.mark.parametrize("words", BAD)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, words: str, capfd):
    paths = write_classic(tmp_path, pixels())
    BAD[words](paths)
    with pytest.raises(SeriesError) as error:
        read_series(paths[0][0])
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert capfd.readouterr() == ("", "")


def move(distance: float, axis: int):
    """Shift the last slice, along the normal or within the plane."""

    def edit(dataset: Dataset, _t: int, k: int) -> None:
        if k == 2:
            direction = np.array(orientation()).reshape(2, 3)
            axes = [*direction, np.cross(*direction)]
            dataset.ImagePositionPatient = list(np.array(position(k)) + distance * axes[axis])

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [(move(3, 2), "slices are 8.00 to 11.00 mm apart"), (move(3, 0), "shifted against each other")],
)
def test_slices_that_are_no_stack_are_refused(tmp_path: Path, edit, words: str):
    write_classic(tmp_path, pixels(5, 3), edit)
    with pytest.raises(SeriesError, match=words):
        read_series(tmp_path)


def test_a_file_that_is_missing_among_slices_is_told(tmp_path: Path):
    paths = write_classic(tmp_path, pixels(5, 3), nothing)
    paths[2][1].unlink()
    with pytest.raises(SeriesError, match=r"\[5, 4, 5\] images in the 3 slices"):
        read_series(tmp_path)


def test_slices_of_one_time_that_contradict_each_other_are_refused(tmp_path: Path):
    paths = write_classic(tmp_path, pixels(5, 2), nothing)
    change(paths[1][1], ImageComments="label")
    with pytest.raises(SeriesError, match="slices of frame 1 are control and label"):
        read_series(tmp_path)


def test_damaged_bytes_give_a_series_or_a_series_error(tmp_path: Path, capfd):
    """150 files, classic, enhanced and compressed, with bytes changed, cut out or cut off."""
    rng = np.random.default_rng(7)
    classic = write_classic(tmp_path / "c", pixels(4), comments=SIMPLE)[0][0]
    contexts = tuple(word.upper() for word in SIMPLE)
    enhanced, packed = tmp_path / "e" / "x", tmp_path / "r" / "x"
    for path in (enhanced, packed):
        write_enhanced(path, pixels(4), contexts=contexts)
    dataset = pydicom.dcmread(packed)
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(packed)
    for victim in (classic, enhanced, packed):
        whole = victim.read_bytes()
        for case in range(50):
            damaged = bytearray(whole)
            if case % 4 == 0:
                del damaged[rng.integers(len(damaged)) :]
            elif case % 4 == 1:
                start = rng.integers(len(damaged))
                del damaged[start : start + rng.integers(1, 40)]
            else:
                for _ in range(rng.integers(1, 9)):
                    damaged[rng.integers(132, len(damaged))] = rng.integers(256)
            victim.write_bytes(damaged)
            try:
                series = read_series(victim)
            except SeriesError:
                continue
            assert np.isfinite(series.images).all()
        victim.write_bytes(whole)
    assert capfd.readouterr() == ("", "")
