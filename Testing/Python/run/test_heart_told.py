"""Where the heart is: said on the way in, told on the way out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.geometry import Geometry, Stored
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.run import pipeline
from ASLMyoSegLib.run.heart import Place, describe_heart, heart_notes
from ASLMyoSegLib.series import ASLSeries, Posterior
from ASLMyoSegLib.uncertainty.ways import PAPER


@pytest.fixture
def turned() -> ASLSeries:
    """Images of 30 rows and 40 columns whose file has them on their side, slices reversed."""
    stored = Stored(Geometry((2.0, 2.0, 8.0)), ("-y", "x", "-slice"))
    images = np.zeros((2, 3, 30, 40), np.float32)
    grid = stored.standing_geometry(images.shape[1:])
    return ASLSeries(images, ("control",) * 2, np.ones(2), grid, stored=stored)


def posterior(series: ASLSeries, **known: np.ndarray) -> Posterior:
    shape = series.images.shape
    none = np.zeros((0, *shape[:2], 1), np.uint8)
    return Posterior(np.zeros(shape), np.zeros(shape), np.ones(shape[:2]), none, 0, "cpu", **known)


def test_a_pixel_of_the_file_is_found_in_images_that_stand_and_told_as_it_was_said(
    turned: ASLSeries,
):
    """The brightest voxel of the file at column 12 and row 5 is where the place says."""
    column, row = 12, 5
    file = np.zeros((2, *turned.on_file.stored_shape(turned.images.shape[1:])))
    file[:, :, row, column] = 1
    standing = turned.on_file.standing(file)
    stated = Place((column, row))
    place = stated.standing(turned)
    where = tuple(round(at) for at in place)
    assert (standing[(..., *where)] == 1).all()
    found = posterior(turned, hearts=np.tile(place, (3, 1)), astray=np.zeros((2, 3), bool))
    told = describe_heart(turned, found, stated)
    assert told == {"stated": "12,5", "slices": [[column, row]] * 3}


def test_nothing_is_told_of_a_place_where_the_whole_field_was_looked_at(turned: ASLSeries):
    assert describe_heart(turned, posterior(turned), None) == {"stated": None, "slices": None}
    assert heart_notes(posterior(turned)) == ()


def test_frames_that_went_astray_are_named(turned: ASLSeries):
    astray = np.zeros((2, 3), bool)
    assert heart_notes(posterior(turned, hearts=np.zeros((3, 2)), astray=astray)) == ()
    astray[1, 2] = True
    (note,) = heart_notes(posterior(turned, hearts=np.zeros((3, 2)), astray=astray))
    assert note.startswith("In frame 1 something else looked more like the heart")


def test_mm_are_to_the_right_front_and_head_as_slicer_shows_them(turned: ASLSeries):
    """The point between voxels of the file is found where SimpleITK says that it lies."""
    stored = turned.on_file.geometry
    image = sitk.Image(*turned.on_file.stored_shape(turned.images.shape[1:])[::-1], sitk.sitkUInt8)
    image.SetSpacing(stored.spacing)
    image.SetOrigin(stored.origin)
    image.SetDirection(stored.direction)
    column, row = 12.5, 5.0
    left, back, up = image.TransformContinuousIndexToPhysicalPoint((column, row, 1.0))
    place = Place.parse(f"{-left}mm,{-back}mm, {up}mm").standing(turned)
    assert place == pytest.approx(Place((column, row)).standing(turned))


def test_mm_say_nothing_of_images_that_lie_nowhere(turned: ASLSeries):
    nowhere = dataclasses.replace(
        turned, geometry=dataclasses.replace(turned.geometry, known=False)
    )
    with pytest.raises(SeriesError, match="does not say where it lies in the patient"):
        Place((1.0, 2.0, 3.0)).standing(nowhere)


@pytest.mark.parametrize("text", ["12", "a,b", "1,2,3", "", "1mm,2mm", "1,2mm", "nan,4"])
def test_a_place_of_no_known_form_is_refused(text: str):
    with pytest.raises(SeriesError, match="give column and row of one pixel"):
        Place.parse(text)


def test_run_takes_place_and_way_and_tells_them(
    dataset: Path, small_model: LoadedModel, tmp_path: Path
):
    (source, *_) = sorted(dataset.rglob("*_asl.nii.gz"))
    given = {"model": small_model, "trials": 2, "device": "cpu", "heart": Place((40.0, 50.0))}
    (first,) = pipeline.run(source, tmp_path / "out", **given)
    (summary,) = (tmp_path / "out").rglob("*summary.json")
    told = json.loads(summary.read_text())
    assert told["way"] == "heart"
    assert told["heart"] == {"stated": "40,50", "slices": [[40.0, 50.0]]}
    assert not any(frame["astray"] for frame in told["frames"])
    assert pipeline.run(source, tmp_path / "out", **given)[0].resumed
    for other in ({"heart": Place((41.0, 50.0))}, {"heart": None}, {"way": PAPER}):
        with pytest.raises(OutputError, match="other images or settings"):
            pipeline.run(source, tmp_path / "out", **{**given, **other})
    assert not first.resumed


def test_one_place_cannot_serve_several_series(
    dataset: Path, small_model: LoadedModel, tmp_path: Path
):
    with pytest.raises(OutputError, match="cannot be that of its 2 series"):
        pipeline.run(dataset, tmp_path / "out", model=small_model, heart=Place((40.0, 50.0)))
