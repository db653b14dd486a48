"""Flow: the kinetic model against its differential equation, sectors, and quantification."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cases.flow import POINTS, at, ring, series_with_flow
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ASLMyoSegLib.errors import QuantificationError
from ASLMyoSegLib.geometry import TOWARDS_APEX
from ASLMyoSegLib.perfusion.aha import (
    AHA_NAMES,
    Orientation,
    centre_of,
    rings_of,
    segment_labels,
)
from ASLMyoSegLib.perfusion.kinetics import difference_magnetisation, mbf_from_difference, null_time
from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion


def integrate(mbf: float, ti: float, t1: float, t1_blood: float, alpha: float, lam: float) -> float:
    """Control minus label over M0 by numerical integration of Buxton's differential equation."""
    rate = mbf / 60 / lam

    def slope(t: float, m: np.ndarray) -> np.ndarray:
        return 2 * alpha * rate * np.exp(-t / t1_blood) - m * (1 / t1 + rate)

    return solve_ivp(slope, (0, ti), [0.0], rtol=1e-10, atol=1e-13).y[0, -1]


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.1, 6), st.floats(0.3, 3), st.floats(0.8, 2), st.floats(1.2, 2), st.floats(0.5, 1)
)
def test_closed_solution_is_the_integral_of_the_model(mbf, ti, t1, t1_blood, alpha):
    closed = difference_magnetisation(
        mbf, ti, t1_tissue=t1, t1_blood=t1_blood, labelling_efficiency=alpha,
        partition_coefficient=0.9,
    )  # fmt: skip
    assert closed == pytest.approx(integrate(mbf, ti, t1, t1_blood, alpha, 0.9), rel=1e-6)


def test_mbf_formula_inverts_the_integral_where_tissue_decays_as_blood():
    mbf, t1_blood = 2.5, 1.65
    t1 = 1 / (1 / t1_blood - mbf / 60)  # then T1' is T1 of blood, which the formula assumes
    difference = integrate(mbf, 1.7, t1, t1_blood, 0.95, 1.0)
    found = mbf_from_difference(difference, 0.0, 1.0, 1.7, labelling_efficiency=0.95)
    assert found == pytest.approx(mbf, rel=1e-6)


def test_mbf_formula_reads_muscle_of_short_t1_low_by_the_bias_that_it_states():
    difference = integrate(1.0, 1.8, 1.25, 1.65, 1.0, 1.0)
    assert mbf_from_difference(difference, 0.0, 1.0, 1.8) == pytest.approx(0.83, abs=0.005)


@pytest.mark.parametrize(
    ("which", "degrees", "number"),
    [("basal", 90, 1), ("basal", 150, 2), ("basal", 210, 3), ("basal", 270, 4), ("basal", 330, 5),
     ("basal", 30, 6), ("mid", 90, 7), ("mid", 30, 12), ("apical", 90, 13), ("apical", 180, 14),
     ("apical", 270, 15), ("apical", 0, 16)],
)  # fmt: skip
def test_sectors_lie_where_cerqueira_put_them(which, degrees, number):
    labels = segment_labels(ring(), which)
    y, x = at(degrees, 13).round().astype(int)
    assert labels[y, x] == number
    assert AHA_NAMES[number].startswith(which)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 360), st.booleans())
def test_landmarks_fix_rotation_and_mirroring(turn, mirrored):
    sign = -1 if mirrored else 1
    centre = np.array([48.0, 48.0])
    anterior, inferior = (at(turn + sign * angle, 16) for angle in (120.0, 240.0))
    orientation = Orientation.of_insertions(centre, anterior, inferior)
    labels = segment_labels(ring(), "mid", orientation, centre)
    for number, angle in zip(range(7, 13), (90, 150, 210, 270, 330, 30), strict=True):
        y, x = at(turn + sign * angle, 13).round().astype(int)
        assert labels[y, x] == number


def test_centre_is_that_of_the_circle_even_where_half_of_the_ring_is_missing():
    mask = ring((40.0, 52.0))
    mask[:, :50] = False
    assert centre_of(mask, (2.0, 2.0)) == pytest.approx([40.0, 52.0], abs=1.5)
    assert abs(np.nonzero(mask)[1].mean() - 52.0) > 7


def test_centre_is_that_of_a_circle_in_the_patient_where_pixels_are_not_square():
    rows, columns = np.mgrid[:48, :96]
    radius = np.hypot((rows - 24) * 6, (columns - 48) * 3)
    angle = np.degrees(np.arctan2((24 - rows) * 6, (columns - 48) * 3)) % 360
    broken = (radius > 50) & (radius < 62) & ((angle < 20) | (angle > 100))
    assert centre_of(broken, (6.0, 3.0)) == pytest.approx([24, 48], abs=0.2)
    assert np.abs(centre_of(broken, (3.0, 3.0)) - [24, 48]).max() > 1


