"""Images in colours are refused as such, whatever the format."""

import numpy as np
import pytest
import SimpleITK as sitk

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import read_draft, read_series


@pytest.mark.parametrize("name", ["x.nrrd", "x.mha", "x.nii.gz", "x.png"])
@pytest.mark.parametrize("read", [read_series, read_draft])
def test_an_image_in_colours_has_no_slices_of_red_green_and_blue(name, read, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 255, (20, 24, 3), np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=True), tmp_path / name)
    with pytest.raises(SeriesError) as caught:
        read(tmp_path / name)
    assert "slices" not in str(caught.value)
    assert "magnitude images" in str(caught.value) or "colours" in str(caught.value)
