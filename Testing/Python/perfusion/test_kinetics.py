"""The general kinetic model, its inverse and the readout, against numerical solutions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from ASLMyoSegLib.perfusion.kinetics import difference_magnetisation, mbf_of_difference
from ASLMyoSegLib.perfusion.protocol import t1_of_haematocrit
from ASLMyoSegLib.perfusion.readout import Readout, readout_of

CONSTANTS = {"t1_tissue": 1.25, "t1_blood": 1.65, "labelling_efficiency": 0.95}


def convolved(mbf: float, ti: float, arrival: float, bolus: float, lam: float) -> float:
    """Buxton's convolution of delivery with what is left of it, by quadrature."""
    t1, t1_blood, alpha = CONSTANTS.values()
    rate = mbf / 60 / lam
    last = min(ti, arrival + bolus)

    def left(s: float) -> float:
        return np.exp(-s / t1_blood) * np.exp(-(ti - s) * (1 / t1 + rate))

    return 2 * alpha * rate * quad(left, arrival, last)[0] if last > arrival else 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.05, 8), st.floats(0.3, 3), st.floats(0, 1), st.floats(0.1, 2), st.floats(0.8, 1.1)
)
def test_closed_solution_is_the_convolution_with_a_bolus_that_arrives_and_ends(
    mbf, ti, arrival, bolus, lam
):
    found = difference_magnetisation(
        mbf, ti, partition_coefficient=lam, arrival_time=arrival, bolus_duration=bolus, **CONSTANTS
    )
    assert found == pytest.approx(convolved(mbf, ti, arrival, bolus, lam), rel=1e-6, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(-3, 12), st.floats(0.5, 2.5), st.floats(0, 0.3), st.floats(0.4, 3))
def test_flow_is_found_again_from_its_difference_whatever_its_sign(mbf, ti, arrival, bolus):
    more = {**CONSTANTS, "arrival_time": arrival, "bolus_duration": bolus}
    made = difference_magnetisation(mbf, ti, **more)
    assert mbf_of_difference(made, ti, **more) == pytest.approx(mbf, rel=1e-5, abs=1e-6)


def test_a_difference_that_no_flow_makes_has_no_flow():
    assert np.isnan(mbf_of_difference([1.9, np.nan], 1.5, **CONSTANTS)).all()
    assert np.isnan(mbf_of_difference(0.02, 0.2, arrival_time=0.3, **CONSTANTS))


def bloch(readout: Readout, magnetisation: float, t1: float, t2: float) -> float:
    """Signal at the centre of k-space by rotating and relaxing a vector, pulse by pulse."""

    def turned(vector: np.ndarray, degrees: float) -> np.ndarray:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return np.array([[1, 0, 0], [0, c, s], [0, -s, c]]) @ vector

    def relaxed(vector: np.ndarray, time: float) -> np.ndarray:
        e1, e2 = np.exp(-time / t1), np.exp(-time / t2)
        return vector * [e2, e2, e1] + [0, 0, 1 - e1]

    half = readout.repetition_time / 2
    vector = relaxed(turned(np.array([0.0, 0.0, magnetisation]), -readout.flip_angle / 2), half)
    for pulse in range(int(readout.pulses)):
        vector = relaxed(turned(vector, readout.flip_angle * (-1) ** pulse), 2 * half)
    # At the echo, half of a repetition time before the next pulse.
    back = np.exp(half / t2) * np.exp(-readout.echo_time / t2) * np.exp(half / t2)
    return abs(vector[1]) * back


@pytest.mark.parametrize("angle", [30.0, 50.0, 70.0])
@pytest.mark.parametrize("pulses", [12, 24, 48])
@pytest.mark.parametrize("t2", [0.04, 0.05])
def test_the_share_that_the_readout_leaves_is_that_of_the_bloch_equations(angle, pulses, t2):
    readout = Readout(angle, 3.2e-3, 1.6e-3, pulses)
    signals = [bloch(readout, m, 1.25, t2) for m in (0.5, 1.0)]
    share = 2 * (signals[1] - signals[0]) / signals[1]
    assert readout.share_of_difference(1.25, t2) == pytest.approx(share, abs=0.012)


def test_the_readout_is_taken_from_the_side_car_and_says_what_was_assumed():
    said = {
        "FlipAngle": 50, "EchoTime": 0.0015, "RepetitionTimeExcitation": 0.0032,
        "ParallelReductionFactorInPlane": 2,
    }  # fmt: skip
    readout, words = readout_of(said, 96)
    assert (readout.repetition_time, readout.pulses) == (0.0032, 24)
    assert "assumed" not in words
    assert readout.share_of_difference(1.24, 0.045) == pytest.approx(0.936, abs=0.001)
    silent, words = readout_of({"FlipAngle": 50, "EchoTime": 0.0016}, 96)
    assert silent.repetition_time == pytest.approx(0.0032)
    assert "3.2 ms" in words
    assert "acceleration by 2 assumed" in words
    assert readout_of({}, 96) == (None, "FlipAngle is not said")
    assert readout_of({**said, "PulseSequenceType": "2D EPI"}, 96)[0] is None


def test_t1_of_blood_by_haematocrit_is_that_of_measurements():
    """1664 ms at 3 T and haematocrit 0.42 (Lu 2004)."""
    assert t1_of_haematocrit(0.42, 3.0) == pytest.approx(1.664, abs=0.015)
    assert t1_of_haematocrit(0.25, 3.0) > t1_of_haematocrit(0.42, 3.0) > t1_of_haematocrit(0.5, 3.0)
