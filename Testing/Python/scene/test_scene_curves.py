"""Contours in the scene: the mask follows them, and they follow the mask."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.scene import draw, half, loaded, ring

from ASLMyoSegLib.scene import curves
from ASLMyoSegLib.scene.flow import flow_posterior
from ASLMyoSegLib.scene.mrml import slicer


def curve(one, which, k=0):
    return next(node for w, at, node in curves.shown(one.scene) if (w, at) == (which, k))


def drag(one, which, point, by, k=0):
    """Move a control point by pixels (down, right)."""
    node, position = curve(one, which, k), [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(point, position)
    matrix = np.array([[one.geometry().direction[3 * i + j] for j in (0, 1)] for i in range(3)])
    spacing = one.geometry().spacing
    lps = matrix @ np.array([by[1] * spacing[0], by[0] * spacing[1]])
    ras = np.array(position) + lps * (-1, -1, 1)
    node.SetNthControlPointPositionWorld(point, *ras)
    curves.settle(one, which, k)


def test_showing_contours_changes_no_mask_and_no_status():
    with loaded(slices=2) as one:
        before = one.segmentation()
        assert curves.show(one)
        assert len(list(curves.shown(one.scene))) == 4
        assert np.array_equal(one.segmentation().masks, before.masks)
        assert set(one.statuses()) == {"automatic"}


def test_a_dragged_contour_moves_the_mask_of_its_slice_and_frame_alone():
    with loaded(slices=2) as one:
        one.select(3)
        curves.show(one)
        drag(one, "outer", 0, (0, 4), k=1)
        masks = one.segmentation().masks
        assert one.statuses()[3] == "corrected"
        assert masks[3, 1].sum() > ring(2)[3, 1].sum() + 10
        assert np.array_equal(masks[3, 0], ring(2)[3, 0])
        others = [f for f in range(7) if f != 3]
        assert np.array_equal(masks[others], ring(2)[others])


def test_contours_are_kept_with_their_frame():
    with loaded() as one:
        one.select(3)
        curves.show(one)
        drag(one, "outer", 0, (0, 4))
        placed = slicer.util.arrayFromMarkupsControlPoints(curve(one, "outer"))
        one.select(4)
        curves.show(one)
        assert (
            np.abs(slicer.util.arrayFromMarkupsControlPoints(curve(one, "outer")) - placed).max()
            > 3
        )
        one.select(3)
        curves.show(one)
        assert slicer.util.arrayFromMarkupsControlPoints(curve(one, "outer")) == pytest.approx(
            placed, abs=0.02
        )


def test_a_painted_mask_moves_the_contours_and_undoing_it_brings_them_back():
    with loaded() as one:
        one.select(2)
        curves.show(one)
        drag(one, "inner", 4, (0, -2))
        drawn, text = one.mask(2), one.rows()[2].contours
        assert text
        draw(one, np.roll(drawn, 3, axis=2))
        one.store_correction()
        assert one.rows()[2].contours == ""
        moved = curves.walls_of(one, 2)[0]
        draw(one, drawn)
        one.store_correction()
        assert one.rows()[2].contours == text
        assert np.abs(moved.outer - curves.walls_of(one, 2)[0].outer).mean() > 1


def test_one_correction_serves_the_series_but_for_reviewed_frames_and_is_undone_at_once():
    with loaded() as one:
        one.accept(5)
        one.select(1)
        curves.show(one)
        drag(one, "outer", 0, (0, 4))
        before = one.segmentation()
        shifts = np.zeros((7, 1, 2))
        shifts[4, 0] = (2.0, -3.0)
        shifts[6] = np.nan
        assert one.apply_to_all(1, shifts) == (0, 2, 3, 4, 6)
        after = one.segmentation()
        assert after.status == ("corrected",) * 5 + ("accepted", "corrected")
        assert np.array_equal(after.masks[5], before.masks[5])
        assert np.array_equal(after.masks[0], before.masks[1])
        assert np.array_equal(after.masks[6], before.masks[1])
        assert np.array_equal(after.masks[4], np.roll(before.masks[1], (2, -3), (1, 2)))
        assert one.last_step == "Apply to all frames"
        assert one.undo_step() == (0, 2, 3, 4, 6)
        assert np.array_equal(one.segmentation().masks, before.masks)
        assert one.statuses() == before.status
        one.undo_step()
        assert np.array_equal(one.segmentation().masks, after.masks)


def test_a_painted_mask_serves_the_series_as_it_is():
    with loaded() as one:
        one.select(1)
        draw(one, half(ring()[1]))
        one.apply_to_all(1, np.zeros((7, 1, 2)), reviewed_too=True)
        assert np.array_equal(one.segmentation().masks[6], half(ring()[1]))


def test_undoing_a_step_leaves_frames_that_were_corrected_after_it():
    with loaded() as one:
        one.select(1)
        draw(one, half(ring()[1]))
        one.apply_to_all(1, np.zeros((7, 1, 2)))
        one.select(3)
        draw(one, np.roll(ring()[3], 4, axis=1))
        assert 3 not in one.undo_step()
        assert np.array_equal(one.segmentation().masks[3], np.roll(ring()[3], 4, axis=1))


def test_a_frame_without_a_mask_has_no_contours():
    with loaded() as one:
        one.select(0)
        draw(one, np.zeros_like(ring()[0]))
        assert not curves.show(one)


def test_taking_the_contours_away_leaves_none():
    with loaded(slices=2) as one:
        curves.show(one)
        curves.hide(one.scene)
        assert not list(curves.shown(one.scene))


def test_a_deleted_segment_comes_back_with_its_status():
    with loaded() as one:
        one.accept(2)
        one.select(2)
        one.mask_node.GetSegmentation().RemoveSegment("myocardium")
        assert one.store_correction() == ()
        assert np.array_equal(one.mask(2), ring()[2])
        assert one.statuses()[2] == "accepted"


def test_flow_weighs_pixels_by_their_share_between_the_contours():
    with loaded() as one:
        one.select(3)
        curves.show(one)
        drag(one, "outer", 0, (0, 4))
        (wall,) = curves.walls_of(one, 3)
        share = wall.share(one.mask(3).shape[1:])
        weighing = flow_posterior(one).mean
        assert weighing[3, 0] == pytest.approx(share)
        assert ((share > 0.1) & (share < 0.9)).sum() > 20
        assert np.array_equal(weighing[4], one.posterior().mean[4])
        before = one.quantify().whole.mbf
        one.back_to_automatic(3)
        assert one.quantify().whole.mbf != before
