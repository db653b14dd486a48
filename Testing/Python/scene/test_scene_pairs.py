"""Rest and stress of one subject side by side, in a view of any shape."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.scene import load, loaded
from vtk.util.numpy_support import vtk_to_numpy

from ASLMyoSegLib.scene import bullseye, discs, landmarks
from ASLMyoSegLib.scene.mrml import PrivateScene, vtk
from ASLMyoSegLib.scene.pairs import OPENED


def test_segments_that_are_turned_differently_have_no_ratio():
    with PrivateScene() as private:
        rest = load(private.scene, name="sub-01_acq-rest", mbf=1.0)
        stress = load(private.scene, name="sub-01_acq-stress", mbf=3.0)
        for one in (rest, stress):
            one.quantify()
        (reserve,) = bullseye._discs(private.scene)[1]
        assert np.isfinite(list(reserve.values.values())).all()
        landmarks.clear(rest.landmarks_node)
        rest.quantify()
        (reserve,) = bullseye._discs(private.scene)[1]
        assert np.isnan(list(reserve.values.values())).all()
        assert reserve.note == "segments not compared: no RV insertions at rest"
        assert reserve.title[1].startswith("stress / rest  3.00")


def test_a_subject_who_is_opened_twice_is_paired_with_what_was_opened_along():
    with PrivateScene() as private:
        first = [load(private.scene, name=f"sub-01_acq-{c}") for c in ("rest", "stress")]
        second = [load(private.scene, name=f"sub-01_acq-{c}") for c in ("rest", "stress")]
        for together, opened in (("a", first), ("b", second)):
            for one in opened:
                one.browser.SetAttribute(OPENED, together)
        assert second[0].counterpart() == second[1]
        assert first[0].counterpart() == first[1]
        assert first[1].counterpart() == first[0]


def test_the_whole_bullseye_is_seen_in_narrow_views():
    with loaded() as one:
        one.quantify()
        bullseye.show_series(one.scene, one.browser)
        camera = one.scene.GetSingletonNode(bullseye.VIEW, "vtkMRMLCameraNode")
        for width, height in ((600, 600), (200, 600), (900, 300)):
            bullseye.fit_view(one.scene, width, height)
            half = camera.GetParallelScale()
            assert half >= 75
            assert half * width / height >= 60


def test_no_number_of_the_bullseye_lies_on_a_border_of_its_rings():
    disc = discs.Disc(("", ""), dict.fromkeys(range(1, 17), 4.44), "", 0.0)
    ink = discs.text_mesh([disc], lambda *_: (0.0, 0.0, 0.0))
    x, _, y = vtk_to_numpy(ink.GetPoints().GetData()).T
    radius = np.hypot(x, y) / discs.RADIUS
    inside = radius < 1
    assert inside.sum() > 500
    for border in (0.5, 0.75, 1.0):
        assert (np.abs(radius[inside] - border) > 0.005).all()


def test_segments_whose_flow_may_be_that_of_the_ring_are_hatched_within_themselves():
    disc = discs.Disc(("", ""), dict.fromkeys(range(1, 17), 1.0), "", 0.0, frozenset({2, 14}))
    stripes = discs.hatch_mesh([disc])
    middles = vtk.vtkCellCenters()
    middles.SetInputData(stripes)
    middles.Update()
    x, front, y = vtk_to_numpy(middles.GetOutput().GetPoints().GetData()).T
    assert {disc.segment_at(-a, b) for a, b in zip(x, y, strict=True)} == {2, 14}
    assert (front > 0).all()
    plain = discs.Disc(("", ""), disc.values, "", 0.0)
    assert discs.hatch_mesh([plain]).GetNumberOfCells() == 0
