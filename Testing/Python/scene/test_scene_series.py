"""A series in the user's scene: review, correction, saving, and nodes that go away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.commands import aslmyoseg
from cases.scene import TYPES, draw, half, load, loaded, make_posterior, make_series, ring

from ASLMyoSegLib.errors import SceneError, SeriesError
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.scene import SeriesScene, read_scene
from ASLMyoSegLib.scene.layouts import show
from ASLMyoSegLib.scene.mrml import PrivateScene, slicer
from ASLMyoSegLib.uncertainty.scores import mcd_uncertainty


def mask_shown(one: SeriesScene) -> np.ndarray:
    return np.asarray(one.mask(one.frame))


def test_new_series_has_empty_masks_and_asks_for_a_look_at_each_frame():
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, make_series())
        assert not one.segmented
        assert one.posterior() is None
        assert np.isnan(one.score)
        assert one.doubtful().all()
        assert one.areas().sum() == 0
        found = one.series()
        assert np.array_equal(found.images, make_series().images)
        assert found.volume_types == TYPES
        assert found.metadata == make_series().metadata


def test_scores_and_areas_are_those_of_the_posterior():
    with loaded(slices=2) as one:
        posterior = make_posterior(ring(2))
        assert one.scores() == pytest.approx(
            mcd_uncertainty(posterior.mean, posterior.std), abs=1e-6
        )
        assert (one.areas() == ring(2).sum((2, 3))).all()
        found = one.posterior()
        assert np.array_equal(found.mean, posterior.mean)
        assert np.array_equal(found.std, posterior.std)
        assert found.mcd_interval == pytest.approx(posterior.mcd_interval)
        assert (found.seed, found.device, found.model) == (7, "cpu", posterior.model)


def test_partial_results_leave_reviewed_masks_alone():
    with loaded() as one:
        one.select(2)
        draw(one, half(ring()[2]))
        one.accept(4)
        wider = np.roll(ring(), 2, axis=3)
        one.show_posterior(make_posterior(wider, doubt=0.3))
        masks = one.segmentation().masks
        assert np.array_equal(masks[2], half(ring()[2]))
        assert np.array_equal(masks[4], ring()[4])
        assert np.array_equal(masks[[0, 1, 3, 5, 6]], wider[[0, 1, 3, 5, 6]])
        assert (
            one.statuses()
            == ("automatic",) * 2 + ("corrected", "automatic", "accepted") + ("automatic",) * 2
        )
        assert one.scores()[2, 0] == pytest.approx(one.scores()[0, 0])


def test_images_without_a_pass_yet_are_the_most_doubtful():
    with loaded() as one:
        posterior = make_posterior(ring())
        for part in (posterior.mean, posterior.std):
            part[3:] = 0
        trials = np.where(np.arange(7) < 3, 32, 0)[:, None]
        one.show_posterior(replace(posterior, trials=trials))
        assert set(one.doubtful_first()[:4]) == {3, 4, 5, 6}
        assert [r.passes for r in one.rows()] == [(32,)] * 3 + [(0,)] * 4


def test_masks_maps_and_images_step_together():
    with loaded() as one:
        posterior = make_posterior(ring())
        for frame in range(7):
            posterior.mean[frame] = np.roll(posterior.mean[frame], frame, axis=1)
            posterior.std[frame] *= frame / 10
        one.show_posterior(posterior)
        for frame in (3, 6, 0):
            one.select(frame)
            assert np.array_equal(
                slicer.util.arrayFromVolume(one.image_node), make_series().images[frame]
            )
            assert np.array_equal(
                slicer.util.arrayFromVolume(one.uncertainty_node), posterior.std[frame]
            )
            segment = one.mask_node.GetSegmentation().GetSegment("myocardium")
            assert segment is not None
            assert np.array_equal(mask_shown(one), posterior.mean[frame] >= 0.5)


def test_correction_stays_in_its_frame_however_the_frame_is_left():
    with loaded() as one:
        one.select(1)
        draw(one, half(ring()[1]))
        one.browser.SetSelectedItemNumber(2)  # as the sequence toolbar does
        draw(one, ring()[2] & ~half(ring()[2]))
        one.select(1)
        assert np.array_equal(mask_shown(one), half(ring()[1]))
        assert one.statuses()[1:4] == ("corrected", "corrected", "automatic")
        assert one.store_correction() == ()
        assert one.areas()[1, 0] == half(ring()[1]).sum()


def test_looking_at_frames_corrects_nothing():
    with loaded() as one:
        for frame in (*range(7), 0):
            one.select(frame)
        assert set(one.statuses()) == {"automatic"}


def test_back_to_automatic_also_after_saving(tmp_path: Path):
    with loaded() as one:
        one.select(3)
        draw(one, half(ring()[3]))
        assert one.scene.WriteToMRB(str(tmp_path / "s.mrb"))
    with PrivateScene() as private:
        assert private.scene.ReadFromMRB(str(tmp_path / "s.mrb"), True)
        (one,) = SeriesScene.all_in(private.scene)
        assert one.store_correction() == (3,)  # saved in the middle of a correction
        assert np.array_equal(one.mask(3), half(ring()[3]))
        one.back_to_automatic(3)
        assert np.array_equal(mask_shown(one), ring()[3])
        assert one.statuses()[3] == "automatic"


@pytest.mark.parametrize("stored", [True, False])
def test_mask_emptied_by_hand_is_a_correction_and_can_be_saved(tmp_path: Path, stored: bool):
    with loaded() as one:
        one.select(3)
        draw(one, np.zeros_like(ring()[3]))
        if stored:
            assert one.store_correction() == (3,)
        assert one.scene.WriteToMRB(str(tmp_path / "s.mrb"))
        assert one.areas()[3, 0] == (0 if stored else ring()[3].sum())
    _, segmentation, _ = read_scene(tmp_path / "s.mrb")
    assert not segmentation.masks[3].any()
    assert segmentation.status[3] == "corrected"
    assert np.array_equal(segmentation.masks[2], ring()[2])


def test_emptied_mask_can_be_drawn_again():
    with loaded() as one:
        one.select(3)
        draw(one, np.zeros_like(ring()[3]))
        one.select(4)
        one.select(3)
        draw(one, half(ring()[3]))
        one.select(0)
        assert np.array_equal(one.mask(3), half(ring()[3]))


def test_copy_to_next_frame_is_a_correction_of_that():
    with loaded() as one:
        one.select(5)
        draw(one, half(ring()[5]))
        assert one.copy_to_next(5) == 6
        assert one.frame == 6
        assert np.array_equal(mask_shown(one), half(ring()[5]))
        assert one.statuses()[5:] == ("corrected", "corrected")
        with pytest.raises(SceneError, match="frame 6 is the last"):
            one.copy_to_next(6)


def test_next_doubtful_walks_through_those_that_ask_for_a_look():
    with loaded() as one:
        posterior = make_posterior(ring())
        posterior.std[[2, 5]] *= np.array([4, 3])[:, None, None, None]
        one.show_posterior(posterior)
        assert one.doubtful().tolist() == [False, False, True, False, False, True, False]
        assert one.doubtful_first()[:2] == (2, 5)
        assert [one.next_doubtful(), one.next_doubtful(), one.next_doubtful()] == [2, 5, 2]
        one.accept(2)
        assert one.next_doubtful() == 5
        draw(one, half(ring()[5]))
        assert one.next_doubtful() is None
        assert one.statuses()[5] == "corrected"


def test_threshold_moves_automatic_masks_only():
    with loaded() as one:
        posterior = make_posterior(ring())
        posterior.mean[..., 0] = 0.3
        one.accept(1)
        one.show_posterior(posterior)
        one.set_threshold(0.25)
        masks = one.segmentation().masks
        assert masks[2, ..., 0].all()
        assert not masks[1, ..., 0].any()
        assert set(one.statuses()) == {"automatic", "accepted"}
        one.set_threshold(0.5)
        assert np.array_equal(one.segmentation().masks, ring())


def test_everything_comes_back_from_a_saved_scene(tmp_path: Path):
    with PrivateScene() as private:
        one, other = (
            load(private.scene, 2, mbf, f"sub-01_acq-{condition}")
            for condition, mbf in (("rest", 1.0), ("stress", 3.0))
        )
        one.quantify({"t1_blood": 1.6})
        other.quantify()
        show(one)
        one.set_overlay_opacity(0.35)
        one.set_threshold(0.4)
        one.accept(2)
        one.select(4)
        rows, flow = one.rows(), one.flow()
        assert private.scene.WriteToMRB(str(tmp_path / "s.mrb"))
    with PrivateScene() as private:
        assert private.scene.ReadFromMRB(str(tmp_path / "s.mrb"), True)
        one, other = SeriesScene.all_in(private.scene)
        assert (one.name, one.condition) == ("sub-01_acq-rest", "rest")
        assert (other.name, other.condition) == ("sub-01_acq-stress", "stress")
        assert repr(one.rows()) == repr(rows)
        assert one.flow() == flow
        assert one.overlay_opacity() == pytest.approx(0.35)
        assert one.threshold == 0.4
        assert one.frame == 4
        assert one.landmarks().anterior.shape == (2, 2)
        assert one.posterior().model == {"name": "test", "sha256": "0" * 64}
        assert not one.mask_node.GetDisplayNode().GetVisibility2DFill()
        assert one.uncertainty_node.GetDisplayNode().GetColorNode().GetName()
        assert one.quantify().whole.mbf == pytest.approx(1.0, abs=1e-3)


def test_two_series_of_one_name_are_both_kept(tmp_path: Path):
    with PrivateScene() as private:
        load(private.scene, mbf=1.0).accept(2)
        load(private.scene, mbf=2.0)
        assert private.scene.WriteToMRB(str(tmp_path / "s.mrb"))
    with PrivateScene() as private:
        assert private.scene.ReadFromMRB(str(tmp_path / "s.mrb"), True)
        found = SeriesScene.all_in(private.scene)
        assert [one.quantify().whole.mbf for one in found] == pytest.approx([1.0, 2.0], abs=1e-3)
        assert [one.statuses()[2] for one in found] == ["accepted", "automatic"]


def test_command_quantifies_every_series_of_a_scene_with_its_constants(tmp_path: Path):
    with PrivateScene() as private:
        load(private.scene, mbf=1.0).quantify({"labelling_efficiency": 0.5})
        load(private.scene, mbf=2.0, name="sub-02_acq-rest")
        assert private.scene.WriteToMRB(str(tmp_path / "s.mrb"))
    done = aslmyoseg("quantify", tmp_path / "s.mrb")
    first, second = json.loads(done.printed)
    assert (first["series"], second["series"]) == ("sub-01_acq-rest", "sub-02_acq-rest")
    doubled = quantify(make_series(1.0), ring(), labelling_efficiency=0.5).whole.mbf
    assert first["mbf"]["global"]["mbf"] == pytest.approx(doubled, abs=1e-4)
    assert doubled == pytest.approx(2.0, abs=0.05)  # less what flows out again
    assert second["mbf"]["global"]["mbf"] == pytest.approx(2.0, abs=1e-2)
    with pytest.raises(SeriesError, match="holds 2 series"):
        read_scene(tmp_path / "s.mrb")


def test_result_of_other_images_is_refused():
    with loaded() as one, pytest.raises(SceneError, match=r"shape \(7, 2, 40, 40\) for images of"):
        one.show_posterior(make_posterior(ring(2)))


def test_two_series_do_not_touch_each_other():
    with PrivateScene() as private:
        one, other = load(private.scene), load(private.scene, name="sub-01_acq-stress")
        assert SeriesScene.all_in(private.scene) == [one, other]
        one.select(3)
        draw(one, half(ring()[3]))
        one.select(0)
        assert one.statuses()[3] == "corrected"
        assert set(other.statuses()) == {"automatic"}
        assert other.frame == 0
        assert SeriesScene.of(other.browser) == other
        assert SeriesScene.of(None) is None
