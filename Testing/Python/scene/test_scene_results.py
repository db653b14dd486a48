"""Results of another run, laid on the images that are open."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.scene import draw, half, load, make_series, ring

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.scene import SeriesScene
from ASLMyoSegLib.scene.mrml import PrivateScene
from ASLMyoSegLib.scene.results import by_doubt, open_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of a series with one correction."""
    folder = tmp_path_factory.mktemp("results") / "sub-01_acq-rest"
    with PrivateScene() as private:
        one = load(private.scene)
        one.select(3)
        draw(one, half(ring()[3]))
        one.quantify()
        one.export(folder)
    return folder


def test_results_come_onto_their_series_with_corrections_and_landmarks(folder):
    with PrivateScene() as private:
        SeriesScene.create(private.scene, make_series())
        (one,) = open_results(private.scene, folder.parent).series
        assert one.statuses() == ("automatic",) * 3 + ("corrected",) + ("automatic",) * 3
        assert np.array_equal(one.segmentation().masks[3], half(ring()[3]))
        assert one.landmarks() is not None
        assert one.rows()[0].passes == (32,)
        assert one.quantify().whole.mbf == pytest.approx(1.5, rel=0.2)


def test_results_whose_images_are_not_open_say_so(folder, tmp_path):
    with PrivateScene() as private:
        with pytest.raises(SeriesError, match="images of sub-01_acq-rest are not open"):
            open_results(private.scene, folder)
        with pytest.raises(SeriesError, match="holds no results"):
            open_results(private.scene, tmp_path)


def test_the_most_doubtful_series_comes_first_and_those_without_a_result_last():
    with PrivateScene() as private:
        empty = SeriesScene.create(private.scene, make_series(name="sub-03_acq-rest"))
        sure = load(private.scene, name="sub-01_acq-rest")
        unsure = load(private.scene, name="sub-02_acq-rest")
        posterior = unsure.posterior()
        posterior.std[:] *= 2
        unsure.show_posterior(posterior)
        assert by_doubt([empty, sure, unsure]) == [unsure, sure, empty]
