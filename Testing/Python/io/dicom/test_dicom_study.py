"""DICOM: which series a folder holds, what they are called, and that they tell nobody's name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from cases.dicom import change, new_dataset, pixels, save, set_pixels, write_classic, write_enhanced
from cases.stored import read_series
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, find_series, input_digest, left_out, series_name

SR, STATE = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.11.1"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """What lies on a disc from the hospital: series with ASL among others, and what is no image."""
    folder = tmp_path / "DICOM"

    def localizer(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_classic(folder / "S1", pixels(3), localizer, number=1, description="loc", comments=None)
    write_classic(folder / "S2", pixels(25), number=2, description="cine sax", comments=None)
    write_classic(folder / "S2", pixels(1, 3), number=9, description="LGE", comments=None, first=90)
    write_classic(folder / "S3", pixels(), number=3)
    write_enhanced(folder / "S4" / "I0", pixels())
    for kind in (SR, STATE, SEG):
        dataset = new_dataset(kind, generate_uid(), generate_uid(), 99, "ASL rest")
        if kind == SEG:
            set_pixels(dataset, np.zeros((2, 8, 8), np.uint8))
        save(dataset, folder / "S3" / f"{kind[-4:]}.dcm")
    (folder / "S3" / "notes.txt").write_text("rest and stress")
    (folder / "S3" / "._IM1.dcm").write_bytes(b"\0\5\26\7")
    shutil.copy(get_testdata_file("dicomdirtests/DICOMDIR"), tmp_path)
    return tmp_path


def test_asl_is_found_in_the_folder_of_a_study_and_the_rest_is_told(study: Path):
    folder = study / "DICOM"
    for given_path in (study, study / "DICOMDIR"):
        found = find_series(given_path)
        assert found == [folder / "S3" / "IM1", folder / "S4" / "I0"]
        assert list(map(series_name, found)) == ["series-003_asl-rest", "series-007_asl-stress"]
        told = left_out(given_path)
        assert [text.split(":")[0].rsplit("/")[-1] for text in told] == [
            "IM1 (series-001_loc)", "IM1 (series-002_cine-sax)", "IM90 (series-009_lge)",
        ]  # fmt: skip
        assert "a localizer" in told[0]
        assert "does not say that it is ASL" in told[1]
        assert "one image of each place" in told[2]
    with pytest.raises(SeriesError, match=r"holds 2 series \(IM1 is series-003_asl-rest, I0 is"):
        read_series(study)
    with pytest.raises(SeriesError, match=r"no ASL series.*Not taken: .* a localizer"):
        find_series(folder / "S1")
    assert left_out(found[0]) == ()


def test_a_series_of_unknown_kind_is_found_where_there_is_no_other(study: Path):
    shutil.rmtree(study / "DICOM" / "S3")
    shutil.rmtree(study / "DICOM" / "S4")
    assert list(map(series_name, find_series(study))) == ["series-002_cine-sax"]


def test_a_series_called_asl_goes_before_others_of_unknown_kind(study: Path):
    shutil.rmtree(study / "DICOM" / "S4")
    for path in (study / "DICOM" / "S3").glob("IM*"):
        change(path, ImageComments="")
    assert list(map(series_name, find_series(study))) == ["series-003_asl-rest"]


def test_a_series_that_lies_in_two_folders_is_not_taken_for_two(tmp_path: Path):
    paths = write_classic(tmp_path / "a", pixels())
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert find_series(tmp_path) == [tmp_path / "a" / "IM1"]
    assert f"the same files as in {tmp_path}/a" in left_out(tmp_path)[0]
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b").mkdir()
    for (path,) in paths[:2]:
        path.rename(tmp_path / "b" / path.name)
    with pytest.raises(SeriesError, match="its files lie in 2 folders; put them into one"):
        find_series(tmp_path)


def test_two_series_of_one_number_in_a_folder_get_different_names(tmp_path: Path):
    write_classic(tmp_path, pixels())
    write_classic(tmp_path, pixels(), first=50)
    names = list(map(series_name, find_series(tmp_path)))
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"series-003_asl-rest_[0-9a-f]{4}", name) for name in names)


def test_a_damaged_file_stops_its_folder_but_not_the_others(tmp_path: Path):
    write_classic(tmp_path / "a", pixels())
    write_classic(tmp_path / "b", pixels(), number=4)
    (tmp_path / "a" / "IM9.dcm").write_bytes(b"")
    first, second = find_series(tmp_path)
    assert (series_name(first), series_name(second)) == (
        "series-003_asl-rest",
        "series-004_asl-rest",
    )
    assert left_out(tmp_path) == (f"{tmp_path}/a/IM9.dcm: is not a DICOM file; export it again, or "
                                  "take it away.",)  # fmt: skip
    with pytest.raises(SeriesError, match=r"IM9\.dcm: is not a DICOM file"):
        read_series(first)
    assert len(read_series(second).images) == 5


def test_one_image_is_no_series_unless_a_person_says_what_it_is(tmp_path: Path):
    write_classic(tmp_path, pixels(1, 3))
    with pytest.raises(SeriesError, match="one image of each place"):
        read_series(tmp_path / "IM1")
    series = read_series(tmp_path / "IM1", Hints(("control",)))
    assert np.array_equal(series.images, pixels(1, 3))


def test_one_file_stands_for_its_series_and_every_file_of_it_counts(tmp_path: Path):
    stored = pixels()
    paths = write_classic(tmp_path, stored)
    write_classic(tmp_path, pixels(4), number=4, comments=("control", "label") * 2, first=50)
    assert np.array_equal(read_series(paths[3][0]).images, stored)
    digest = input_digest(paths[0][0])
    assert digest == input_digest(paths[3][0])
    change(paths[4][0], ImageComments="label 2")
    assert input_digest(paths[0][0]) != digest


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text("ab Z^_-é9", min_size=1), st.text("ab Z_-9", min_size=1), st.booleans())
@example("Fair^Mary", "Rest", True)
@example("Doe^Jane", "H-4711", True)
def test_no_part_of_patients_gets_into_names_or_metadata(
    tmp_path: Path, patient: str, number: str, joined: bool
):
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.4", "1.2", "1.3", 3, "")
    dataset.PatientName, dataset.PatientID = patient, number
    between = "" if joined else "_"
    dataset.SeriesDescription = f"ASL_{patient}{between}{number} FAIR rest {number}"[:64]
    dataset.ImageComments = patient
    dataset.InstanceNumber = 1
    set_pixels(dataset, pixels(1)[0, 0])
    save(dataset, tmp_path / "x")
    name = series_name(tmp_path / "x")
    assert name.startswith("series-003_")
    assert set(name.split("_")[1].split("-")) <= {"asl", "fair", "rest"}
    if patient == "Fair^Mary":
        assert name == "series-003_asl"


def test_metadata_holds_nobody(tmp_path: Path):
    def telling(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.SeriesDescription = "ASL Doe Jane H-4711 19500102"

    write_classic(tmp_path / "folder", pixels(), telling)
    series = read_series(tmp_path / "folder")
    assert series.name == "series-003_asl"
    words = str(series.metadata)
    assert not any(part in words for part in ("Doe", "Jane", "4711", "1950"))
