"""BIDS: side-cars inherited and checked, M0 in all its ways, and what is stated against them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases.stored import read_series

from ASLMyoSegLib.errors import QuantificationError, SeriesError
from ASLMyoSegLib.io import Hints, input_digest, write_series, write_volume
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.series import ASLSeries, Geometry

TYPES = ("m0scan", "control", "label")


def edit_json(path: Path, **values: object) -> None:
    side = Path(str(path).replace("_asl.nii.gz", "_asl.json"))
    side.write_text(json.dumps({**json.loads(side.read_text()), **values}))


def plain_series(
    path: Path, types: tuple[str, ...] = ("control", "label"), **values: object
) -> Path:
    """A series without M0 frames, and what its side-car says besides what is always required."""
    images = np.random.default_rng(1).uniform(1, 500, (len(types), 1, 20, 24)).astype(np.float32)
    times = np.array([np.nan if kind == "m0scan" else 1.5 for kind in types])
    write_series(ASLSeries(images, types, times, Geometry((2.0, 2.0, 8.0))), path)
    complete = {
        "MagneticFieldStrength": 3, "MRAcquisitionType": "3D", "EchoTime": 0.002,
        "RepetitionTimePreparation": 6, "PostLabelingDelay": 1.5,
    }  # fmt: skip
    edit_json(path, **{**complete, **values})
    return path


def write_m0(path: Path, value: float, **values: object) -> None:
    image = np.full((1, 20, 24), value, np.float32)
    image[0, 0, 0] += 1
    write_volume(path, image, Geometry((2.0, 2.0, 8.0)))
    if values:
        Path(str(path).replace(".nii.gz", ".json")).write_text(json.dumps(values))


def test_side_cars_are_inherited_from_upper_folders(tmp_path: Path):
    """The nearest file counts, and a file for another acquisition does not."""
    path = plain_series(tmp_path / "sub-01/ses-1/perf/sub-01_ses-1_acq-rest_run-2_asl.nii.gz")
    own = Path(str(path).replace("_asl.nii.gz", "_asl.json"))
    context = Path(str(path).replace("_asl.nii.gz", "_aslcontext.tsv"))
    said = json.loads(own.read_text())
    own.write_text(json.dumps({"EchoTime": 0.003}))
    context.rename(tmp_path / "aslcontext.tsv")
    upper = tmp_path / "acq-rest_asl.json"
    (tmp_path / "asl.json").write_text(json.dumps({**said, "PostLabelingDelay": 1.0}))
    upper.write_text('{"PostLabelingDelay": 1.25}')
    (tmp_path / "acq-stress_asl.json").write_text('{"PostLabelingDelay": 2.0}')
    (tmp_path / "sub-01/sub-01_run-1_asl.json").write_text('{"PostLabelingDelay": 3.0}')
    series = read_series(path)
    assert series.name == "sub-01_ses-1_acq-rest_run-2"
    assert series.volume_types == ("control", "label")
    assert series.inversion_time == pytest.approx([1.25, 1.25])
    assert series.metadata["EchoTime"] == 0.003
    assert series.notes == ()
    before = input_digest(path)
    upper.write_text('{"PostLabelingDelay": -4}')
    assert input_digest(path) != before
    with pytest.raises(SeriesError, match=r"acq-rest_asl\.json: PostLabelingDelay"):
        read_series(path)


def test_required_fields_that_lack_are_named_and_refuse_nothing(tmp_path: Path):
    path = plain_series(tmp_path / "sub-01_asl.nii.gz")
    assert read_series(path).notes == ()
    own = tmp_path / "sub-01_asl.json"
    own.write_text('{"PostLabelingDelay": 1.5, "LookLocker": true, "MRAcquisitionType": "2D"}')
    (note,) = read_series(path).notes
    for key in (
        "ArterialSpinLabelingType", "BackgroundSuppression", "EchoTime", "M0Type",
        "MagneticFieldStrength", "RepetitionTimePreparation", "TotalAcquiredPairs", "FlipAngle",
        "SliceTiming",
    ):  # fmt: skip
        assert key in note
    assert "PostLabelingDelay" not in note
    assert "flow assumes labelling by an inversion pulse" in note
    path = plain_series(
        path, SliceTiming=[0, 0.5], TotalAcquiredPairs=0.5, RepetitionTimePreparation=[3, 3, 3]
    )
    notes = " ".join(read_series(path).notes)
    assert "SliceTiming has 2 values for 1 slice" in notes
    assert "RepetitionTimePreparation has 3 values for 2 frames" in notes


@pytest.mark.parametrize(
    ("types", "values", "words"),
    [
        (("control", "label"), {"M0Type": "Included"}, "no m0scan"),
        (TYPES, {"M0Type": "Absent"}, "has 1 m0scan"),
        (TYPES, {"M0Type": "Estimate", "M0Estimate": 5}, "has 1 m0scan"),
        (("control", "label"), {"M0Type": "Estimate"}, "M0Estimate is missing"),
        (("control", "label"), {"M0Type": "Estimate", "M0Estimate": "5?"}, "M0Estimate is '5?'"),
        (("control", "label"), {"M0Type": "Estimate", "M0Estimate": -5}, "M0Estimate is -5"),
        (("control", "label"), {"M0Type": "within"}, '"Included", "Separate"'),
        (("control", "label"), {"M0Type": ["Absent"] * 2}, "M0Type is ['Absent', 'Absent']"),
        (("control", "label"), {"ArterialSpinLabelingType": "FAIR"}, '"PASL", "PCASL", "CASL"'),
        (("control", "label"), {"BackgroundSuppression": "a little"}, "true, false"),
        (("control", "label"), {"BackgroundSuppression": 2}, "is 2"),
        (("control", "label"), {"M0Type": "Separate"}, "missing"),
    ],
)
def test_side_cars_that_contradict_themselves_or_the_table_are_refused(
    tmp_path: Path, types: tuple[str, ...], values: dict, words: str
):
    path = plain_series(tmp_path / "sub-01_asl.nii.gz", types, **values)
    with pytest.raises(SeriesError) as error:
        read_series(path)
    assert words in str(error.value)
    assert "sub-01" in str(error.value)
    assert "\n" not in str(error.value)


def test_m0_scans_belong_to_the_series_of_their_name_or_that_they_are_intended_for(tmp_path: Path):
    perf = tmp_path / "sub-01" / "ses-1" / "perf"
    one, two, three = (
        plain_series(perf / f"sub-01_ses-1_{part}_asl.nii.gz", M0Type="Separate")
        for part in ("acq-rest_run-1", "acq-rest_run-2", "acq-stress")
    )

    def m0_of(path: Path) -> float:
        series = read_series(path)
        assert series.volume_types == ("control", "label", "m0scan")
        return float(series.images[2, 0, 5, 5])

    write_m0(perf / "sub-01_ses-1_m0scan.nii.gz", 100)
    assert [m0_of(path) for path in (one, two, three)] == [100, 100, 100]
    write_m0(perf / "sub-01_ses-1_acq-rest_m0scan.nii.gz", 200)
    assert [m0_of(path) for path in (one, two, three)] == [200, 200, 100]
    digest = input_digest(one)
    write_m0(perf / "sub-01_ses-1_acq-rest_run-1_m0scan.nii.gz", 300)
    assert input_digest(one) != digest
    assert [m0_of(path) for path in (one, two, three)] == [300, 200, 100]
    target = "bids::sub-01/ses-1/perf/sub-01_ses-1_acq-stress_asl.nii.gz"
    write_m0(perf / "sub-01_ses-1_acq-extra_m0scan.nii.gz", 400, IntendedFor=[target])
    assert [m0_of(path) for path in (one, two, three)] == [300, 200, 400]
    write_m0(perf / "sub-01_ses-1_acq-other_m0scan.nii.gz", 500, IntendedFor=target)
    with pytest.raises(SeriesError, match="could both be its M0 scan"):
        read_series(three)
    write_m0(perf / "sub-01_ses-1_acq-other_m0scan.nii.gz", 500, IntendedFor=5)
    with pytest.raises(SeriesError, match=r"acq-other_m0scan\.json: IntendedFor"):
        read_series(three)


def test_an_m0_scan_for_another_series_is_not_taken(tmp_path: Path):
    path = plain_series(tmp_path / "sub-01_asl.nii.gz", M0Type="Separate")
    m0 = tmp_path / "sub-01_m0scan.nii.gz"
    write_m0(m0, 100, IntendedFor="perf/sub-01_acq-stress_asl.nii.gz")
    with pytest.raises(SeriesError, match="is intended for sub-01_acq-stress"):
        read_series(path)


def ramp(grid: Geometry, shape: tuple[int, int, int]) -> np.ndarray:
    """What grows evenly in space, which linear interpolation does not change; other slices are of
    other brightness."""
    index = np.indices(shape)[::-1].reshape(3, -1)
    steps = np.reshape(grid.direction, (3, 3)) * grid.spacing
    x, y, z = steps @ index + np.array(grid.origin)[:, np.newaxis]
    return (500 + 3 * x - 2 * y + 40 * np.round(z / 8)).reshape(shape)


def turned(spacing: tuple, origin: tuple, degrees: float = 0.0, flip: int = 1) -> Geometry:
    """A grid turned about the normal of its slices, which may be stacked downwards."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return Geometry(spacing, origin, (c, -s, 0.0, s, c, 0.0, 0.0, 0.0, float(flip)))


