"""Files as other software writes them, and odd ones: what comes out is what nibabel, pynrrd, SciPy
or a closed form says, or nothing."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import nibabel.orientations
import nrrd
import numpy as np
import pytest
import scipy.io
import SimpleITK as sitk
from cases.formats import AFFINE, MATLAB, PICTURE, STATED, frames, place_of, refused
from cases.masks import GRID, TRUTH, axes, circle, make_series, structure_set
from cases.stored import read_series
from PIL import Image

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import find_series, read_masks


def assert_as_nibabel(path: Path, scale: float = 1.0) -> None:
    """The same numbers in the same place; `scale` is that of its unit of length, mm."""
    series, image = read_series(path, STATED), nibabel.load(path)
    assert series.images == pytest.approx(image.get_fdata().transpose())
    for index in ((0, 0, 0), (7, 11, 1)):
        there = (image.affine @ [*index, 1])[:3] * (-scale, -scale, scale)
        assert place_of(series.geometry, *index) == pytest.approx(there, abs=0.02 * scale)


def patched(code: str, offset: int, *values: float) -> Callable[[bytearray], None]:
    return lambda content: struct.pack_into(f"<{code}", content, offset, *values)


MIRRORED = np.diag([-2.0, 3, 8, 1])


@pytest.mark.parametrize(
    "change",
    [
        lambda content: None,
        patched("2f", 112, 0, 5),  # a slope of zero: nothing is scaled, nor is anything added
        patched("2f", 112, np.nan, 5),
        patched("2f", 112, -2, 10),
        patched("f", 92, 0),
        patched("h", 68, 1002),
        lambda content: content.extend(b"more" * 99),
    ],
)
def test_odd_headers_of_nifti_mean_what_they_mean_to_nibabel(change, tmp_path: Path):
    nibabel.save(nibabel.Nifti1Image(frames("int16", 2).transpose(), AFFINE), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    change(content)
    (tmp_path / "a.nii").write_bytes(content)
    assert_as_nibabel(tmp_path / "a.nii")
    half = len(content) // 2  # as bgzip and parallel compressors write it
    members = gzip.compress(content[:half]) + gzip.compress(content[half:])
    (tmp_path / "b.nii.gz").write_bytes(members)
    assert_as_nibabel(tmp_path / "b.nii.gz")


@pytest.mark.parametrize(("sform", "qform"), [(1, 0), (0, 1), (1, 1), (2, 1)])
@pytest.mark.parametrize("affine", [AFFINE, MIRRORED])
def test_place_is_that_of_either_form_of_nifti(
    sform: int, qform: int, affine: np.ndarray, tmp_path: Path
):
    image = nibabel.Nifti1Image(frames("int16", 2).transpose(), None)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert_as_nibabel(tmp_path / "a.nii.gz")


def test_two_forms_that_contradict_each_other_are_refused(tmp_path: Path):
    sheared = AFFINE.copy()
    sheared[0, 1] += 1.5
    for sform, code in ((MIRRORED, 2), (sheared, 1)):
        image = nibabel.Nifti1Image(frames("int16", 2).transpose(), AFFINE)
        image.set_sform(sform, code)
        image.set_qform(AFFINE, 1)
        nibabel.save(image, tmp_path / "a.nii")
        refused(tmp_path / "a.nii", STATED, "a.nii: its header places it in two ways")


@pytest.mark.parametrize(("unit", "scale"), [("meter", 1e3), ("mm", 1.0), ("micron", 1e-3)])
def test_lengths_are_in_the_unit_that_nifti_says(unit: str, scale: float, tmp_path: Path):
    affine = np.diag([2 / scale, 3 / scale, 8 / scale, 1])
    image = nibabel.Nifti1Image(frames("int16", 2).transpose(), affine)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")
    assert_as_nibabel(tmp_path / "a.nii", scale)
    assert read_series(tmp_path / "a.nii", STATED).geometry.spacing == pytest.approx((2, 3, 8))


@pytest.mark.parametrize("order", ["<", ">"])
def test_nifti_in_two_files_is_read_by_the_name_of_either(order: str, tmp_path: Path):
    values = frames("int16", 2).transpose().astype(f"{order}i2")
    header = nibabel.nifti1.Nifti1PairHeader(endianness=order)
    nibabel.save(nibabel.Nifti1Pair(values, AFFINE, header), tmp_path / "a.img")
    for name in ("a.img", "a.hdr"):
        assert_as_nibabel(tmp_path / name)
    assert [path.name for path in find_series(tmp_path)] == ["a.img"]
    nibabel.save(nibabel.AnalyzeImage(values, AFFINE), tmp_path / "a.img")
    refused(tmp_path / "a.img", STATED, "a.hdr: is Analyze 7.5")


FIELDS = {
    "dim": (40, "8h"), "intent": (68, "h"), "datatype": (70, "h"), "pixdim": (76, "8f"),
    "vox_offset": (108, "f"), "scl": (112, "2f"), "units": (123, "B"),
    "quatern": (256, "6f"), "srow": (280, "12f"),
}  # fmt: skip
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 16, 20, 24, 255)


@pytest.mark.filterwarnings("ignore")
def test_a_header_changed_at_random_means_what_it_means_to_nibabel_or_nothing(tmp_path: Path):
    rng, path, outcomes = np.random.default_rng(4), tmp_path / "a.nii", Counter()
    for _ in range(400):
        image = nibabel.Nifti1Image(frames("int16", 2).transpose(), None)
        image.set_sform(AFFINE, int(rng.integers(3)))
        image.set_qform(AFFINE, 1)
        nibabel.save(image, path)
        content = bytearray(path.read_bytes())
        offset, code = FIELDS[rng.choice(list(FIELDS))]
        values = list(struct.unpack_from(f"<{code}", content, offset))
        place = rng.integers(len(values))
        strange = (-values[place], 1.5 * values[place], np.nan, np.inf, -1.0, 1e-3, 352.0)
        values[place] = rng.choice(strange) if "f" in code else rng.choice(NUMBERS)
        struct.pack_into(f"<{code}", content, offset, *values)
        path.write_bytes(content)
        try:
            read_series(path, STATED)
        except SeriesError:
            outcomes["refused"] += 1
            continue
        unit = {1: 1e3, 3: 1e-3}.get(content[123] & 7, 1.0)
        assert_as_nibabel(path, unit)
        outcomes["read"] += 1
    assert min(outcomes.values()) > 100


STEPS = np.array([[0, 2, 0], [-3, 0, 0], [0, 0, 8.0]])
ORIGIN = np.array([5, -6, 7.0])
NOWHERE = [np.nan] * 3


def assert_in_place(path: Path) -> None:
    series = read_series(path, STATED)
    assert np.array_equal(series.images, frames("int16", 2))
    for index in ((0, 0, 0), (7, 11, 1)):
        expected = np.array(index) @ STEPS + ORIGIN
        assert place_of(series.geometry, *index) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "ascii"])
@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize(
    ("space", "signs"),
    [("LPS", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1)), ("LAS", (1, -1, 1))],
)
@pytest.mark.parametrize(("axis", "kind"), [(0, "list"), (3, "time"), (3, "???")])
def test_nrrd_of_pynrrd_lies_where_its_space_says(
    encoding: str, detached: bool, space: str, signs: tuple, axis: int, kind: str, tmp_path: Path
):
    directions, kinds = [*(STEPS * signs)], ["domain"] * 3
    directions.insert(axis, NOWHERE)
    kinds.insert(axis, kind)
    header = {
        "space": space, "space directions": np.array(directions), "kinds": kinds,
        "space origin": ORIGIN * signs, "encoding": encoding, "thicknesses": [np.nan] * 4,
    }  # fmt: skip
    values = np.moveaxis(frames("int16", 2), 0, 3 - axis).transpose()
    path = tmp_path / ("a.nhdr" if detached else "a.nrrd")
    nrrd.write(str(path), values, header, detached_header=detached)
    assert_in_place(path)


def write_meta(path: Path, data: bytes, **changes: str) -> None:
    fields = {
        "ObjectType": "Image", "NDims": "4", "BinaryDataByteOrderMSB": "False",
        "TransformMatrix": "0 1 0 0 -1 0 0 0 0 0 1 0 0 0 0 1", "Offset": "5 -6 7 0",
        "ElementSpacing": "2 3 8 1", "DimSize": "20 24 2 5", "ElementType": "MET_SHORT", **changes,
        "ElementDataFile": "LOCAL",
    }  # fmt: skip
    text = "".join(f"{name} = {value}\n" for name, value in fields.items())
    path.write_bytes(text.encode() + data)


def test_metaimage_is_read_in_any_order_of_bytes_and_refused_where_pixels_would_lack(
    tmp_path: Path,
):
    path, values = tmp_path / "a.mha", frames("int16", 2)
    write_meta(path, values.astype(">i2").tobytes(), BinaryDataByteOrderMSB="True")
    assert_in_place(path)
    packed = zlib.compress(values.tobytes())
    size = {"CompressedData": "True", "CompressedDataSize": str(len(packed))}
    write_meta(path, packed, **size)
    assert_in_place(path)
    write_meta(path, packed, CompressedData="True")
    refused(path, STATED, "CompressedDataSize")
    write_meta(path, packed, **{**size, "CompressedDataSize": str(len(packed) // 2)})
    refused(path, STATED, "bytes of its pixels are there")
    for changes in (
        {"TransformMatrix": "1 0.5 0 0 0 1 0 0 0 0 1 0 0 0 0 1"},
        {"TransformMatrix": "0 2 0 0 -2 0 0 0 0 0 2 0 0 0 0 1"},
        {"TransformMatrix": "0 0 0 1 0 1 0 0 0 0 1 0 1 0 0 0"},
    ):
        write_meta(path, values.tobytes(), **changes)
        refused(path, STATED, "not at right angles")
    for changes in ({"ElementSpacing": "-2 3 8 1"}, {"Offset": "a b c d"}):
        write_meta(path, values.tobytes(), **changes)
        refused(path, STATED, next(iter(changes)).lower())


def test_lengths_that_are_not_in_mm_are_refused(tmp_path: Path):
    write_meta(tmp_path / "a.mha", frames("int16", 2).tobytes(), DistanceUnits="um")
    header = {
        "space": "LPS", "space directions": [*STEPS, NOWHERE], "space origin": ORIGIN,
        "kinds": [*["domain"] * 3, "list"], "space units": ["cm", "cm", "cm"],
    }  # fmt: skip
    nrrd.write(str(tmp_path / "a.nrrd"), frames("int16", 2).transpose(), header)
    refused(tmp_path / "a.mha", STATED, "a.mha: its lengths are in um")
    refused(tmp_path / "a.nrrd", STATED, "a.nrrd: its lengths are in cm")
    header["space units"] = ["mm", "mm", "mm"]
    nrrd.write(str(tmp_path / "a.nrrd"), frames("int16", 2).transpose(), header)
    assert_in_place(tmp_path / "a.nrrd")


def test_a_field_of_an_array_of_structs_counts_as_cells(tmp_path: Path):
    structs = np.zeros((1, 5), [("image", object), ("ti", object)])
    for k, frame in enumerate(frames("int16")):
        structs[0, k] = (frame[0], 1.5)
    for compressed in (False, True):
        scipy.io.savemat(tmp_path / "a.mat", {"data": structs}, do_compression=compressed)
        series = read_series(tmp_path / "a.mat", replace(MATLAB, variable="data.image"))
        assert np.array_equal(series.images, frames("int16"))


def test_pictures_of_which_bits_would_be_lost_or_mixed_are_refused(tmp_path: Path):
    images = frames()[:, 0]
    colours = sitk.GetImageFromArray(np.stack([images[0]] * 3, -1), isVector=True)
    paged = replace(PICTURE, axes=("x", "y", "frame"))
    for name in ("a.png", "a.tif"):
        sitk.WriteImage(colours, str(tmp_path / name))
        refused(tmp_path / name, paged, name, "16 bits, of which 8 would be read")
    for other in (images[1][:9], images[1].astype(np.uint8)):
        pages = [Image.fromarray(images[0]), Image.fromarray(other)]
        pages[0].save(tmp_path / "b.tif", save_all=True, append_images=pages[1:])
        refused(tmp_path / "b.tif", paged, "b.tif: holds pictures of several kinds (20x24 uint16")


def bids(folder: Path) -> Path:
    """A data set of one series; returns the series."""
    path = folder / "sub-01" / "perf" / "sub-01_asl.nii.gz"
    path.parent.mkdir(parents=True)
    nibabel.save(nibabel.Nifti1Image(frames("int16", 2).transpose(), AFFINE), path)
    rows = "volume_type\r\nm0scan\t\r\ncontrol\r\nlabel\r\ncontrol\r\nlabel\r\n"
    (path.parent / "sub-01_aslcontext.tsv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    said = {"PostLabelingDelay": 1.5, "M0Type": "Included"}
    (path.parent / "sub-01_asl.json").write_text(json.dumps(said), encoding="utf-8-sig")
    return path


def test_what_systems_and_programs_leave_in_a_data_set_is_no_series(tmp_path: Path):
    path = bids(tmp_path)
    for name in (
        "sub-01/perf/._sub-01_asl.nii.gz",
        ".git/annex/sub-02_asl.nii.gz",
        "sourcedata/sub-02_asl.nii.gz",
        "derivatives/sub-02_asl.nii.gz",
        "participants.tsv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(path.read_bytes())
    assert find_series(tmp_path) == [path]
    assert_as_written(read_series(tmp_path))
    assert len(find_series(tmp_path / "sourcedata")) == 1


def assert_as_written(series) -> None:
    assert series.volume_types == ("m0scan", *("control", "label") * 2)
    assert series.inversion_time[1:] == pytest.approx(1.5)


def test_an_upper_side_car_does_not_speak_for_one_that_was_not_fetched(tmp_path: Path):
    path = bids(tmp_path)
    (tmp_path / "asl.json").write_text('{"PostLabelingDelay": 1.9}')
    assert_as_written(read_series(path))
    for ending in ("asl.json", "aslcontext.tsv"):
        own = path.with_name(f"sub-01_{ending}")
        (tmp_path / ending).write_bytes(own.read_bytes())
        own.unlink()
        own.symlink_to(".git/annex/none")
        refused(path, replace(STATED, volume_types=None, inversion_time=None), own.name, "fetch it")
        own.unlink()
        assert_as_written(read_series(path))


@pytest.mark.parametrize("letters", ["RAS", "LPS", "SAR", "PIR"])
def test_a_mask_that_nibabel_reoriented_marks_the_same_pixels(letters: str, tmp_path: Path):
    affine = np.eye(4)
    affine[:3] = np.column_stack([axes(GRID), GRID.origin]) * [[-1], [-1], [1]]
    image = nibabel.Nifti1Image(TRUTH.transpose().astype(np.uint8), affine)
    now = nibabel.orientations.io_orientation(affine)
    then = nibabel.orientations.axcodes2ornt(letters)
    turned = image.as_reoriented(nibabel.orientations.ornt_transform(now, then))
    nibabel.save(turned, tmp_path / "m.nii.gz")
    assert np.array_equal(read_masks(tmp_path / "m.nii.gz", make_series())[0], TRUTH)


def test_a_segment_of_slicer_and_pynrrd_may_be_cropped_and_is_known_by_its_code(tmp_path: Path):
    """A layer that two segments share, of an extent smaller than the image."""
    labels = TRUTH[:1, 5:35, 6:36].astype(np.uint8)
    labels[0, 12:18, 12:18] = 2
    origin = np.array(GRID.origin) + axes(GRID) @ [6, 5, 0]
    code = "list~SCT^123037004^Anatomical Structure~SCT^74281007^Myocardium~^^~x~^^~^^|"
    header = {
        "space": "left-posterior-superior", "space directions": axes(GRID).T,
        "space origin": origin, "kinds": ["domain"] * 3,
        "Segment0_ID": "1", "Segment0_Name": "a", "Segment0_LabelValue": "1",
        "Segment0_Layer": "0", "Segment0_Tags": f"TerminologyEntry:{code}",
        "Segment1_ID": "2", "Segment1_Name": "b", "Segment1_LabelValue": "2", "Segment1_Layer": "0",
    }  # fmt: skip
    nrrd.write(str(tmp_path / "m.seg.nrrd"), labels.transpose(), header)
    masks = read_masks(tmp_path / "m.seg.nrrd", make_series())
    expected = np.zeros_like(TRUTH)
    expected[0, 5:35, 6:36] = labels[0] == 1
    assert np.array_equal(masks[1], expected)


def test_a_contour_that_was_written_twice_is_no_hole_in_itself(tmp_path: Path):
    once, twice = (
        read_masks(
            structure_set(tmp_path / f"{n}.dcm", {"myo": [circle(22, 0)] * n}), make_series()
        )
        for n in (1, 2)
    )
    assert once.any()
    assert np.array_equal(once, twice)
