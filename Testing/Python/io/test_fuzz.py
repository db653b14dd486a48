"""Whatever comes in, a right series comes out, or an error for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cases.readers import READERS
from cases.stored import read_series
from cases.strategies import contexts, masks, series, sidecars
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from studies.fuzz import RESULT, fuzz

from ASLMyoSegLib.errors import ASLMyoSegError, QuantificationError, SeriesError
from ASLMyoSegLib.io import write_series
from ASLMyoSegLib.motion.measuring import measure_motion
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.series import VOLUME_TYPES, ASLSeries

SECONDS = 0.7
"""For each reader, here; `python -m studies.fuzz --minutes 60` takes longer."""

anything = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def used_of(kinds: Sequence[str]) -> list[int]:
    """Frames of a known kind, but for a last one without a partner."""
    used = [frame for frame, kind in enumerate(kinds) if kind in VOLUME_TYPES]
    turns = [frame for frame in used if kinds[frame] != "m0scan"]
    alternating = all(kinds[a] != kinds[b] for a, b in pairwise(turns))
    if alternating and len(turns) in (3, 5, 7):
        used.remove(turns[-1])
    return used


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_give_what_is_right_or_an_error_for_people(name: str):
    outcomes = fuzz(name, 2026, SECONDS)
    assert outcomes.total() > 10
    assert set(outcomes) - {"read"}


def test_the_long_run_went_through_all_readers_and_found_nothing():
    result = json.loads(RESULT.read_text())
    assert set(result["outcomes"]) == set(READERS)
    assert all(sum(counts.values()) > 1000 for counts in result["outcomes"].values())
    assert result["faults"] == []


@anything
@given(series(), st.data())
def test_side_cars_of_any_content_give_a_series_that_obeys_them_or_an_error(
    tmp_path: Path, images: ASLSeries, data: st.DataObject
):
    path, frames = tmp_path / "sub-01_asl.nii.gz", len(images.images)
    write_series(images, path)
    content = data.draw(sidecars(frames))
    text = data.draw(contexts(frames))
    (tmp_path / "sub-01_asl.json").write_text(json.dumps(content))
    (tmp_path / "sub-01_aslcontext.tsv").write_text(text, encoding="utf-8")
    try:
        found = read_series(path)
    except SeriesError:
        return
    rows = text.lower().split()[1:]  # in any case
    kept = used_of(rows)
    assert list(found.volume_types) == [rows[row] for row in kept]
    assert len(rows) == frames  # a row for each frame, or nothing is certain
    assert np.array_equal(found.images, images.images[kept])
    prepared = np.array(found.volume_types) != "m0scan"
    said = content.get("PostLabelingDelay")
    assert said is not None or not {"control", "label"} <= set(found.volume_types)
    expected = np.broadcast_to(np.array(said, float), frames)[kept]
    assert found.inversion_time[prepared] == pytest.approx(expected[prepared], nan_ok=True)
    assert np.isnan(found.inversion_time[~prepared]).all()


@anything
@given(series(), st.data())
def test_flow_of_any_images_and_masks_is_numbers_or_said_to_be_none(
    images: ASLSeries, data: st.DataObject
):
    drawn = data.draw(masks(images.images.shape))
    try:
        result = quantify(images, drawn)
    except QuantificationError:
        return
    for part in (result.whole, *result.segments):
        silent = not any(part.name in warning for warning in result.warnings)
        assert np.isfinite(part.mbf) or not silent
    assert len(result.whole.pairs) == len(images.frames_of("control"))


@settings(anything, max_examples=6)
@given(series(), st.data())
def test_motion_of_any_images_and_masks_is_shifts_within_the_image_or_unknown(
    images: ASLSeries, data: st.DataObject
):
    shifts = measure_motion(images, data.draw(masks(images.images.shape))).shifts
    size = np.array(images.images.shape[2:])
    assert (np.isnan(shifts) | (np.abs(shifts) < size)).all()


@anything
@given(series())
def test_whatever_is_written_is_read_or_refused_for_what_it_is(tmp_path: Path, images: ASLSeries):
    assume({"control", "label"} <= set(images.volume_types))
    write_series(images, tmp_path / "sub-01_asl.nii.gz")
    try:
        found = read_series(tmp_path / "sub-01_asl.nii.gz")
    except ASLMyoSegError as error:
        pytest.fail(str(error))
    assert np.array_equal(found.images, images.images[used_of(images.volume_types)])
    assert found.geometry.spacing == pytest.approx(images.geometry.spacing)