BASE_FIRST = (0.0, 0.0, 0.7, 0.0, 0.0, -0.5, 0.0, 0.0, -0.5)  # the third column tells
APEX_FIRST = tuple(-v for v in BASE_FIRST)
AXIAL = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("drawn", "direction", "rings"),
    [
        ("1", APEX_FIRST, "m"),
        ("111", AXIAL, "bma"),
        ("111", BASE_FIRST, "bma"),
        ("111", APEX_FIRST, "amb"),
        ("111111", AXIAL, "bbmmaa"),
        ("1111", BASE_FIRST, "bbma"),
        ("1111", APEX_FIRST, "ambb"),
        ("000111000", AXIAL, "   bma   "),
        ("0100", BASE_FIRST, " m  "),
        ("0110", APEX_FIRST, " mb "),
        ("100011000", BASE_FIRST, "b   aa   "),
        ("0000", BASE_FIRST, "    "),
    ],
)
def test_rings_go_by_the_extent_of_masks_from_base_to_apex_as_they_lie_in_the_patient(
    drawn: str, direction: tuple, rings: str
):
    words = {"b": "basal", "m": "mid", "a": "apical", " ": ""}
    geometry = Geometry((2.0, 2.0, 8.0), direction=direction)
    found = rings_of(np.array([mark == "1" for mark in drawn]), geometry)
    assert found == tuple(words[letter] for letter in rings)


@pytest.mark.parametrize("ti", [1.8, 0.5])
def test_known_flow_is_found_in_each_segment_on_both_sides_of_the_null(ti):
    truth = np.array([0.8, 1.0, 1.2, 2.0, 3.0, 4.0])
    series, masks = series_with_flow(truth, ti)
    result = quantify(series, masks, POINTS)
    assert [s.mbf for s in result.segments] == pytest.approx(truth, rel=1e-3)
    assert result.whole.pn == pytest.approx(0, abs=1e-6)
    assert any("sign" in w and "restored" in w for w in result.warnings) == (ti < null_time(1.25))


def test_inversion_time_near_the_null_is_warned_of():
    series, masks = series_with_flow(np.ones(6), 0.90)
    assert any("near the null" in w for w in quantify(series, masks, POINTS).warnings)


def test_simulated_flow_is_found_after_the_null():
    for subject in (1, 2, 3):
        series, truth = simulate_subject(0, subject, "stress")
        found = quantify(series, truth.observer, truth.rv_insertion).whole.mbf
        assert found == pytest.approx(np.mean(list(truth.mbf.values())), rel=0.35)


@pytest.mark.parametrize(("label", "said"), [(1.83, False), (1.6, True)])
def test_a_pair_whose_inversion_times_differ_more_than_heartbeats_do_is_named(label, said):
    series, masks = series_with_flow(np.ones(6))
    times = np.array([np.nan, 1.8, 1.8, 1.8, label])
    result = quantify(dataclasses.replace(series, inversion_time=times), masks, POINTS)
    words = f"Pairs 2: inversion times of control (1.80 s) and label ({label:.2f} s) differ"
    assert any(w.startswith(words) for w in result.warnings) == said


def test_simulated_series_before_the_null_has_its_polarity_restored():
    """Well before the null the restored flow is positive; unrestored it would be negative."""
    flows = []
    for subject in range(1, 17):
        series, truth = simulate_subject(0, subject, "stress", heartbeats=1)
        if np.nanmax(series.inversion_time) < 0.68:
            result = quantify(series, truth.fraction > 0.98, truth.rv_insertion)
            assert any("restored" in w for w in result.warnings)
            flows.append(result.whole.mbf / np.mean(list(truth.mbf.values())))
    assert len(flows) >= 2
    assert np.mean(flows) == pytest.approx(0.9, abs=0.4)


SHORT_AXIS = (0.71, -0.41, -0.58, 0.71, 0.41, 0.58, 0.0, -0.82, 0.57)


@pytest.mark.parametrize(
    ("place", "sides", "word"),
    [
        (Geometry((2.0, 2.0, 8.0), direction=SHORT_AXIS), "geometry", "Rotation unknown"),
        (Geometry((2.0, 2.0, 8.0)), "assumed", "Sides assumed"),
        (Geometry((2.0, 2.0, 8.0), known=False), "unknown", "Sides unknown"),
    ],
)
def test_without_landmarks_it_says_what_of_the_sides_is_assumed(place, sides, word):
    series, masks = series_with_flow(np.ones(6))
    result = quantify(dataclasses.replace(series, geometry=place), masks)
    assert result.sides == sides
    assert not result.rotation_known
    assert sum(w.startswith(word) for w in result.warnings) == 1
    name = "segment 7" if sides == "unknown" else "mid anterior"
    assert result.segments[0].name == name
    assert quantify(series, masks, POINTS).sides == "points"


