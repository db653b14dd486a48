"""Series in other formats than BIDS, written by other libraries: the same numbers, in the same
place, or one line that says what to do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import scipy.io
import SimpleITK as sitk
from cases.formats import (
    AFFINE,
    COLUMNS,
    MATLAB,
    ROWS,
    STATED,
    TYPES,
    frames,
    in_space,
    place_of,
    refused,
    write_matlab,
    write_nrrd,
)
from cases.stored import read_series

from ASLMyoSegLib.io import Hints, find_series, input_digest


@pytest.mark.parametrize("kind", ["uint8", "int8", "int16", "uint16", "int32", "float32"])
def test_pixels_of_all_types_and_scalings_are_those_that_nibabel_wrote(kind: str, tmp_path: Path):
    image = nibabel.Nifti1Image(frames(kind, 2).transpose(), AFFINE)
    image.header.set_slope_inter(0.5, 3)
    nibabel.save(image, tmp_path / "scan 1 ü.nii.gz")
    series = read_series(tmp_path / "scan 1 ü.nii.gz", STATED)
    expected = nibabel.load(tmp_path / "scan 1 ü.nii.gz").get_fdata().transpose()
    assert series.images == pytest.approx(expected)
    assert series.volume_types == TYPES
    assert np.isnan(series.inversion_time[0])
    assert series.inversion_time[1:] == pytest.approx(1.5)
    there = (AFFINE @ [7, 11, 1, 1])[:3] * (-1, -1, 1)
    assert place_of(series.geometry, 7, 11, 1) == pytest.approx(there, abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((COLUMNS, ROWS, 1, 1, 5), None),
        ((COLUMNS, ROWS, 1, 5, 1), None),
        ((COLUMNS, ROWS, 5), ("x", "y", "frame")),
        ((COLUMNS, ROWS, 5, 1), ("x", "y", "frame")),
    ],
)
def test_frames_are_found_along_whatever_axis_they_lie(shape: tuple, axes, tmp_path: Path):
    images = frames()
    values = images[:, 0].transpose().reshape(shape)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([2, 3, 8, 1.0])), tmp_path / "scan.nii")
    series = read_series(tmp_path / "scan.nii", replace(STATED, axes=axes))
    assert np.array_equal(series.images, images)
    assert series.geometry.spacing == pytest.approx((2, 3, 8))
    if axes:
        refused(tmp_path / "scan.nii", STATED, "--axes x,y,frame")


def test_axes_that_are_stated_move_no_pixel_in_the_patient(tmp_path: Path):
    """Rows and columns exchanged: each value is where the header of the file puts it."""
    affine = np.array([[0, -3, 0, 4], [2, 0, 0, 5], [0, 0, 8, 6], [0, 0, 0, 1.0]])
    values = frames(slices=2).transpose()
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "scan.nii")
    hints = replace(STATED, axes=("y", "x", "slice", "frame"))
    series = read_series(tmp_path / "scan.nii", hints)
    for index in ((0, 0, 0), (4, 9, 1), (19, 3, 0)):
        there = (affine @ [*index, 1])[:3] * (-1, -1, 1)
        assert place_of(series.geometry, index[1], index[0], index[2]) == pytest.approx(there)
        assert series.images[2, index[2], index[0], index[1]] == values[(*index, 2)]


@pytest.mark.parametrize(
    ("axis", "kind"), [*itertools.product(range(4), ("list", "time")), (3, None), (0, "vector")]
)
def test_nrrd_may_have_its_frames_along_any_axis(axis: int, kind: str | None, tmp_path: Path):
    write_nrrd(tmp_path / "scan.seq.nrrd", axis, kind)
    series = read_series(tmp_path / "scan.seq.nrrd", STATED)
    assert series.name == "scan"
    assert np.array_equal(series.images, frames())
    assert series.geometry.spacing == pytest.approx((2, 3, 8))
    assert place_of(series.geometry, 1, 1, 1) == pytest.approx((2, -4, 15))


def test_pixels_that_lie_in_another_file_are_read_and_counted_to_the_series(tmp_path: Path):
    write_nrrd(tmp_path / "a.nhdr", 3, "list", **{"data file": "a.raw.gz"})
    sitk.WriteImage(in_space(), str(tmp_path / "b.mhd"))
    for header, pixels in (("a.nhdr", "a.raw.gz"), ("b.mhd", "b.raw")):
        path = tmp_path / header
        assert np.array_equal(read_series(path, STATED).images, frames())
        before = input_digest(path)
        content = bytearray((tmp_path / pixels).read_bytes())
        content[-1] ^= 1
        (tmp_path / pixels).write_bytes(content)
        assert input_digest(path) != before
        (tmp_path / pixels).unlink()
        refused(path, STATED, header, pixels, "missing")
        moved = path.read_text().replace(pixels, "/etc/passwd")
        path.write_text(moved)
        refused(path, STATED, "outside of its folder")


@pytest.mark.parametrize("name", ["scan.mha", "scan.mhd", "scan.nrrd", "scan.nii.gz"])
@pytest.mark.parametrize("compressed", [False, True])
def test_formats_of_itk_come_back_in_place(name: str, compressed: bool, tmp_path: Path):
    image = in_space(kind="float32", slices=2)
    sitk.WriteImage(image, str(tmp_path / name), compressed)
    series = read_series(tmp_path / name, STATED)
    assert np.array_equal(series.images, frames("float32", 2))
    if name != "scan.nrrd":  # of four dimensions, it keeps no more than three of space
        there = image.TransformContinuousIndexToPhysicalPoint((7.0, 11.0, 1.0, 0.0))[:3]
        assert place_of(series.geometry, 7, 11, 1) == pytest.approx(there, abs=1e-4)


@pytest.mark.parametrize("name", ["scan.mha", "scan.nrrd"])
def test_a_pixel_size_that_nobody_says_is_not_taken_to_be_one(name: str, tmp_path: Path):
    path = tmp_path / name
    sitk.WriteImage(in_space(), str(path))
    lines = path.read_bytes().split(b"\n")
    left_out = (b"ElementSpacing", b"space directions", b"spacings", b"space:", b"space origin")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(left_out)))
    refused(path, STATED, name, "--pixel-size")
    series = read_series(path, replace(STATED, pixel_size=(2.0, 3.0)))
    assert series.geometry.spacing == (2, 3, 1)


def change(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("scan.mha", lambda c: c[:-100], "of its pixels are there"),
        ("scan.mha", change("LOCAL", "LIST"), "several files"),
        ("scan.mha", change("NDims = 4", "NDims = 3"), "NDims"),
        ("scan.mha", change("MET_USHORT", "MET_ODD"), "type"),
        ("scan.mha", change("20 24 1 5", "20 24 -1 5"), "sizes"),
        ("scan.mha", change("ElementDataFile", "Elements"), "ElementDataFile"),
        ("scan.nrrd", lambda c: c[:-100], "bytes of its pixels"),
        ("scan.nrrd", lambda c: c[:60], "within its header"),
        ("scan.nrrd", change("20 24 1 5", "99999 9999 9 5"), "bytes"),
        ("scan.nrrd", lambda c: b"P5" + c, "not an NRRD file"),
        ("scan.nrrd", change("unsigned short", "unsigned odd"), "type"),
    ],
)
def test_damaged_headers_are_refused(name: str, damage, words: str, tmp_path: Path, capfd):
    path = tmp_path / name
    sitk.WriteImage(in_space(), str(path), False)
    path.write_bytes(damage(path.read_bytes()))
    refused(path, STATED, str(path), words)
    assert capfd.readouterr() == ("", "")


VERSIONS = ["5", "5, compressed", "7.3"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("axes", ["y,x,frame", "frame,x,y", "x,slice,y,frame", "y,x,slice,frame"])
def test_matlab_arrays_are_read_in_any_order_of_axes(version: str, axes: str, tmp_path: Path):
    names = tuple(axes.split(","))
    images = frames(slices=2 if "slice" in names else 1)
    order = [("frame", "slice", "y", "x").index(n) for n in names]
    array = images.transpose([*order, *({0, 1, 2, 3} - set(order))])
    write_matlab(tmp_path / "scan.mat", version, images=array.squeeze(), ti=1.5, s={"n": 2.0})
    hints = replace(MATLAB, axes=names, pixel_size=(2.0, 3.0, 8.0), variable=None)
    series = read_series(tmp_path / "scan.mat", hints)
    assert np.array_equal(series.images, images)
    assert series.geometry.spacing == (2, 3, 8)
    assert series.name == "scan"


@pytest.mark.parametrize("version", VERSIONS)
def test_matlab_files_tell_what_they_hold_where_it_is_not_clear(version: str, tmp_path: Path):
    path, array = tmp_path / "scan.mat", frames()[:, 0].transpose(1, 2, 0)
    write_matlab(path, version, a=array, s={"images": array.astype(float)}, ti=1.5)
    refused(path, replace(MATLAB, variable=None), "scan.mat", "a (24x20x5, uint16)", "--variable")
    refused(path, MATLAB, "no 'images'", "s.images (24x20x5, ", "ti (1x1, ")
    refused(path, replace(MATLAB, variable="a", axes=None), "24x20x5", "--axes")
    refused(path, replace(MATLAB, variable="a", axes=("y", "x", "slice", "frame")), "names 4")
    refused(path, replace(MATLAB, variable="a", pixel_size=None), "--pixel-size")
    refused(path, replace(MATLAB, variable="a", volume_types=None), "--volume-types")
    refused(path, replace(MATLAB, variable="a", inversion_time=None), "--inversion-time")
    series = read_series(path, replace(MATLAB, variable="s.images"))
    assert np.array_equal(series.images, frames())
    write_matlab(path, version, images=array * (1 + 1j))
    refused(path, MATLAB, "complex")
    write_matlab(path, version)
    refused(path, MATLAB, "no array of numbers")


def test_cells_are_frames(tmp_path: Path):
    cells = np.empty((1, 5), object)
    for k, frame in enumerate(frames()):
        cells[0, k] = frame[0]
    scipy.io.savemat(tmp_path / "5.mat", {"images": cells, "text": "none"})
    with h5py.File(tmp_path / "7.mat", "w") as file:
        kept = [file.create_dataset(f"#refs#/{k}", data=f[0].T) for k, f in enumerate(frames())]
        file.create_dataset("images", (5, 1), h5py.ref_dtype)[:, 0] = [d.ref for d in kept]
    for name in ("5.mat", "7.mat"):
        assert np.array_equal(read_series(tmp_path / name, MATLAB).images, frames())


def test_no_other_file_is_followed_from_a_matlab_file(tmp_path: Path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = frames()[:, 0]
    frames()[:, 0].tofile(tmp_path / "raw")
    with h5py.File(tmp_path / "scan.mat", "w") as file:
        file["images"] = h5py.ExternalLink("other.h5", "images")
        file.create_dataset("b", (5, 24, 20), "u2", external=[(tmp_path / "raw", 0, 4800)])
        layout = h5py.VirtualLayout((5, 24, 20), "u2")
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "images", (5, 24, 20))
        file.create_virtual_dataset("c", layout)
        file["loop"] = file["/"]
    refused(tmp_path / "scan.mat", MATLAB, "scan.mat")


def test_h5py_is_asked_for_only_where_it_is_needed(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    array = frames()[:, 0].transpose(1, 2, 0)
    write_matlab(tmp_path / "5.mat", "5", images=array)
    read_series(tmp_path / "5.mat", MATLAB)
    (tmp_path / "7.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n")
    refused(tmp_path / "7.mat", MATLAB, "pip install h5py")


def test_one_image_of_several_slices_is_segmented_alone(tmp_path: Path):
    volume = np.random.default_rng(0).integers(0, 900, (3, 40, 36)).astype(np.int16)
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing((1.5, 1.25, 8))
    path = tmp_path / "cine.nii.gz"
    sitk.WriteImage(image, path)
    series = read_series(path, Hints(volume_types=("control",)))
    assert np.array_equal(series.images, volume[np.newaxis])
    assert series.geometry.spacing == (1.5, 1.25, 8)
    assert np.isnan(series.inversion_time).all()


def test_single_images_of_a_folder_are_series_each_where_one_frame_is_stated(tmp_path: Path):
    for name in ("ed", "es"):
        image = sitk.GetImageFromArray(np.random.default_rng(0).random((3, 40, 36)))
        sitk.WriteImage(image, tmp_path / f"{name}.nii.gz")
    alone = Hints(volume_types=("control",))
    assert [path.name for path in find_series(tmp_path, alone)] == ["ed.nii.gz", "es.nii.gz"]
    assert read_series(tmp_path / "es.nii.gz", alone).images.shape == (1, 3, 40, 36)
    assert find_series(tmp_path) == [tmp_path]
