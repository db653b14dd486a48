"""Side-cars and tables as people and programs write them: what they mean is read and said, what
contradicts is named, and nothing that tells who somebody is changes what is computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ASLMyoSegLib.errors import SeriesError, UnstatedError
from ASLMyoSegLib.io import Hints, find_series, left_out, read_series, write_series, write_volume
from ASLMyoSegLib.io.privacy import without_identifiers
from ASLMyoSegLib.series import ASLSeries, Geometry

SAID = {
    "ArterialSpinLabelingType": "PASL", "BackgroundSuppression": False, "BolusCutOffFlag": False,
    "MagneticFieldStrength": 3, "MRAcquisitionType": "3D", "EchoTime": 0.002,
    "RepetitionTimePreparation": 6, "PostLabelingDelay": 1.5, "TotalAcquiredPairs": 1,
    "M0Type": "Included",
}  # fmt: skip


def bids(folder: Path, words: tuple[str, ...] = ("m0scan", "control", "label"), **said) -> Path:
    """A series whose frame k has the value 100 + k nearly everywhere; said: more of its side-car,
    None: less."""
    images = np.random.default_rng(0).uniform(0, 0.1, (len(words), 1, 20, 24))
    images += 100 + np.arange(len(words)).reshape(-1, 1, 1, 1)
    path = folder / "sub-01_asl.nii.gz"
    types, times = ("m0scan",) * len(words), np.full(len(words), np.nan)
    geometry = Geometry((3.0, 3.0, 8.0))
    write_series(ASLSeries(images.astype(np.float32), types, times, geometry), path)
    content = {key: value for key, value in {**SAID, **said}.items() if value is not None}
    (folder / "sub-01_asl.json").write_text(json.dumps(content))
    (folder / "sub-01_aslcontext.tsv").write_text("\n".join(("volume_type", *words)) + "\n")
    return path


def levels(series: ASLSeries) -> list[int]:
    return [int(image.mean()) - 100 for image in series.images]


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("MagneticFieldStrength", "3T", 3),
        ("MagneticFieldStrength", "1.5 Tesla", 1.5),
        ("MagneticFieldStrength", "1,5", 1.5),
        ("MagneticFieldStrength", [3.0], 3),
        ("MagneticFieldStrength", 15000, 1.5),
        ("MagneticFieldStrength", "30000 G", 3),
        ("MagneticFieldStrength", 63.87, 1.5),
        ("MagneticFieldStrength", 123.2, 2.8936),
        ("PostLabelingDelay", "1500 ms", 1.5),
        ("PostLabelingDelay", "1,5 s", 1.5),
        ("PostLabelingDelay", [1.5], 1.5),
        ("EchoTime", "2 msec", 0.002),
        ("RepetitionTimePreparation", ["6", "6s", 6], [6, 6, 6]),
        ("LabelingEfficiency", "95 %", 0.95),
        ("BackgroundSuppression", 0, False),
        ("BackgroundSuppression", "No", False),
        ("BackgroundSuppression", "1", True),
        ("BolusCutOffFlag", "false", False),
        ("LookLocker", ["TRUE"], True),
        ("ArterialSpinLabelingType", "pasl", "PASL"),
        ("M0Type", "included", "Included"),
        ("MRAcquisitionType", " 2d", "2D"),
    ],
)
def test_a_value_is_what_it_means_and_the_notes_say_so(
    tmp_path: Path, key: str, written: object, meant: object
):
    series = read_series(bids(tmp_path, **{key: written}))
    assert series.metadata[key] == pytest.approx(meant, abs=1e-4)
    assert series.inversion_time[1:] == pytest.approx(1.5)
    note = next(note for note in series.notes if note.startswith(f"sub-01_asl.json: {key} is "))
    assert repr(written) in note
    assert "taken for" in note


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MagneticFieldStrength", "strong"),
        ("MagneticFieldStrength", 40000000),
        ("MagneticFieldStrength", -3),
        ("EchoTime", "2 parsec"),
        ("FlipAngle", {"a": 1}),
        ("MRAcquisitionType", "spiral"),
        ("M0Estimate", "n/a"),
        ("SliceTiming", "ascending"),
        ("TotalAcquiredPairs", True),
    ],
)
def test_a_broken_value_that_masks_do_not_need_costs_no_series(
    tmp_path: Path, key: str, value: object
):
    series = read_series(bids(tmp_path, **{key: value}))
    assert key not in series.metadata
    assert any(f"{key} is {value!r}" in note and "left out" in note for note in series.notes)


def test_field_strength_and_frequency_that_contradict_each_other_are_both_named(tmp_path: Path):
    (note,) = read_series(bids(tmp_path, MagneticFieldStrength=1.5, ImagingFrequency=127.7)).notes
    assert "1.5 T" in note
    assert "127.7 MHz is that of 3 T" in note


def test_two_inversion_times_that_contradict_each_other_are_asked_for(tmp_path: Path):
    path = bids(tmp_path, PostLabelingDelay=1.8, InversionTime=1.5)
    with pytest.raises(UnstatedError, match=r"PostLabelingDelay 1\.8 s and InversionTime 1\.5 s"):
        read_series(path)
    series = read_series(path, Hints(inversion_time=1.5))
    assert series.inversion_time[1:] == pytest.approx(1.5)
    same = bids(tmp_path, PostLabelingDelay=[0, 1.5, 1.5], InversionTime=1.499)
    assert read_series(same).inversion_time[1:] == pytest.approx(1.5)


def test_what_is_stated_against_files_is_taken_and_both_are_named(tmp_path: Path):
    hints = Hints(("m0scan", "label", "control"), 1.25, pixel_size=(2.0, 2.0))
    notes = " ".join(read_series(bids(tmp_path), hints).notes)
    assert "--volume-types calls frame 1 label, where sub-01_aslcontext.tsv says control" in notes
    assert "--inversion-time 1.25 s is stated, where sub-01_asl.json: PostLabelingDelay" in notes
    assert "--pixel-size 2x2 mm is stated, where the file says 3x3 mm" in notes
    assert read_series(bids(tmp_path), Hints(pixel_size=(3.0, 3.0))).notes == ()


@pytest.mark.parametrize("word", ["n/a", "N/A", "noRF", "cbf", "deltam"])
def test_rows_of_other_kinds_are_left_out_with_a_word(tmp_path: Path, word: str):
    words = ("m0scan", word, "control", "label", word)
    series = read_series(bids(tmp_path, words, RepetitionTimePreparation=[1, 2, 3, 4, 5]))
    assert series.volume_types == ("m0scan", "control", "label")
    assert levels(series) == [0, 2, 3]
    assert series.metadata["RepetitionTimePreparation"] == [1, 3, 4]
    assert "Left out, as sub-01_aslcontext.tsv has" in series.notes[0]
    assert "frames 1, 4" in series.notes[0]


def test_any_case_and_common_names_of_volume_types_are_read(tmp_path: Path):
    kinds = ("m0scan", "control", "label")
    assert read_series(bids(tmp_path, ("M0Scan", "CONTROL", "Label"))).volume_types == kinds
    series = read_series(bids(tmp_path, ("M0", "ctrl", "tag")))
    assert series.volume_types == kinds
    assert "'tag' is taken for label" in " ".join(series.notes)
    with pytest.raises(SeriesError, match="frame 1 is 'perfused'"):
        read_series(bids(tmp_path, ("m0scan", "perfused", "label")))


def test_frames_are_skipped_by_number_whatever_they_are(tmp_path: Path):
    words = ("m0scan", "control", "label", "label", "control", "label")
    path = bids(tmp_path, words, PostLabelingDelay=[0, 1.1, 1.2, 1.3, 1.4, 1.5])
    series = read_series(path, Hints(skip_frames=(3,)))
    assert levels(series) == [0, 1, 2, 4, 5]
    assert series.inversion_time[1:] == pytest.approx([1.1, 1.2, 1.4, 1.5])
    assert "Left out by --skip-frames: frame 3." in series.notes
    of_the_rest = ("m0scan", "label", "control", "label", "control")
    assert read_series(path, Hints(of_the_rest, skip_frames=(3,))).volume_types == of_the_rest
    with pytest.raises(SeriesError, match=r"--skip-frames 6: .* has 6 frames"):
        read_series(path, Hints(skip_frames=(6,)))
    with pytest.raises(SeriesError, match="leaves out all frames"):
        read_series(path, Hints(skip_frames=tuple(range(6))))


def test_a_last_frame_without_partner_is_left_out_where_the_others_take_turns(tmp_path: Path):
    series = read_series(bids(tmp_path, ("label", "control", "m0scan", "label"), M0Type="Included"))
    assert levels(series) == [0, 1, 2]
    assert "Frame 3, the last label, has no partner and is left out." in series.notes
    unclear = read_series(bids(tmp_path, ("control", "control", "label", "m0scan")))
    assert levels(unclear) == [0, 1, 2, 3]


def test_inversion_times_may_be_those_of_control_and_label_alone(tmp_path: Path):
    words = ("m0scan", "control", "label", "n/a")
    series = read_series(bids(tmp_path, words, PostLabelingDelay=[1.4, 1.6]))
    assert series.inversion_time == pytest.approx([np.nan, 1.4, 1.6], nan_ok=True)
    assert "no values for M0" in " ".join(series.notes)


PHYSICS = {
    "ArterialSpinLabelingType": "PCASL", "MagneticFieldStrength": 1.494, "M0Type": "Estimate",
    "M0Estimate": 1000, "LookLocker": True, "LabelingDuration": 1.8, "EchoTime": None,
}  # fmt: skip


@pytest.mark.parametrize("who", ["PCASL_003", "494", "1000", "true", "sub-01", "lacks", "ASL_017"])
def test_whoever_the_patient_is_the_same_is_read(tmp_path: Path, who: str):
    words = ("control", "label")
    nobody = read_series(bids(tmp_path, words, **PHYSICS))
    named = read_series(
        bids(tmp_path, words, **PHYSICS, PatientID=who, PatientName=who, OtherPatientIDs=[who])
    )
    assert named.metadata == nobody.metadata
    assert named.notes == nobody.notes
    assert named.notes


def test_names_are_taken_out_by_field_however_deep_and_free_text_by_word():
    metadata = {
        "PatientName": "Doe^Jane", "MagneticFieldStrength": 3, "StudyDescription": "heart of Doe",
        "SeriesDescription": "ASL rest", "M0Scan": {"EchoTime": 0.002, "PatientID": "7"},
        "Parts": [{"PatientBirthDate": "19700101", "FlipAngle": 50}], "Sequence": "doe",
    }  # fmt: skip
    assert without_identifiers(metadata) == {
        "MagneticFieldStrength": 3, "SeriesDescription": "ASL rest", "M0Scan": {"EchoTime": 0.002},
        "Parts": [{"FlipAngle": 50}], "Sequence": "doe",
    }  # fmt: skip


def test_what_the_side_car_of_an_m0_scan_says_comes_with_the_series(tmp_path: Path):
    path = bids(tmp_path, ("control", "label"), M0Type="Separate", FlipAngle=50)
    image = np.random.default_rng(1).uniform(1, 9, (1, 20, 24)).astype(np.float32)
    write_volume(tmp_path / "sub-01_m0scan.nii.gz", image, Geometry((3.0, 3.0, 8.0)))
    own = {"FlipAngle": "5 deg", "EchoTime": 0.012, "PhilipsRescaleSlope": 2, "PatientID": "7"}
    (tmp_path / "sub-01_m0scan.json").write_text(json.dumps(own))
    series = read_series(path)
    expected = {"FlipAngle": 5, "EchoTime": 0.012, "PhilipsRescaleSlope": 2}
    assert series.metadata["M0Scan"] == expected
    assert series.metadata["FlipAngle"] == 50
    assert series.metadata["FramesOfFile"] == {"count": 2, "kept": [0, 1]}


def test_an_m0_scan_of_another_name_is_named_with_the_way_to_take_it(tmp_path: Path):
    path = bids(tmp_path, ("control", "label"), M0Type="Separate")
    image = np.random.default_rng(1).uniform(1, 9, (1, 20, 24)).astype(np.float32)
    write_volume(tmp_path / "sub-01_run-2_m0scan.nii.gz", image, Geometry((3.0, 3.0, 8.0)))
    with pytest.raises(SeriesError, match=r"sub-01_run-2_m0scan\.nii\.gz .* IntendedFor"):
        read_series(path)
    (tmp_path / "sub-01_run-2_m0scan.json").write_text('{"IntendedFor": "sub-01_asl.nii.gz"}')
    assert read_series(path).volume_types == ("control", "label", "m0scan")


def test_letters_of_latin_1_and_of_windows_are_read(tmp_path: Path):
    path = bids(tmp_path)
    own = tmp_path / "sub-01_asl.json"
    own.write_bytes(json.dumps({**SAID, "Site": "Müller"}, ensure_ascii=False).encode("latin-1"))
    series = read_series(path)
    assert series.metadata["Site"] == "Müller"
    assert series.notes == ("sub-01_asl.json is no UTF-8; its letters are read as Latin-1.",)
    own.write_bytes(json.dumps(SAID).encode("utf-16"))
    assert read_series(path).volume_types == series.volume_types


@pytest.mark.parametrize(
    "said",
    [{"Units": "rad"}, {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]},
     {"ImageType": ["DERIVED", "PRIMARY", "ASL", "SUBTRACTION"]}],
)  # fmt: skip
def test_images_that_are_no_magnitude_by_their_side_car_are_refused(tmp_path: Path, said: dict):
    with pytest.raises(SeriesError, match=f"{next(iter(said))} is "):
        read_series(bids(tmp_path, **said))


def test_phase_is_left_out_by_name_with_a_word_and_refused_where_it_is_given(tmp_path: Path):
    path = bids(tmp_path)
    for kind in ("mag", "phase", "imag"):
        for file in sorted(tmp_path.glob("sub-01_asl*")):
            file.with_name(file.name.replace("_", f"_part-{kind}_", 1)).write_bytes(
                file.read_bytes()
            )
    for file in tmp_path.glob("sub-01_asl*"):
        file.unlink()
    magnitude = path.with_name("sub-01_part-mag_asl.nii.gz")
    assert find_series(tmp_path) == [magnitude]
    assert [r for r in left_out(tmp_path) if "of phase" in r] == [
        f"{tmp_path}/sub-01_part-phase_asl.nii.gz: is an image of phase, no magnitude."
    ]
    with pytest.raises(SeriesError, match="imaginary part, no magnitude"):
        read_series(path.with_name("sub-01_part-imag_asl.nii.gz"))


def test_linked_folders_are_searched_once_and_rings_of_links_end(tmp_path: Path):
    real = tmp_path / "real" / "sub-01" / "perf"
    real.mkdir(parents=True)
    bids(real)
    (tmp_path / "bids").mkdir()
    (tmp_path / "bids" / "sub-01").symlink_to(tmp_path / "real" / "sub-01")
    (real / "up").symlink_to(tmp_path / "bids")
    found = tmp_path / "bids" / "sub-01" / "perf" / "sub-01_asl.nii.gz"
    assert find_series(tmp_path / "bids") == [found]
