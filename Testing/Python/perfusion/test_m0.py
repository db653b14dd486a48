"""M0 as it was measured: saturation, other readouts, other scales."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cases.flow import POINTS, series_with_flow

from ASLMyoSegLib.errors import QuantificationError
from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.perfusion.readout import readout_of

ASL = {"FlipAngle": 50, "EchoTime": 0.0015, "RepetitionTimePreparation": 10.0}
PHILIPS = {
    "PhilipsRescaleSlope": 2.0, "PhilipsScaleSlope": 0.5, "UsePhilipsFloatNotDisplayScaling": 0,
}  # fmt: skip


def flow_with(metadata: dict, m0: float = 1.0, kinetics: str = "paper"):
    """Of a heart of 2 mL/g/min everywhere, whose measured M0 is this factor too high."""
    series, masks = series_with_flow(np.full(6, 2.0))
    images = series.images.copy()
    images[0] *= m0
    series = dataclasses.replace(series, images=images, metadata=metadata)
    return quantify(series, masks, POINTS, kinetics=kinetics)


@pytest.mark.parametrize("kinetics", ["paper", "general"])
@pytest.mark.parametrize("time", [1.0, 2.0, 5.0])
def test_m0_that_had_not_recovered_is_corrected_and_said(kinetics, time):
    right = flow_with(ASL, kinetics=kinetics)
    recovery = 1 - np.exp(-time / 1.25)
    short = {**ASL, "RepetitionTimePreparation": time}
    found = flow_with(short, recovery, kinetics)
    assert found.whole.mbf == pytest.approx(right.whole.mbf, rel=1e-5)
    assert found.factors["m0"] == pytest.approx(1 / recovery)
    assert any(f"repetition time of {time:g} s" in w for w in found.warnings)


def test_m0_after_five_t1_is_taken_as_it_is():
    found = flow_with({**ASL, "RepetitionTimePreparation": 6.3}, kinetics="general")
    assert found.factors["m0"] == 1.0
    assert not any("repetition time" in w for w in found.warnings)
    assert flow_with({**ASL, "RepetitionTimePreparation": 6.0}).factors["m0"] == 1.0
    nearly = flow_with({**ASL, "RepetitionTimePreparation": 6.0}, kinetics="general")
    assert nearly.factors["m0"] == pytest.approx(1.0083, abs=1e-4)


@pytest.mark.parametrize("said", [{"RepetitionTimePreparation": 0}, {}])
def test_a_repetition_time_of_m0_that_is_0_or_missing_is_said(said):
    found = flow_with(said)
    assert any("taken as fully relaxed" in w for w in found.warnings)


def test_each_frame_may_have_its_repetition_time():
    times = [2.0, 9.0, 9.0, 9.0, 9.0]
    found = flow_with({**ASL, "RepetitionTimePreparation": times}, 1 - np.exp(-2.0 / 1.25))
    assert found.whole.mbf == pytest.approx(flow_with(ASL).whole.mbf, rel=1e-5)


def test_m0_of_another_flip_angle_is_brought_to_that_of_the_series():
    own = {**ASL, "FlipAngle": 40}
    ours, theirs = (readout_of(values, 96)[0].signal(1.0, 1.25, 0.047) for values in (ASL, own))
    found = flow_with({**ASL, "M0Scan": own}, theirs / ours)
    assert found.whole.mbf == pytest.approx(flow_with(ASL).whole.mbf, rel=1e-5)
    assert any("another flip angle (40, not 50 degrees)" in w for w in found.warnings)


def test_m0_of_quite_another_readout_is_refused():
    own = {"FlipAngle": 5, "EchoTime": 0.012, "RepetitionTimePreparation": 6}
    with pytest.raises(QuantificationError, match=r"another flip angle.*another echo time"):
        flow_with({**ASL, "M0Scan": own})


def test_slopes_of_philips_are_brought_to_one_scale():
    """Display values are what was measured times both slopes."""
    own = {**PHILIPS, "PhilipsRescaleSlope": 1.0, "RepetitionTimePreparation": 10.0}
    found = flow_with({**ASL, **PHILIPS, "M0Scan": own}, 0.5)
    assert found.whole.mbf == pytest.approx(flow_with(ASL).whole.mbf, rel=1e-5)
    as_float = {**own, "UsePhilipsFloatNotDisplayScaling": 1}
    both = {**ASL, **PHILIPS, "UsePhilipsFloatNotDisplayScaling": 1, "M0Scan": as_float}
    assert flow_with(both).factors["m0"] == 1.0


@pytest.mark.parametrize(
    "own",
    [
        {"RepetitionTimePreparation": 10.0},
        {"PhilipsRescaleSlope": 1.0, "PhilipsScaleSlope": 0.5},
    ],
)
def test_slopes_that_only_one_side_car_tells_are_refused(own):
    with pytest.raises(QuantificationError, match="PhilipsScaleSlope"):
        flow_with({**ASL, **PHILIPS, "M0Scan": own})


def test_m0_of_another_receiver_gain_is_refused():
    with pytest.raises(QuantificationError, match="ReceiverGain 3"):
        flow_with({**ASL, "ReceiverGain": 5, "M0Scan": {**ASL, "ReceiverGain": 3}})