@pytest.mark.parametrize(
    ("turn", "exchanged", "known", "word"),
    [
        (0, False, True, ""),
        (50, False, True, ""),
        (130, False, True, "turned by 130 degrees"),
        (0, True, True, "mirrored"),
        (0, True, False, ""),
    ],
)
def test_points_that_contradict_where_images_lie_are_questioned(turn, exchanged, known, word):
    series, masks = series_with_flow(np.ones(6))
    place = Geometry((2.0, 2.0, 8.0), direction=SHORT_AXIS, known=known)
    pair = [at(turn + angle, 16)[None] for angle in (120.0, 240.0)]
    points = RVInsertion(*(pair[::-1] if exchanged else pair))
    warnings = quantify(dataclasses.replace(series, geometry=place), masks, points).warnings
    found = [w for w in warnings if "contradict the orientation" in w]
    assert len(found) == bool(word)
    assert all(word in w for w in found)


def test_segment_of_too_few_pixels_has_no_flow_and_a_warning():
    series, masks = series_with_flow(np.ones(6))
    cut = masks & (segment_labels(ring(), "mid") != 9)
    segment = quantify(series, cut, POINTS).segments[2]
    assert segment.aha == 9
    assert np.isnan(segment.mbf)
    assert any(AHA_NAMES[9] in w and "too few" in w for w in quantify(series, cut, POINTS).warnings)


def test_flow_that_cannot_be_is_questioned_or_not_given():
    series, masks = series_with_flow(np.ones(6))
    swapped = {"control": "label", "label": "control", "m0scan": "m0scan"}
    kinds = tuple(swapped[kind] for kind in series.volume_types)
    turned = quantify(dataclasses.replace(series, volume_types=kinds), masks, POINTS)
    assert turned.whole.mbf < 0
    assert any("control and label the right way round" in w for w in turned.warnings)
    shifted = dataclasses.replace(series, images=series.images - 2 * series.images.max())
    result = quantify(shifted, masks, POINTS)
    assert np.isnan(result.whole.mbf)
    assert any("negative" in w for w in result.warnings)
    assert any("mean of M0 is -" in w for w in result.warnings)
    assert quantify(series, masks, POINTS).warnings == ()


@pytest.mark.parametrize(("axis", "first"), [(TOWARDS_APEX, 1), (-TOWARDS_APEX, 13)])
def test_base_and_apex_are_told_apart_by_where_slices_lie_in_the_patient(axis, first):
    series, masks = series_with_flow(np.ones(6))
    across = np.cross(axis, (0, 0, 1))
    matrix = np.stack([across, np.cross(axis, across), axis], axis=1)
    matrix /= np.linalg.norm(matrix, axis=0)
    images = np.repeat(series.images, 3, axis=1)
    masks = np.repeat(masks, 3, axis=1)
    masks[:, 0, :, :48] = False
    placed = Geometry((3.0, 3.0, 10.0), direction=tuple(matrix.ravel()))
    result = quantify(dataclasses.replace(series, images=images, geometry=placed), masks)
    pixels = {s.aha: s.pixels for s in result.segments}
    lost = {1: (2, 3), 13: (14,)}[first]
    assert all(pixels[n] < 5 for n in lost)
    assert sum(n < 5 for n in pixels.values()) == len(lost)
    assert not any("base to apex" in w for w in result.warnings)
    flat = dataclasses.replace(placed, direction=Geometry((1, 1, 1)).direction)
    unknown = quantify(dataclasses.replace(series, images=images, geometry=flat), masks)
    assert any("base to apex" in w for w in unknown.warnings)


def test_m0_frame_without_mask_takes_that_of_the_controls_and_says_so():
    series, masks = series_with_flow(np.ones(6))
    masks = masks.copy()
    masks[0] = False
    result = quantify(series, masks, POINTS)
    assert result.whole.mbf == pytest.approx(1.0, rel=1e-3)
    assert any("m0scan" in w for w in result.warnings)


def without(series: ASLSeries, frame: int) -> ASLSeries:
    return series.only([k for k in range(len(series.images)) if k != frame])


