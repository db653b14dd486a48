"""Folders: single images that are the frames of a series, and series of several formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from cases.formats import (
    AFFINE,
    COLUMNS,
    MATLAB,
    NAMES,
    PICTURE,
    ROWS,
    STATED,
    TYPES,
    frames,
    in_space,
    refused,
    write_matlab,
    write_nrrd,
    write_pictures,
)
from cases.stored import read_series
from PIL import Image

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, find_series, input_digest
from ASLMyoSegLib.io.images.numbered import read_numbered


@pytest.mark.parametrize(
    ("ending", "kind", "options"),
    [
        ("png", "uint8", {}),
        ("png", "uint16", {}),
        ("tif", "uint16", {}),
        ("TIFF", "float32", {}),
        ("tif", "int32", {}),
        ("tif", "uint16", {"compression": "tiff_lzw"}),
        ("bmp", "uint8", {}),
    ],
)
def test_pictures_in_a_folder_are_frames_in_the_order_of_their_numbers(
    ending: str, kind: str, options: dict, tmp_path: Path
):
    images = frames(kind)
    folder = write_pictures(tmp_path / "a scan.v2", ending, images, **options)
    (folder / "notes.txt").write_text("none")
    (folder / "._img1.png").write_bytes(b"of another system")
    series = read_series(folder, PICTURE)
    assert np.array_equal(series.images, images)
    assert series.name == "a scan.v2"
    assert series.geometry.spacing == (2, 3, 1)
    refused(folder, STATED, "a scan.v2", "--pixel-size")
    refused(folder, replace(PICTURE, volume_types=TYPES[:4]), "4 volume types", "5 frames")
    refused(folder, replace(PICTURE, axes=("y", "x", "frame")), "leave --axes out")
    refused(folder, replace(PICTURE, variable="images"), "--variable")


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32"])
def test_tiffs_of_all_types_are_read_as_itk_wrote_them(kind: str, tmp_path: Path):
    whole = np.iinfo(kind) if "int" in kind else None
    low, high = (whole.min, whole.max) if whole else (-1e6, 1e6)
    values = np.random.default_rng(2).uniform(low, high, (5, ROWS, COLUMNS)).astype(kind)
    for name, frame in zip(NAMES, values, strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(frame), str(tmp_path / f"{name}.tif"))
    assert np.array_equal(read_series(tmp_path, PICTURE).images[:, 0], values.astype(np.float32))


def test_the_table_of_frames_may_lie_beside_the_folder(tmp_path: Path):
    folder = write_pictures(tmp_path / "scan", "png", frames())
    (tmp_path / "scan_aslcontext.tsv").write_text("\n".join(("volume_type", *TYPES)))
    (tmp_path / "scan_asl.json").write_text('{"PostLabelingDelay": 1.25}')
    series = read_series(folder, Hints(pixel_size=(2.0, 3.0)))
    assert series.volume_types == TYPES
    assert series.inversion_time[1] == 1.25
    before = input_digest(folder)
    (tmp_path / "scan_asl.json").write_text('{"PostLabelingDelay": 1.26}')
    assert input_digest(folder) != before


def test_greys_are_taken_from_pictures_in_colours_and_colours_are_refused(tmp_path: Path):
    images = frames("uint8")
    for mode in ("RGB", "RGBA", "LA", "P"):
        folder = tmp_path / mode
        folder.mkdir()
        for name, frame in zip(NAMES, images, strict=True):
            Image.fromarray(frame[0]).convert(mode).save(folder / f"{name}.png")
        assert np.array_equal(read_series(folder, PICTURE).images, images)
    coloured = np.stack([images[2, 0], images[1, 0], images[0, 0]], axis=-1)
    Image.fromarray(coloured).save(folder / "img10.png")
    refused(folder, PICTURE, "img10.png", "colours")


def test_single_volumes_of_different_scaling_are_frames(tmp_path: Path):
    folder = tmp_path / "volumes"
    folder.mkdir()
    images = frames("int16", slices=2)
    for k, (name, frame) in enumerate(zip(NAMES, images, strict=True)):
        image = nibabel.Nifti1Image(frame.transpose(), AFFINE)
        image.header.set_slope_inter(1 + k, k)
        nibabel.save(image, folder / f"{name}.nii.gz")
    series = read_series(folder, STATED)
    files = [folder / f"{name}.nii.gz" for name in NAMES]
    expected = np.stack([nibabel.load(file).get_fdata().transpose() for file in files])
    assert series.images == pytest.approx(expected)
    assert series.geometry.spacing == pytest.approx((2, 3, 8))
    nibabel.save(nibabel.Nifti1Image(images[1].transpose(), np.diag([2, 3, 8, 1.0])), files[1])
    refused(folder, STATED, "img2.nii.gz", "not that of img1.nii.gz")
    nibabel.save(nibabel.Nifti1Image(images[1].transpose()[1:], AFFINE), files[1])
    refused(folder, STATED, "img2.nii.gz", "19x24x2", "20x24x2")
    nibabel.save(nibabel.Nifti1Image(images.transpose(), AFFINE), files[1])
    with pytest.raises(SeriesError, match=r"img2\.nii\.gz: holds 5 frames"):
        read_numbered(folder)


def test_pages_of_one_picture_are_frames_where_one_says_so(tmp_path: Path):
    first, *others = (Image.fromarray(frame[0]) for frame in frames())
    first.save(tmp_path / "scan.tif", save_all=True, append_images=others)
    hints = replace(PICTURE, axes=("x", "y", "frame"))
    assert np.array_equal(read_series(tmp_path / "scan.tif", hints).images, frames())
    refused(tmp_path / "scan.tif", PICTURE, "--axes x,y,frame")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:300]), "not a readable picture"),
        (lambda file: file.write_bytes(b""), "not a readable picture"),
        (lambda file: file.write_text("%!PS-Adobe-3.0 EPSF-3.0"), "not a readable picture"),
        (lambda file: Image.new("L", (5000, 5)).save(file), "too large"),
        (lambda file: Image.new("I;16", (20, 24)).save(file), "value 0 everywhere"),
        (lambda file: file.rename(file.with_suffix(".tif")), ".png, .tif"),
    ],
)
def test_bad_pictures_are_refused(damage, words: str, tmp_path: Path, capfd):
    folder = write_pictures(tmp_path / "scan", "png", frames())
    damage(folder / "img20.png")
    refused(folder, PICTURE, "scan", words)
    assert capfd.readouterr() == ("", "")


def test_a_folder_may_hold_series_of_several_formats(tmp_path: Path):
    write_pictures(tmp_path / "b", "png", frames())
    write_pictures(tmp_path / "derivatives", "png", frames())
    sitk.WriteImage(in_space(), str(tmp_path / "a.mha"))
    write_nrrd(tmp_path / "c.seq.nrrd", 0, "list")
    write_matlab(tmp_path / "d.mat", "5", images=frames())
    sitk.WriteImage(sitk.GetImageFromArray(frames()[0]), str(tmp_path / "scout.nii.gz"))
    found = [path.name for path in find_series(tmp_path)]
    assert sorted(found) == ["a.mha", "b", "c.seq.nrrd", "d.mat"]
    refused(tmp_path, STATED, "holds 4 series")
    stacked = find_series(tmp_path, replace(STATED, axes=("x", "y", "frame")))
    assert "scout.nii.gz" in [path.name for path in stacked]


@pytest.mark.parametrize("name", ["scan.par", "scan.txt", "scan"])
def test_other_formats_are_refused(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"whatever")
    refused(tmp_path / name, STATED, name, "a format that is not read")


@pytest.mark.parametrize(
    "stated",
    [
        {"axes": ("y", "x")},
        {"axes": ("y", "x", "frame", "frame")},
        {"axes": ("y", "x", "frame", "t")},
        {"pixel_size": (2.0,)},
        {"pixel_size": (2.0, 0.0)},
        {"pixel_size": (2.0, float("nan"))},
    ],
)
def test_what_cannot_be_stated_is_refused(stated: dict):
    with pytest.raises(SeriesError, match="--axes" if "axes" in stated else "--pixel-size"):
        Hints(**stated)


def test_damaged_bytes_give_a_series_or_a_series_error(tmp_path: Path, capfd):
    """Forty files of each format with some bytes changed or the end cut off; the C libraries that
    read them keep quiet, and the process lives."""
    rng = np.random.default_rng(8)
    sitk.WriteImage(in_space(), str(tmp_path / "a.mha"), True)
    sitk.WriteImage(in_space(), str(tmp_path / "b.mhd"))
    write_nrrd(tmp_path / "c.nrrd", 1, "time")
    write_matlab(tmp_path / "d.mat", "5", images=frames()[:, 0].transpose(1, 2, 0), s={"t": 1.0})
    write_matlab(tmp_path / "e.mat", "7.3", images=frames()[:, 0].transpose(1, 2, 0))
    write_pictures(tmp_path / "f", "png", frames())
    write_pictures(tmp_path / "g", "tif", frames(), compression="tiff_lzw")
    write_pictures(tmp_path / "h", "bmp", frames("uint8"))
    sitk.WriteImage(in_space(), str(tmp_path / "i.hdr"))  # and i.img
    inside = {"f": "img2.png", "g": "img2.tif", "h": "img2.bmp"}
    for path in sorted(p for p in tmp_path.iterdir() if p.suffix != ".raw"):
        hints = MATLAB if path.suffix == ".mat" else PICTURE
        victim = path / inside.get(path.name, "")
        whole = victim.read_bytes()
        assert read_series(path, hints).images.shape == (5, 1, ROWS, COLUMNS)
        for _ in range(40):
            damaged = bytearray(whole[: len(whole) - rng.integers(200) * rng.integers(2)])
            for at in rng.integers(min(len(damaged), 600), size=rng.integers(1, 9)):
                damaged[at] = rng.integers(256)
            victim.write_bytes(damaged)
            try:
                assert np.isfinite(read_series(path, hints).images).all()
            except SeriesError:
                continue
        victim.write_bytes(whole)
    assert capfd.readouterr() == ("", "")
