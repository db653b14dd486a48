"""The wall between two curves: held against areas that are known."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from ASLMyoSegLib.scene.walls import Wall, coverage, from_text, smooth, to_text, wall_of

SHAPE = (64, 72)


def ellipse(centre, radii, count):
    angle = np.arange(count) * 2 * np.pi / count
    return np.array(centre) + np.stack([radii[0] * np.sin(angle), radii[1] * np.cos(angle)], 1)


def made(inner=8.0, outer=13.0, centre=(30.3, 35.8)):
    return Wall(ellipse(centre, (inner, inner * 1.2), 8), ellipse(centre, (outer, outer * 1.2), 8))


def ring(inner, outer, centre):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    radius = np.hypot(y - centre[0], x - centre[1])
    return (radius > inner) & (radius < outer)


def test_coverage_of_an_ellipse_is_its_area_and_its_middle():
    share = coverage(ellipse((20.3, 31.6), (9.4, 12.1), 400), SHAPE)
    assert share.sum() == pytest.approx(np.pi * 9.4 * 12.1, rel=2e-3)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    assert (share * y).sum() / share.sum() == pytest.approx(20.3, abs=0.01)
    assert (share * x).sum() / share.sum() == pytest.approx(31.6, abs=0.01)


def test_coverage_of_a_square_between_pixels_is_exact_across():
    square = np.array([[9.5, 4.25], [9.5, 8.75], [12.5, 8.75], [12.5, 4.25]])
    share = coverage(square, SHAPE)
    assert share[10, 4:10] == pytest.approx([0.25, 1, 1, 1, 1, 0.25])
    assert share.sum() == pytest.approx(3 * 4.5)


def test_a_turn_the_other_way_round_covers_the_same():
    points = ellipse((20, 30), (7, 9), 50)
    assert np.array_equal(coverage(points, SHAPE), coverage(points[::-1], SHAPE))


def test_a_wall_beyond_the_border_is_cut_off_there():
    share = made(centre=(2.0, 35.0)).share(SHAPE)
    whole = made().share(SHAPE)
    assert 0.5 * whole.sum() < share.sum() < 0.75 * whole.sum()


@pytest.mark.parametrize(("inner", "outer"), [(8, 13), (6.5, 10.2), (9, 12)])
def test_curves_along_a_mask_give_the_mask_back(inner, outer):
    mask = ring(inner, outer, (30.7, 35.2))
    drawn = wall_of(mask).share(SHAPE)
    both = mask & (drawn >= 0.5)
    assert 2 * both.sum() / (mask.sum() + (drawn >= 0.5).sum()) > 0.94
    assert drawn.sum() == pytest.approx(np.pi * (outer**2 - inner**2), rel=0.06)


def test_a_broken_ring_has_closed_curves_and_a_speck_has_none():
    mask = ring(8, 13, (30.0, 35.0))
    mask[25:35, 45:] = False
    assert wall_of(mask).share(SHAPE).sum() == pytest.approx(np.pi * (13**2 - 8**2), rel=0.15)
    assert wall_of(np.zeros(SHAPE, bool)) is None
    speck = np.zeros(SHAPE, bool)
    speck[3:5, 3:5] = True
    assert wall_of(speck) is None


@pytest.mark.parametrize("which", ["inner", "outer"])
@pytest.mark.parametrize("by", [(0, 9), (0, -9), (12, 3), (-30, 0)])
def test_a_curve_that_is_dragged_over_the_other_stops_before_it(which, by):
    wall = made()
    curves = {"inner": wall.inner.copy(), "outer": wall.outer.copy()}
    curves[which][2] += by
    kept = Wall(**curves).apart(which)
    fixed = "outer" if which == "inner" else "inner"
    assert np.array_equal(getattr(kept, fixed), curves[fixed])
    inner, outer = coverage(smooth(kept.inner), SHAPE), coverage(smooth(kept.outer), SHAPE)
    assert np.clip(inner - outer, 0, None).sum() < 0.02 * outer.sum()


def test_walls_come_back_from_text():
    walls = (made(), None, made(5, 9))
    found = from_text(to_text(walls), 3)
    assert found[1] is None
    assert found[2].outer == pytest.approx(walls[2].outer, abs=1e-3)
    assert to_text((None, None)) == ""
    assert from_text("", 2) == (None, None)


def test_a_wall_is_moved_by_parts_of_pixels():
    moved = made().moved(np.array([0.4, -1.3]))
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    before, after = made().share(SHAPE), moved.share(SHAPE)
    for axis, by in ((y, 0.4), (x, -1.3)):
        shift = (after * axis).sum() / after.sum() - (before * axis).sum() / before.sum()
        assert shift == pytest.approx(by, abs=0.02)