@pytest.mark.parametrize(
    ("grid", "shape"),
    [
        (turned((2.7, 3.1, 8.0), (-9.0, -9.0, -8.0)), (3, 24, 30)),
        (turned((2.7, 3.1, 8.0), (0.0, -25.0, 8.0), 20, -1), (2, 40, 40)),
        (turned((1.0, 1.0, 8.0), (-1.0, -1.0, 0.4)), (2, 50, 60)),
    ],
)
def test_an_m0_scan_on_another_grid_of_the_same_slices_is_interpolated(
    tmp_path: Path, grid: Geometry, shape: tuple
):
    path, own = tmp_path / "sub-01_asl.nii.gz", Geometry((2.0, 2.0, 8.0))
    images = np.random.default_rng(1).uniform(1, 500, (2, 2, 20, 24)).astype(np.float32)
    write_series(ASLSeries(images, ("control", "label"), np.array([1.5, 1.5]), own), path)
    edit_json(path, M0Type="Separate", PostLabelingDelay=1.5)
    write_volume(tmp_path / "sub-01_m0scan.nii.gz", ramp(grid, shape), grid)
    series = read_series(path)
    closed_form = ramp(own, (2, 20, 24))
    tolerance = 40 * 0.4 / 8 + 0.01  # as far as its slices lie beside those of the series
    assert np.abs(series.images[2] - closed_form).max() < tolerance
    assert any("sub-01_m0scan.nii.gz lies on another grid" in note for note in series.notes)


