"""What frames of a loaded sequence are, from what little is known of them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer")

from ASLMyoSegLib.scene import check_frames, guess_frames
from ASLMyoSegLib.scene.guess import foresee

PAIR = ("control", "label")


@pytest.mark.parametrize(
    ("names", "types"),
    [
        (["M0", "control 1", "label 1"], ("m0scan", *PAIR)),
        (["Tag", "Ctrl", "PD"], ("label", "control", "m0scan")),
        (["FAIR non-sel", "FAIR sel"], PAIR),
        (["fair_ns_01", "fair_ss_01"], PAIR),
        (["ASL_CONTROL_0", "ASL_LABEL_0"], PAIR),
        (["m0scan", "tagged", "con"], ("m0scan", "label", "control")),
    ],
)
def test_names_tell(names: list[str], types: tuple[str, ...]):
    found, _, how = guess_frames(names)
    assert found == types
    assert how == "from the names"


@pytest.mark.parametrize(
    ("count", "types"), [(4, PAIR * 2), (5, ("m0scan", *PAIR * 2)), (1, ("m0scan",)), (0, ())]
)
def test_without_words_frames_alternate(count: int, types: tuple[str, ...]):
    found, times, how = guess_frames([f"volume {i}" for i in range(count)])
    assert found == types
    assert how.startswith("alternating, control first")
    assert np.isnan(times).all()


def test_one_kind_of_word_alone_tells_nothing():
    assert guess_frames(["label map", "label map"])[0] == PAIR


@pytest.mark.parametrize(
    ("name", "time"),
    [("control TI=1500ms", 1.5), ("control TI 1.7 s", 1.7), ("control pld_1800", 1.8),
     ("control InversionTime: 1650", 1.65), ("control station 3", np.nan)],
)  # fmt: skip
def test_inversion_times_are_read_from_names(name: str, time: float):
    _, times, _ = guess_frames([name, "label"])
    assert times[0] == pytest.approx(time, nan_ok=True)


def test_inversion_times_of_metadata_lead_and_may_be_milliseconds():
    types, times, _ = guess_frames(["m0", "control TI=1s", "label"], [0.0, 1500.0, 1.6])
    assert types == ("m0scan", *PAIR)
    assert times == pytest.approx((np.nan, 1.5, 1.6), nan_ok=True)


@pytest.mark.parametrize(
    ("types", "times", "why"),
    [
        (("control", "label", "label"), (1.5,) * 3, "1 control and 2 label frames make no pairs"),
        (("control",), (1500.0,), "Is it in milliseconds?"),
        ((*PAIR, "rest"), (1.5,) * 3, "Frame 2 is 'rest'"),
        ((*PAIR, ""), (1.5,) * 3, "Frame 2 is 'nothing'"),
        (PAIR, (1.5, np.nan), "Frame 1 (label) has no inversion time"),
        (PAIR, (1500.0, 1500.0), "Is it in milliseconds?"),
        (PAIR, (0.0, 1.5), "Frame 0 (control) has inversion time 0 s"),
        ((*PAIR, "m0scan"), (1.5, 1.5, np.nan), ""),
        (PAIR, (1.5, 1.5), ""),
        (("m0scan",), (np.nan,), ""),
        (("control", "control"), (np.nan, np.nan), ""),
    ],
)
def test_impossible_combinations_are_refused_in_words(types, times, why: str):
    found = check_frames(types, times)
    assert why in found
    assert bool(found) == bool(why)


def test_images_without_pairs_are_said_to_give_no_flow():
    assert "no flow" in foresee(("m0scan", "control"), 3)
    assert "four dimensions" not in foresee(("m0scan", "control"), 3)
    assert "if they are frames, save them in four dimensions" in foresee(("m0scan",), 13)
    assert foresee(("m0scan", *PAIR), 3) == ""
