"""DICOM: control and label in series of their own become one series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.commands import aslmyoseg, write_good_files
from cases.dicom import complete_header, pixels, write_classic
from cases.stored import read_series
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import (
    Hints,
    find_series,
    input_digest,
    left_out,
    series_name,
    series_sources,
)

STUDY = generate_uid()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Beside which lie no other tests' series."""
    return tmp_path / "asl"


def write(
    folder: Path, number: int, description: str, frames: int = 2, slices: int = 1, **values: object
) -> np.ndarray:
    """A series of one study whose description alone says what it holds."""

    def edit(dataset: Dataset, t: int, k: int) -> None:
        complete_header(dataset, t, k)
        dataset.StudyInstanceUID = STUDY
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    stored = pixels(frames, slices) + 10 * number
    write_classic(
        folder, stored, edit, number=number, description=description, comments=None,
        first=1000 * number,
    )  # fmt: skip
    return stored


@pytest.mark.parametrize("slices", [1, 3])
@pytest.mark.parametrize("folders", [("a", "a", "a"), ("4", "5", "6")])
def test_they_take_turns_and_m0_of_its_own_goes_last(tmp_path: Path, folders, slices: int):
    control = write(tmp_path / folders[0], 4, "FAIR control", slices=slices)
    label = write(tmp_path / folders[1], 5, "FAIR tag", slices=slices)
    m0 = write(tmp_path / folders[2], 6, "ASL M0", 1, slices)
    (found,) = find_series(tmp_path)
    series = read_series(found)
    assert series.volume_types == ("control", "label", "control", "label", "m0scan")
    expected = np.stack([control[0], label[0], control[1], label[1], m0[0]])
    assert np.array_equal(series.images, expected)
    assert series.notes == (
        "Control and label are series of their own: series-004_fair-control, series-005_fair-tag.",
        "M0 is series-006_asl-m0, a series of its own.",
    )
    assert left_out(tmp_path) == ()
    sources = series_sources(found)
    assert len(sources) == 5 * slices
    assert [s.path.name for s in sources[: 2 * slices : slices]] == ["IM4000", "IM5000"]


def test_a_file_of_either_gives_the_same_series(folder: Path):
    write(folder, 5, "FAIR label")
    write(folder, 4, "FAIR control")
    either = [read_series(folder / name) for name in ("IM4000", "IM5000")]
    assert np.array_equal(either[0].images, either[1].images)
    assert either[0].name == either[1].name == series_name(folder / "IM5000")
    digests = {input_digest(folder / name) for name in ("IM4000", "IM5000")}
    write(folder, 5, "FAIR label", AcquisitionNumber=7)
    assert input_digest(folder / "IM4000") not in digests


def test_rest_and_stress_stay_apart(folder: Path):
    for number, description in enumerate(
        ("rest control", "rest label", "stress control", "stress label"), start=3
    ):
        write(folder / str(number), number, f"ASL {description}")
    names = [series_name(path) for path in find_series(folder)]
    assert names == ["series-003_asl-rest-control", "series-005_asl-stress-control"]
    for path in find_series(folder):
        assert read_series(path).volume_types == ("control", "label") * 2


def test_series_of_single_breath_holds_are_pairs_in_the_order_of_their_numbers(folder: Path):
    stored = [
        write(folder, number, f"FAIR {'control' if number % 2 else 'label'}", 1)
        for number in (3, 4, 11, 12, 5, 6)
    ]
    (found,) = find_series(folder)
    series = read_series(found)
    assert series.volume_types == ("control", "label") * 3
    assert np.array_equal(series.images, np.concatenate([stored[k] for k in (0, 1, 4, 5, 2, 3)]))


def test_a_mixed_series_and_others_of_another_place_are_not_joined(folder: Path):
    write(folder / "3", 3, "FAIR control")
    write(folder / "4", 4, "FAIR label", FrameOfReferenceUID=generate_uid())
    write(folder / "5", 5, "FAIR rest label", 3)
    assert len(find_series(folder)) == 3
    assert set(read_series(folder / "3" / "IM3000", TWO).volume_types) == {"control"}
    with pytest.raises(SeriesError, match="state it with --volume-types"):
        read_series(folder / "3" / "IM3000")


TWO = Hints(volume_types=("control", "control"))


def test_what_a_person_states_is_of_the_series_of_the_file(folder: Path):
    control = write(folder, 3, "FAIR control")
    write(folder, 4, "FAIR label")
    series = read_series(folder / "IM3000", TWO)
    assert np.array_equal(series.images, control)


def test_volumes_that_were_exported_as_series_are_one(folder: Path):
    """As Siemens XA does, where nothing says what each volume is."""
    stored = [
        write(folder / str(number), number, f"ASL XA {number}", 1, 2) for number in (9, 10, 11, 12)
    ]
    write(folder / "20", 20, "LGE", 1, 2)
    hints = Hints(volume_types=("control", "label") * 2)
    (found,) = find_series(folder)
    series = read_series(found, hints)
    assert np.array_equal(series.images, np.concatenate(stored))
    assert series.notes[0].startswith("Volumes are series of their own: series-009_asl, series-010")
    assert len(read_series(found, Hints(volume_types=("control",))).images) == 1


def test_the_command_runs_them_as_one(tmp_path: Path):
    write_good_files(tmp_path)
    for number, description in enumerate(("control", "label", "m0"), start=3):
        write(tmp_path / "in" / str(number), number, f"ASL {description}", 1, PixelSpacing=[3, 3])
    done = aslmyoseg(
        "run", tmp_path / "in", "-o", tmp_path / "out", "--trials", "2",
        "--model", tmp_path / "tiny.safetensors",
    )  # fmt: skip
    assert done.status == 0, done.errors
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["m0_from"] == "series-005_asl-m0"
    assert [f["volume_type"] for f in summary["frames"]] == ["control", "label", "m0scan"]
