"""Pictures for training: shares of muscle, neighbours, views and grey levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ASLMyoSegLib.phantom.appearance import STYLES, Appearance, draw_appearance
from ASLMyoSegLib.phantom.canvas import Canvas
from ASLMyoSegLib.phantom.curves import bend
from ASLMyoSegLib.phantom.pictures import ASL, draw_pictures
from ASLMyoSegLib.phantom.thorax import draw_slice
from ASLMyoSegLib.phantom.tissues import LEFT_VENTRICULAR_WALL, Tissue
from ASLMyoSegLib.phantom.ventricle import Ventricle
from ASLMyoSegLib.phantom.window import View, look

WHOLE = (slice(0, 64), slice(0, 64))
PLAIN = View(64, 3.0, (3.0, 3.0), (0.0, 0.0), 0.0, False, (1.0, 1.0), 0.0, WHOLE)


def ring() -> np.ndarray:
    canvas = Canvas(110)
    canvas.ring((Tissue.WALL, Tissue.LV_BLOOD), 0, 0, (30, 30), 10)
    return canvas.labels


def plain() -> Appearance:
    tissues = len(Tissue)
    signal = np.zeros(tissues, np.float32)
    signal[Tissue.LV_BLOOD] = 1
    still = np.zeros((3, tissues), np.float32)
    return Appearance(signal, still, still[0], magnitude=True)


def seen(view: View):
    return look(np.random.default_rng(0), ring(), view, plain(), curved=False)


def test_shares_are_those_of_the_ring_that_was_drawn():
    picture = seen(PLAIN)
    area = picture.share.sum() * 9
    assert area == pytest.approx(np.pi * (30**2 - 20**2), rel=0.02)
    y, x = (np.mgrid[:64, :64] - 31.5) * 3
    radius = np.hypot(x, y)
    assert (picture.share[(radius > 22.2) & (radius < 27.8)] == 1).all()
    assert (picture.share[(radius < 17.8) | (radius > 32.2)] == 0).all()
    assert len(np.unique(picture.share)) > 5


def test_a_view_moves_turns_and_cuts_image_and_share_alike():
    moved = seen(replace(PLAIN, offset=(15.0, -9.0)))
    rows, columns = np.nonzero(moved.share > 0.5)
    assert columns.mean() - 31.5 == pytest.approx(5, abs=0.2)
    assert rows.mean() - 31.5 == pytest.approx(-3, abs=0.2)
    inside = (slice(20, 64), slice(10, 50))
    cut = seen(replace(PLAIN, field=inside))
    beyond = np.ones((64, 64), bool)
    beyond[inside] = False
    assert (cut.share[beyond] == 0).all()
    assert (cut.image[beyond] == cut.image.min()).all()
    assert cut.image[inside].mean() == pytest.approx(0, abs=1e-4)
    assert cut.image[inside].std() == pytest.approx(1, abs=1e-3)


def test_every_slice_through_the_ventricle_has_neighbours_where_they_are():
    rng = np.random.default_rng(2)
    right, left = [], []
    for _ in range(30):
        labels, ventricle = draw_slice(rng, 110)
        if ventricle is None:
            assert not np.isin(labels, LEFT_VENTRICULAR_WALL).any()
            continue
        assert np.isin(labels, LEFT_VENTRICULAR_WALL).any()
        assert len(np.unique(labels)) >= 8
        right.append(np.nonzero(labels == Tissue.RV_BLOOD)[1])
        left.append(np.nonzero(labels == Tissue.LIVER)[0])
    assert np.concatenate(right).mean() < 100  # on the left of the picture
    assert np.concatenate(left).mean() > 140  # below the heart


def test_walls_of_every_kind_are_drawn_and_none_is_under_two_millimetres():
    rng = np.random.default_rng(3)
    drawn = [Ventricle.draw(rng) for _ in range(300)]
    walls = np.array([float((v.epicardium - v.endocardium).mean()) for v in drawn])
    assert min(float((v.epicardium - v.endocardium).min()) for v in drawn) > 2.0
    assert (walls < 6).sum() >= 6
    assert (walls > 15).sum() >= 6
    radii = np.array([v.radius for v in drawn])
    assert (radii < 20).sum() >= 15
    assert (radii > 35).sum() >= 15
    closed = sum(float(v.endocardium.mean()) < 5 for v in drawn)
    assert 5 <= closed <= 100


def test_cautious_outlines_lie_inside_the_muscle_and_change_no_picture():
    def areas(caution: float) -> tuple[int, int]:
        labels, _ = draw_slice(np.random.default_rng(4), 110, typical=True, caution=caution)
        wall = int((labels == Tissue.WALL).sum())
        return wall, wall + int((labels == Tissue.PAPILLARY).sum())

    (exact, muscle), (cautious, same) = areas(0.0), areas(1.0)
    assert 0.6 * exact < cautious < 0.95 * exact
    assert muscle == same


@pytest.mark.parametrize("style", [*STYLES, *ASL])
def test_pictures_of_every_style_are_finite_and_differ(style: str):
    first, second = draw_pictures(np.random.default_rng(6), 64, style, 2)
    for picture in (first, second):
        assert picture.image.shape == picture.share.shape == (64, 64)
        assert picture.image.dtype == picture.share.dtype == np.float32
        assert np.isfinite(picture.image).all()
    assert not np.array_equal(first.image, second.image)


def test_papillary_muscles_look_like_the_wall_and_both_bloods_are_mostly_alike():
    rng = np.random.default_rng(7)
    apart = []
    for _ in range(200):
        signal = draw_appearance(rng, "cine").signal
        assert signal[Tissue.PAPILLARY] == signal[Tissue.WALL]
        apart.append(signal[Tissue.RV_BLOOD] / signal[Tissue.LV_BLOOD])
    assert min(apart) > 0.6
    assert max(apart) < 1.2


def test_grey_curves_bend_both_ways_and_some_turn_back():
    grey = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    shapes = {"rising": 0, "falling": 0, "turning": 0}
    for seed in range(200):
        bent = np.diff(bend(np.random.default_rng(seed), grey).ravel())
        falls, rises = (bent < -1e-6).any(), (bent > 1e-6).any()
        shapes["turning" if falls and rises else "falling" if falls else "rising"] += 1
    assert shapes["rising"] > 120
    assert shapes["falling"] > 8
    assert shapes["turning"] > 5