@pytest.mark.parametrize(("frame", "words"), [(0, "no m0scan"), (1, "1 control and 2 label")])
def test_a_series_that_gives_no_flow_is_refused_with_the_reason(frame, words):
    series, masks = series_with_flow(np.ones(6))
    with pytest.raises(QuantificationError, match=words):
        quantify(without(series, frame), masks[1:], POINTS)


def test_empty_masks_and_impossible_constants_are_refused():
    series, masks = series_with_flow(np.ones(6))
    with pytest.raises(QuantificationError, match="empty"):
        quantify(series, np.zeros_like(masks))
    with pytest.raises(QuantificationError, match="t1_blood is 0"):
        quantify(series, masks, t1_blood=0.0)


def test_a_pair_that_lacks_a_slice_is_left_out_and_named():
    """Brightness differs between slices, so a mean over fewer slices would pass for flow."""
    series, masks = series_with_flow(np.ones(6))
    series = dataclasses.replace(
        series, images=np.concatenate([series.images, 1.3 * series.images], axis=1)
    )
    masks = np.repeat(masks, 2, axis=1)
    masks[2, 1] = False
    result = quantify(series, masks)
    assert np.isnan(result.whole.pairs[0])
    assert result.whole.mbf == pytest.approx(1.0, rel=1e-3)
    assert any("Pair 1" in w and "left out" in w for w in result.warnings)


@pytest.mark.parametrize("time", [np.nan, np.inf, 0.0])
def test_a_frame_without_inversion_time_is_refused_by_its_number(time):
    series, masks = series_with_flow(np.ones(6))
    times = series.inversion_time.copy()
    times[1] = time
    with pytest.raises(QuantificationError, match="frame 1 has inversion time"):
        quantify(dataclasses.replace(series, inversion_time=times), masks, POINTS)


def test_landmarks_and_masks_that_do_not_fit_the_series_are_refused():
    series, masks = series_with_flow(np.ones(6))
    with pytest.raises(QuantificationError, match="masks of shape"):
        quantify(series, masks[..., :-1], POINTS)
    two = RVInsertion(*(np.repeat(p, 2, axis=0) for p in (POINTS.anterior, POINTS.inferior)))
    with pytest.raises(QuantificationError, match="RV insertion points"):
        quantify(series, masks, two)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 360))
def test_turning_mask_and_landmarks_together_keeps_the_size_of_segments(turn):
    """A wall that is thicker on one side, so that its segments differ in size."""
    rows, columns = np.mgrid[:96, :96]
    angle = np.arctan2(48.0 - rows, columns - 48.0)
    radius = np.hypot(rows - 48.0, columns - 48.0)

    def sizes(degrees: float) -> np.ndarray:
        mask = (radius > 10) & (radius < 16 + 3 * np.cos(angle - np.radians(degrees)))
        centre = np.array([48.0, 48.0])
        points = (at(degrees + 120, 16), at(degrees + 240, 16))
        labels = segment_labels(mask, "mid", Orientation.of_insertions(centre, *points), centre)
        return np.bincount(labels.ravel(), minlength=13)[7:]

    assert sizes(turn) == pytest.approx(sizes(0.0), abs=12)


@pytest.mark.parametrize(
    ("field", "stated", "t1", "why"),
    [
        (3.0, None, 1.65, "MagneticFieldStrength 3 T"),
        (2.89, None, 1.65, "MagneticFieldStrength 3 T"),
        (1.494, None, 1.35, "MagneticFieldStrength 1.5 T"),
        (1.5, 1.44, 1.44, "stated"),
        (1.5, 1.35, 1.35, "MagneticFieldStrength 1.5 T"),
        (7.0, None, 1.65, "taken for 3 T, as MagneticFieldStrength is 7 T"),
        (None, None, 1.65, "taken for 3 T, as MagneticFieldStrength is not said"),
        (None, 1.8, 1.8, "stated"),
    ],
)
def test_t1_of_blood_follows_the_field_strength_unless_it_is_stated(field, stated, t1, why):
    """Values of Alsop et al., Magn Reson Med 2015;73:102-116."""
    series, truth = simulate_subject(1, 0, "rest")
    masks = truth.observer
    metadata = {} if field is None else {"MagneticFieldStrength": field}
    said = dataclasses.replace(series, metadata=metadata)
    result = quantify(said, masks, t1_blood=stated, kinetics="paper")
    assert result.constants["t1_blood"] == t1
    assert result.t1_blood_from.startswith(why)
    silent = dataclasses.replace(series, metadata={})
    usual = quantify(silent, masks, t1_blood=1.65, kinetics="paper")
    times = series.inversion_time[list(series.frames_of("control"))]
    assert result.whole.pairs == pytest.approx(
        np.array(usual.whole.pairs) * np.exp(times / t1 - times / 1.65), rel=0.01
    )