@pytest.mark.parametrize(
    ("grid", "shape", "words"),
    [
        (Geometry((2.0, 2.0, 5.0)), (2, 20, 24), "slices are 5 mm apart"),
        (Geometry((2.0, 2.0, 8.0)), (1, 20, 24), "planes of all those"),
        (Geometry((2.0, 2.0, 8.0), (0.0, 0.0, 4.0)), (2, 20, 24), "planes of all those"),
        (Geometry((2.0, 2.0, 8.0), (2.0, 0.0, 0.0)), (2, 20, 24), "does not cover"),
        (Geometry((1.9, 1.9, 8.0)), (2, 20, 24), "does not cover"),
        (
            Geometry((2.0, 2.0, 8.0), direction=(1.0, 0, 0, 0, 0, 1.0, 0, -1.0, 0)),
            (2, 20, 24), "tilted",
        ),
    ],
)  # fmt: skip
def test_an_m0_scan_of_another_place_is_refused(
    tmp_path: Path, grid: Geometry, shape: tuple, words: str
):
    path = tmp_path / "sub-01_asl.nii.gz"
    images = np.random.default_rng(1).uniform(1, 500, (2, 2, 20, 24)).astype(np.float32)
    own = Geometry((2.0, 2.0, 8.0))
    write_series(ASLSeries(images, ("control", "label"), np.array([1.5, 1.5]), own), path)
    edit_json(path, M0Type="Separate", PostLabelingDelay=1.5)
    write_volume(tmp_path / "sub-01_m0scan.nii.gz", ramp(grid, shape), grid)
    with pytest.raises(SeriesError, match=words) as refusal:
        read_series(path)
    assert str(refusal.value).startswith(f"{tmp_path}/sub-01_m0scan.nii.gz: ")


def test_an_m0_scan_is_taken_with_a_note_where_nobody_says_what_m0_is(tmp_path: Path):
    path = plain_series(tmp_path / "sub-01_asl.nii.gz")
    said = json.loads((tmp_path / "sub-01_asl.json").read_text())
    del said["M0Type"]
    (tmp_path / "sub-01_asl.json").write_text(json.dumps(said))
    assert read_series(path).volume_types == ("control", "label")
    write_m0(tmp_path / "sub-01_m0scan.nii.gz", 100)
    series = read_series(path)
    assert series.volume_types == ("control", "label", "m0scan")
    assert any("sub-01_m0scan.nii.gz is taken for it" in note for note in series.notes)
    edit_json(path, M0Type="Absent")
    assert read_series(path).volume_types == ("control", "label")


