"""Sides are the patient's: the same heart, however it is stored, gives the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import permutations, product
from pathlib import Path

import cases.dicom
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from cases.formats import STATED, write_matlab
from scipy.spatial.transform import Rotation

from ASLMyoSegLib.geometry import Stored, bring_to_stand
from ASLMyoSegLib.io import (
    Hints,
    read_masks,
    read_posterior,
    read_rv_insertion,
    read_series,
    write_rv_insertion,
)
from ASLMyoSegLib.io.images.nrrd import write_nrrd
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.run import pipeline
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion

TYPES = ("m0scan", "control", "label", "control", "label")
SHAPE = (3, 20, 24)
SPACING = np.array([3.0, 2.5, 9.0])
BASE = np.array([-0.58, 0.56, 0.59])
LEVELS = {"mid": (7, (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)), "basal": (1, (0.6, 0.7, 0.8, 0.9, 1.6, 1.7)),
          "apical": (13, (2.0, 2.2, 2.4, 2.6))}  # fmt: skip
POINTS = RVInsertion(
    np.array([[2.0, 7.0], [2.5, 7.0], [3.0, 7.0]]), np.array([[17.0, 8.0], [17.0, 7.5], [16, 7.0]])
)


def short_axis(turned: float = 15.0) -> np.ndarray:
    """Directions of a heart's short axis that stands, as columns in LPS: to the lateral wall, to
    the inferior one, to the base; turned within its plane."""
    base = BASE / np.linalg.norm(BASE)
    lateral = np.cross((0.0, 0.0, 1.0), -base)
    lateral /= np.linalg.norm(lateral)
    axes = np.column_stack([lateral, np.cross(base, lateral), base])
    return Rotation.from_rotvec(base * turned, degrees=True).as_matrix() @ axes


def heart() -> tuple[np.ndarray, np.ndarray]:
    """Images (frame, slice, y, x) as they stand, apex first, no pixel like another; and masks."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    down, right = (y - 9.5) * SPACING[1], (x - 11.5) * SPACING[0]
    radius, angle = np.hypot(down, right), np.degrees(np.arctan2(-down, right)) % 360
    wall = (radius > 11) & (radius < 20)
    rng = np.random.default_rng(8)
    images = rng.integers(20, 900, (len(TYPES), *SHAPE))
    for k, (_, levels) in enumerate(LEVELS[ring] for ring in ("apical", "mid", "basal")):
        width = 360 / len(levels)
        sector = ((angle - (60 if len(levels) == 6 else 45)) % 360 // width).astype(int)
        level = np.array(levels)[sector]
        images[0, k][wall] = 20000
        images[1::2, k, wall] = (4000 + 40 * level[wall]).round()
        images[2::2, k, wall] = 4000
    return images.astype(np.int16), np.broadcast_to(wall, SHAPE).copy()


IMAGES, MASK = heart()
ORDERS = [(o, s) for o in permutations(range(3)) for s in product((1, -1), repeat=3)]
"""The 48 ways: which axis that stands the file's x, y and slice are, and whether against it."""


def stored(array: np.ndarray, order: tuple, signs: tuple) -> np.ndarray:
    """What stands, (..., slice, y, x), as a file in one of the 48 ways has it."""
    lead = array.ndim - 3
    moved = array.transpose([*range(lead), *(lead + 2 - order[2 - i] for i in range(3))])
    flips = [lead + 2 - axis for axis in range(3) if signs[axis] < 0]
    return np.ascontiguousarray(np.flip(moved, flips))


def placed(order: tuple, signs: tuple, axes: np.ndarray | None = None) -> Geometry:
    """Of that file."""
    axes = short_axis() if axes is None else axes
    sizes, steps = np.array(SHAPE[::-1]), axes * SPACING
    origin = np.array([20.0, -35.0, 12.0])
    for axis, sign in zip(order, signs, strict=True):
        origin = origin + (sign < 0) * (sizes[axis] - 1) * steps[:, axis]
    direction = axes[:, order] * signs
    return Geometry(
        tuple(SPACING[list(order)].tolist()), tuple(origin.tolist()), tuple(direction.ravel())
    )


def affine(place: Geometry) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = place.axes, place.origin
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix


def as_nifti(folder: Path, array: np.ndarray, place: Geometry, name: str = "heart") -> Path:
    path = folder / f"{name}.nii"
    nibabel.save(nibabel.Nifti1Image(array.transpose(), affine(place)), path)
    return path


def as_nrrd(folder: Path, array: np.ndarray, place: Geometry, name: str = "heart") -> Path:
    path = folder / f"{name}.seq.nrrd"
    write_nrrd(path, array.astype(np.float32), place)
    return path


def check(path: Path, mask_file: Path, order: tuple, signs: tuple) -> None:
    """That a file gives the heart as it stands, its flow, and itself again."""
    series = read_series(path, Hints(TYPES, 1.5))
    masks = read_masks(mask_file, series)
    assert np.array_equal(series.images, IMAGES), (order, signs)
    assert np.array_equal(masks, np.broadcast_to(MASK, masks.shape)), (order, signs)
    place = placed((0, 1, 2), (1, 1, 1))
    assert not series.geometry.difference(place), (order, signs)
    assert series.sides == "geometry"
    assert np.array_equal(series.on_file.as_stored(series.images), stored(IMAGES, order, signs))
    result = quantify(series, masks)
    flow = {s.aha: s.mbf / result.whole.mbf for s in result.segments}
    for first, levels in LEVELS.values():
        parts = [flow[first + k] for k in range(len(levels))]
        assert parts == pytest.approx(np.array(levels) / 1.39, rel=0.1), (order, signs)
    assert [s.name for s in result.segments][::6] == [
        "basal anterior", "mid anterior", "apical anterior",
    ]  # fmt: skip


@pytest.mark.parametrize("write", [as_nifti, as_nrrd])
def test_the_same_heart_in_all_48_orders_and_flips_gives_the_same(tmp_path: Path, write: Callable):
    for order, signs in ORDERS:
        place = placed(order, signs)
        path = write(tmp_path, stored(IMAGES, order, signs), place)
        mask = as_nifti(tmp_path, stored(MASK, order, signs).astype(np.uint8), place, "mask")
        check(path, mask, order, signs)


def test_the_same_heart_in_all_turns_and_flips_of_dicom_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Images whose plane is the short axis; the order of files says nothing."""
    mask = as_nifti(tmp_path, MASK.astype(np.uint8), placed((0, 1, 2), (1, 1, 1)), "mask")
    for number, (order, signs) in enumerate((o, s) for o, s in ORDERS if o[2] == 2):
        place = placed(order, signs)
        monkeypatch.setattr(cases.dicom, "DIRECTION", np.reshape(place.direction, (3, 3)))
        monkeypatch.setattr(cases.dicom, "ORIGIN", np.array(place.origin))
        monkeypatch.setattr(cases.dicom, "SPACING", place.spacing)
        folder = tmp_path / str(number)
        cases.dicom.write_classic(folder, stored(IMAGES, order, signs))
        # The reader has ordered slices by the right-handed normal before.
        right = signs if np.linalg.det(np.reshape(place.direction, (3, 3))) > 0 else (
            *signs[:2], -signs[2]
        )  # fmt: skip
        check(folder, mask, order, right)


@pytest.mark.parametrize("way", ORDERS[5::9])
def test_points_are_pixels_of_the_file_and_mean_the_same_place(tmp_path: Path, way: tuple):
    order, signs = way
    path = as_nifti(tmp_path, stored(IMAGES, order, signs), placed(order, signs))
    series, file = read_series(path, Hints(TYPES, 1.5)), tmp_path / "points.json"
    write_rv_insertion(file, POINTS, series)
    found = read_rv_insertion(file, series)
    assert found.anterior == pytest.approx(POINTS.anterior)
    assert found.inferior == pytest.approx(POINTS.inferior)
    written = json.loads(file.read_text())["anterior"]
    across = order.index(2)
    for place, points in enumerate(written):
        index = np.round(points).astype(int).tolist()
        index.insert(2 - across, place)
        k = place if signs[across] > 0 else SHAPE[0] - 1 - place
        y, x = np.round(POINTS.anterior[k] + 1e-6).astype(int)
        value = stored(IMAGES, order, signs)[(0, *index)]
        near = IMAGES[0, k, y - 1 : y + 2, x]
        assert value in near  # half a pixel rounds either way


@pytest.mark.parametrize("azimuth", [25, 45, 65])
@pytest.mark.parametrize("elevation", [15, 35, 55])
def test_short_axes_of_odd_hearts_and_turned_images_stand(azimuth: float, elevation: float):
    """Hearts lie between level and upright; operators turn the field within its plane."""
    a, e = np.radians([azimuth, elevation])
    base = np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])
    lateral = np.array([np.cos(a), np.sin(a), 0.0])
    axes = np.column_stack([lateral, np.cross(base, lateral), base])
    for turned in (-20, 0, 20):
        plane = Rotation.from_rotvec(base * turned, degrees=True).as_matrix() @ axes
        for order, signs in ORDERS:
            place = placed(order, signs, plane)
            shape = tuple(SHAPE[2 - axis] for axis in order[::-1])
            found = bring_to_stand(place, shape).standing_geometry(SHAPE)
            assert np.reshape(found.direction, (3, 3)) == pytest.approx(plane)


def test_slices_are_the_axis_that_lies_farther_apart_where_all_are_long():
    turns = {
        (40.0, 2.0, 2.0): "x", (2.0, 2.0, 8.0): "slice", (2.0, 6.0, 2.0): "y",
        (2.0, 2.2, 2.0): "slice",
    }  # fmt: skip
    for spacing, across in turns.items():
        stored = bring_to_stand(Geometry(spacing), (20, 20, 20))
        assert stored.axes[2].lstrip("-") == across
    assert bring_to_stand(Geometry((40.0, 2.0, 2.0)), (20, 20, 20), True).axes[2] == "slice"


def unplaced(folder: Path) -> Iterator[tuple[Path, Hints]]:
    """Files that do not say how their images lie in the patient."""
    images = IMAGES[:, :1].astype(np.float32)
    image = nibabel.Nifti1Image(images.transpose(), None)
    image.header.set_zooms((3.0, 2.5, 9.0, 1.0))
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nibabel.save(image, folder / "codes.nii")
    yield folder / "codes.nii", STATED
    for name, scale in (("array", 3.0), ("one", 1.0)):
        eye = np.diag([scale, scale, 9.0 if scale > 1 else 1.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(images.transpose(), eye), folder / f"{name}.nii")
        yield folder / f"{name}.nii", STATED
    write_nrrd(folder / "placed.nrrd", images, Geometry((3.0, 2.5, 9.0)))
    content = (folder / "placed.nrrd").read_bytes()
    (folder / "bare.nrrd").write_bytes(content.replace(b"space: left-posterior-superior\n", b""))
    header, _, pixels = (folder / "bare.nrrd").read_bytes().partition(b"\n\n")
    lines = [
        b"spacings: nan 3 2.5 9" if line.startswith(b"space directions") else line
        for line in header.split(b"\n")
        if not line.startswith(b"space origin")
    ]
    (folder / "bare.nrrd").write_bytes(b"\n".join(lines) + b"\n\n" + pixels)
    yield folder / "bare.nrrd", STATED
    sitk.WriteImage(
        sitk.JoinSeries([sitk.GetImageFromArray(i) for i in images]), str(folder / "scan.mha")
    )
    content = (folder / "scan.mha").read_bytes()
    start = content.index(b"TransformMatrix")
    content = content[:start] + content[content.index(b"\n", start) + 1 :]
    (folder / "scan.mha").write_bytes(content)
    yield folder / "scan.mha", STATED
    write_matlab(folder / "scan.mat", "5", images=images[:, 0].transpose(1, 2, 0).astype(float))
    yield folder / "scan.mat", Hints(TYPES, 1.5, axes=("y", "x", "frame"), pixel_size=(3.0, 2.5))


def test_files_that_say_no_place_stay_as_stored_and_name_no_wall(tmp_path: Path):
    kinds = list(unplaced(tmp_path))
    assert len(kinds) == 6
    for path, hints in kinds:
        series = read_series(path, Hints(TYPES, 1.5, axes=hints.axes, pixel_size=hints.pixel_size))
        assert series.sides == "unknown", path
        assert np.array_equal(series.images, IMAGES[:, :1]), path
        masks = np.broadcast_to(MASK[:1], series.images.shape)
        result = quantify(series, masks)
        assert result.segments[0].name == "segment 7"
        assert any(w.startswith("Sides unknown") for w in result.warnings)
        points = RVInsertion(POINTS.anterior[:1], POINTS.inferior[:1])
        assert quantify(series, masks, points).segments[0].name == "mid anterior"


def test_run_shows_the_same_and_writes_onto_the_grid_of_the_file(tmp_path: Path, small_model):
    """The report, but for the name of the file, is the same page; masks lie as the images do."""
    pages = []
    for number, (order, signs) in enumerate(
        [((0, 1, 2), (1, 1, 1)), ((0, 1, 2), (1, -1, -1)), ((2, 1, 0), (-1, 1, 1))]
    ):
        place, folder = placed(order, signs), tmp_path / f"in-{number}"
        folder.mkdir()
        path = as_nifti(folder, stored(IMAGES, order, signs), place)
        out = tmp_path / f"out-{number}"
        pipeline.run(path, out, model=small_model, trials=2, hints=Hints(TYPES, 1.5))
        summary = json.loads((out / "summary.json").read_text())
        page = (out / "report.html").read_text()
        pages.append(re.sub(rf"\b{summary['seconds']:.0f} s\b", "", page))
        for file in ("myocardium_probseg", "uncertainty_map", "myocardium_mask"):
            image = nibabel.load(out / f"heart_desc-{file}.nii.gz")
            assert image.affine == pytest.approx(affine(place), abs=1e-4)
            assert image.shape == stored(IMAGES, order, signs).transpose().shape
        first = nibabel.load(tmp_path / "out-0" / "heart_desc-myocardium_probseg.nii.gz")
        expected = stored(first.get_fdata().transpose(), order, signs)
        found = nibabel.load(out / "heart_desc-myocardium_probseg.nii.gz").get_fdata()
        assert np.array_equal(found.transpose(), expected)
        assert summary["sides"] == "geometry"
        assert np.array_equal(read_posterior(out).mean, first.get_fdata().transpose())
    assert pages[0] == pages[1] == pages[2]


def test_a_series_that_is_no_files_is_taken_to_stand():
    times = np.array([np.nan, 1.5, 1.5, 1.5, 1.5])
    series = ASLSeries(IMAGES.astype(np.float32), TYPES, times, Geometry((3.0, 2.5, 9.0)))
    assert series.on_file == Stored(series.geometry)
    assert np.array_equal(series.on_file.as_stored(series.images), series.images)
