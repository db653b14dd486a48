"""Files: what is written comes back, and what is wrong is refused in one line."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cases.stored import read_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.io import (
    find_series,
    read_rv_insertion,
    write_rv_insertion,
    write_series,
    write_volume,
)
from ASLMyoSegLib.io.files import replacing
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion

TYPES = ("m0scan", "control", "label")


def make_series(rng: np.random.Generator, slices: int = 1, size: int = 20) -> ASLSeries:
    direction = tuple(Rotation.random(random_state=int(rng.integers(2**31))).as_matrix().ravel())
    return ASLSeries(
        rng.uniform(0, 500, (3, slices, size, size + 4)).astype(np.float32),
        TYPES,
        np.array([np.nan, 1.5, 1.6]),
        Geometry((2.8, 2.9, 10.0), tuple(rng.uniform(-99, 99, 3)), direction),
        name="sub-01",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sub-01_asl.nii.gz"
    write_series(make_series(np.random.default_rng(0)), path)
    return path


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(16, 40))
def test_series_comes_back_whole_in_any_geometry(tmp_path: Path, seed: int, slices: int, size: int):
    series = make_series(np.random.default_rng(seed), slices, size)
    write_series(series, tmp_path / "sub-01_asl.nii.gz")
    found = read_series(tmp_path)
    assert np.array_equal(found.images, series.images)
    assert found.volume_types == TYPES
    assert found.inversion_time == pytest.approx(series.inversion_time, nan_ok=True)
    for name in ("spacing", "origin", "direction"):
        ours, theirs = getattr(series.geometry, name), getattr(found.geometry, name)
        assert theirs == pytest.approx(ours, abs=1e-4)


def test_separate_m0_is_appended(path: Path):
    series = read_series(path)
    write_volume(path.with_name("sub-01_m0scan.nii.gz"), series.images[:1] * 2, series.geometry)
    edit_json(path, M0Type="Separate", PostLabelingDelay=1.5)
    with pytest.raises(SeriesError, match=r"M0Type is Separate, but .* has 1 m0scan"):
        read_series(path)
    context_of(path).write_text("volume_type\ncontrol\ncontrol\nlabel\n")
    found = read_series(path)
    assert found.volume_types == ("control", "control", "label", "m0scan")
    assert np.array_equal(found.images[3], series.images[0] * 2)


def edit_json(path: Path, **values: object) -> None:
    side = Path(str(path).replace("_asl.nii.gz", "_asl.json"))
    side.write_text(json.dumps({**json.loads(side.read_text()), **values}))


def context_of(path: Path) -> Path:
    return Path(str(path).replace("_asl.nii.gz", "_aslcontext.tsv"))


def test_truncated_file_that_is_not_compressed_is_refused(path: Path):
    plain = path.with_name("sub-01_asl.nii")
    plain.write_bytes(gzip.decompress(path.read_bytes())[:-100])
    with pytest.raises(SeriesError, match="ends after 5660 of the 5760 bytes"):
        read_series(plain)


def test_odd_files_that_are_right_are_read(path: Path):
    """Windows' line ends, a byte order mark, trailing lines, and a sequence that Slicer saved."""
    series = read_series(path)
    words = "\ufeffvolume_type\tnote\r\nm0scan\ta\r\ncontrol\t\r\nlabel\tb\r\n\r\n"
    context_of(path).write_bytes(words.encode())
    edit_json(path, PostLabelingDelay=1.5)
    assert read_series(path).volume_types == TYPES
    sequence = path.with_name("sub-01_asl.seq.nrrd")
    frames = np.moveaxis(series.images, 0, -1)
    head = ["NRRD0005", "type: float", "dimension: 4", "space: left-posterior-superior"]
    head += [f"sizes: 3 {frames.shape[2]} {frames.shape[1]} {frames.shape[0]}"]
    head += ["space directions: none (2.8,0,0) (0,2.9,0) (0,0,10)", "space origin: (0,0,0)"]
    head += ["kinds: list domain domain domain", "endian: little", "encoding: raw"]
    data = np.ascontiguousarray(frames).tobytes()
    sequence.write_bytes("\n".join(head).encode() + b"\n\n" + data)
    found = read_series(sequence)
    assert np.array_equal(found.images, series.images)
    assert found.geometry.spacing == pytest.approx((2.8, 2.9, 10))


def test_damaged_bytes_give_a_series_or_a_series_error(path: Path):
    """400 files with one to eight bytes changed; nothing else may come out of the reader."""
    rng = np.random.default_rng(7)
    plain = path.with_name("plain_asl.nii")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    for suffix in ("_asl.json", "_aslcontext.tsv"):
        shutil.copy(path.with_name(f"sub-01{suffix}"), path.with_name(f"plain{suffix}"))
    for victim in (path, plain, path.with_name("plain_asl.json"), context_of(path)):
        whole = victim.read_bytes()
        for _ in range(100):
            damaged = bytearray(whole)
            for _ in range(rng.integers(1, 9)):
                damaged[rng.integers(min(len(damaged), 400))] = rng.integers(256)
            victim.write_bytes(damaged)
            try:
                series = read_series(plain if victim.name.startswith("plain") else path)
            except SeriesError:
                continue
            assert np.isfinite(series.images).all()
        victim.write_bytes(whole)


def test_folders_are_searched_without_derivatives(dataset: Path):
    assert [p.name for p in find_series(dataset)] == [
        "sub-01_acq-rest_asl.nii.gz",
        "sub-02_acq-rest_asl.nii.gz",
    ]
    with pytest.raises(SeriesError, match="2 series"):
        read_series(dataset)
    with pytest.raises(SeriesError, match="no ASL series"):
        find_series(dataset / "derivatives")


def test_landmarks_come_back_and_impossible_ones_are_refused(path: Path):
    series, file = read_series(path), path.with_name("rv.json")
    points = RVInsertion(np.array([[3.25, 4.5]]), np.array([[12.0, 5.0]]))
    write_rv_insertion(file, points, series)
    assert read_rv_insertion(file, series).anterior == pytest.approx(points.anterior)
    for content, words in (
        ('{"anterior": [[3, 4]], "inferior": [[3, 4]]}', "are the same"),
        ('{"anterior": [[3, 400]], "inferior": [[3, 4]]}', "outside the image"),
        ('{"anterior": [[3, 4]]}', "'inferior'"),
        ('{"anterior": [[3, 4]], "inferior": [[3, 4], [5, 6]]}', "one point .y, x. per slice"),
        ("{", "not valid JSON"),
        ("[" * 10**5, "not valid JSON"),
        ("[]", "holds a list"),
        (f'{{"anterior": [[{10**400}, 4]], "inferior": [[3, 4]]}}', "'anterior'"),
    ):
        file.write_text(content)
        with pytest.raises(SeriesError, match=words):
            read_rv_insertion(file, series)


def test_failed_writing_leaves_what_was_there(tmp_path: Path):
    target = tmp_path / "mine.txt"
    target.write_text("old")

    def run_out_of_space() -> None:
        with replacing(target) as beside:
            beside.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"mine\.txt"):
        run_out_of_space()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