def test_what_a_person_states_outweighs_files(tmp_path: Path):
    path = plain_series(tmp_path / "sub-01_asl.nii.gz", M0Type="Absent")
    hints = Hints(("label", "control"), 1.75, pixel_size=(1.5, 1.6))
    series = read_series(path, hints)
    assert series.volume_types == ("label", "control")
    assert series.inversion_time == pytest.approx([1.75, 1.75])
    assert series.geometry.spacing == pytest.approx((1.5, 1.6, 8.0))
    assert input_digest(path, hints=hints) != input_digest(path)
    with pytest.raises(SeriesError, match="--inversion-time of frame 0 is 1750"):
        read_series(path, Hints(inversion_time=1750.0))


def test_written_side_cars_say_what_is_written(tmp_path: Path):
    """M0 of a file of its own is a frame like others once the series is written as one file."""
    path = plain_series(tmp_path / "sub-01_asl.nii.gz", M0Type="Separate")
    write_m0(tmp_path / "sub-01_m0scan.nii.gz", 100)
    series = read_series(path)
    write_series(series, tmp_path / "new" / "sub-01_asl.nii.gz")
    again = read_series(tmp_path / "new")
    assert again.volume_types == series.volume_types
    assert again.metadata["M0Type"] == "Included"
    assert np.array_equal(again.images, series.images)


@pytest.fixture
def muscle() -> np.ndarray:
    """Masks of two frames."""
    masks = np.zeros((2, 1, 20, 24), bool)
    masks[:, :, 5:15, 5:15] = True
    return masks


def test_flow_takes_the_number_that_stands_for_m0(tmp_path: Path, muscle: np.ndarray):
    """It is M0 of blood: the partition coefficient, which makes M0 of muscle of it, drops out."""
    path = plain_series(tmp_path / "sub-01_asl.nii.gz", M0Type="Estimate", M0Estimate=2500)
    series = read_series(path)
    paper = {"kinetics": "paper", "weights": "mask"}
    result = quantify(series, muscle, partition_coefficient=0.9, **paper)
    control, label = series.images[muscle].reshape(2, -1).astype(float).mean(1)
    expected = 60 * (control - label) / (2 * 2500 * 1.5 * np.exp(-1.5 / 1.65))
    assert result.whole.mbf == pytest.approx(expected)
    assert any("2500" in warning and "M0Estimate" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ArterialSpinLabelingType": "PCASL", "LabelingDuration": 1.5}, "PCASL"),
        ({"BolusCutOffFlag": True}, "BolusCutOffFlag is true"),
        ({"LookLocker": True}, "LookLocker is true"),
    ],
)
def test_flow_is_refused_where_its_model_does_not_hold(
    tmp_path: Path, muscle: np.ndarray, values: dict, words: str
):
    path = plain_series(
        tmp_path / "sub-01_asl.nii.gz", M0Type="Estimate", M0Estimate=2500, **values
    )
    with pytest.raises(QuantificationError, match=words):
        quantify(read_series(path), muscle)


@pytest.mark.parametrize(
    ("values", "constants", "words"),
    [
        ({"MagneticFieldStrength": 1.5}, {}, ""),
        ({"MagneticFieldStrength": 1.5}, {"t1_blood": 1.65}, "acquired at 1.5 T"),
        ({"MagneticFieldStrength": 7}, {}, "acquired at 7 T"),
        ({"MagneticFieldStrength": 7}, {"t1_blood": 2.1}, ""),
        ({"MagneticFieldStrength": 1.494}, {"t1_blood": 1.35}, ""),
        ({"MagneticFieldStrength": 2.89}, {}, ""),
        ({"LabelingEfficiency": 0.95}, {"kinetics": "paper"}, "LabelingEfficiency is 0.95"),
        ({"LabelingEfficiency": 0.95}, {}, ""),
        ({"LabelingEfficiency": 0.95}, {"labelling_efficiency": 0.95}, ""),
        ({"BackgroundSuppression": True}, {}, "BackgroundSuppression is true"),
    ],
)
def test_flow_tells_where_constants_and_acquisition_do_not_fit(
    tmp_path: Path, muscle: np.ndarray, values: dict, constants: dict, words: str
):
    path = plain_series(
        tmp_path / "sub-01_asl.nii.gz", M0Type="Estimate", M0Estimate=2500, **values
    )
    warnings = " ".join(quantify(read_series(path), muscle, **constants).warnings)
    assert words in warnings
    assert bool(words) == any(key in warnings for key in (*values, "acquired at"))
