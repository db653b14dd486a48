"""Rows of the table of bad inputs for MATLAB, folders of single images, and what is no BIDS.

Each says what is wrong, what the answer must say, how it is made, and the options of the command.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import nibabel
import numpy as np
import scipy.io
import scipy.sparse
import SimpleITK as sitk
from cases import masks as mask_cases
from cases.commands import Done, aslmyoseg
from cases.formats import write_matlab
from cases.spoiling import Spoil, both, cut
from PIL import Image

from ASLMyoSegLib.io import write_volume
from ASLMyoSegLib.io.images.nrrd import write_nrrd
from ASLMyoSegLib.series import Geometry

STATED = "--volume-types m0scan,control,label --inversion-time 1.5"
PIXELS = f"{STATED} --pixel-size 3,3"
ARRAY = f"{PIXELS} --variable images --axes y,x,frame"
GRID = Geometry((3.0, 3.0, 10.0))
FRAMES = np.random.default_rng(5).integers(1, 200, (3, 1, 20, 24))
IMAGES = FRAMES[:, 0].transpose(1, 2, 0).astype(float)
"""As MATLAB has them, (y, x, frame)."""


def matlab(version: str = "5", **arrays: object) -> Spoil:
    return lambda f: write_matlab(f / "SERIES.mat", version, **arrays)


def _cells(*images: np.ndarray) -> np.ndarray:
    cells = np.empty((1, len(images)), object)
    cells[0] = images
    return cells


def _version_4(folder: Path) -> None:
    scipy.io.savemat(folder / "SERIES.mat", {"images": IMAGES[..., 0]}, format="4")


def without_h5py(*words: str) -> Done:
    with mock.patch.dict(sys.modules, {"h5py": None}):
        return aslmyoseg(*words)


MATLAB = [
    ("no such variable", "but no 'images'", matlab(pictures=IMAGES), ARRAY),
    ("several arrays, of which none is named", "say which are the images",
     matlab(rest=IMAGES, stress=IMAGES), ARRAY.replace("--variable images", "")),
    ("no numbers", "holds no array of numbers", matlab(images="none"), ARRAY),
    ("complex numbers", "complex) cannot be images; save its magnitude",
     matlab(images=IMAGES * 1j), ARRAY),
    ("a sparse matrix", "sparse) cannot be images; save it as a whole",
     matlab(images=scipy.sparse.eye(20, format="csc")), ARRAY),
    ("cells of unequal sizes", "several sizes) cannot be images; save images of one size",
     matlab(images=_cells(IMAGES[..., 0], IMAGES[:9, :, 1], IMAGES[..., 2])), ARRAY),
    ("a part of the file lacks", "ends within an array",
     both(matlab(images=IMAGES), cut("SERIES.mat", 4000)), ARRAY),
    ("a part of a compressed file lacks", "ends within an array",
     both(matlab("5, compressed", images=IMAGES), cut("SERIES.mat", 1000)), ARRAY),
    ("version 4", "of version 4, it seems", _version_4, ARRAY),
    ("text by the name of a MATLAB file", "no header of version 5",
     lambda f: (f / "SERIES.mat").write_text("no images\n" * 99), ARRAY),
    ("version 7.3, and no h5py to read it", "pip install h5py", matlab("7.3", images=IMAGES),
     ARRAY, without_h5py),
    ("a part of a file of version 7.3 lacks", "not a readable MATLAB file",
     both(matlab("7.3", images=IMAGES), cut("SERIES.mat", 4000)), ARRAY),
    ("axes that nobody states", "nothing says what the axes of images (20x24x3, double) are",
     matlab(images=IMAGES), ARRAY.replace("--axes y,x,frame", "")),
    ("axes of another number", "has 3 axes, but --axes names 4", matlab(images=IMAGES),
     ARRAY.replace("y,x,frame", "y,x,slice,frame")),
    ("an axis that there is not", "name x, y and frame once each", matlab(images=IMAGES),
     ARRAY.replace("y,x,frame", "y,x,time")),
    ("frames taken for columns", "3 volume types, but SERIES.mat has 24 frames",
     matlab(images=IMAGES), ARRAY.replace("y,x,frame", "y,frame,x")),
    ("a pixel size that nobody states", "does not say its pixel size", matlab(images=IMAGES),
     ARRAY.replace("--pixel-size 3,3", "")),
    ("volume types that nobody states", "nothing says which of its 3 frames",
     matlab(images=IMAGES), ARRAY.replace("--volume-types m0scan,control,label", "")),
]  # fmt: skip


def folder_of(**images: np.ndarray | Image.Image) -> Spoil:
    """A folder of pictures, by their names, where `_` stands before the ending."""

    def spoil(folder: Path) -> None:
        (folder / "SERIES").mkdir()
        for name, image in images.items():
            picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
            picture.save(folder / "SERIES" / name.replace("_", "."))

    return spoil


def volumes(*places: Geometry) -> Spoil:
    """A folder of volumes, one frame each, at these places."""

    def spoil(folder: Path) -> None:
        for k, place in enumerate(places):
            write_volume(folder / "SERIES" / f"{k}.nii.gz", FRAMES[k].astype(np.float32), place)

    return spoil


GREYS = {f"{k}_png": frame[0].astype(np.uint8) for k, frame in enumerate(FRAMES)}
COLOURED = np.stack([GREYS["0_png"], GREYS["1_png"], GREYS["2_png"]], -1)

FOLDERS = [
    ("pictures of several formats", "images of several formats (.png, .tif)",
     folder_of(**GREYS, **{"3_tif": GREYS["0_png"]}), PIXELS),
    ("pictures of unequal sizes", "24x9x1, where 0.png has 24x20x1",
     folder_of(**{**GREYS, "1_png": GREYS["1_png"][:9]}), PIXELS),
    ("a single picture", "nor a folder of one image for each frame",
     folder_of(**{"0_png": GREYS["0_png"]}), PIXELS),
    ("a picture in colours", "is a picture in colours",
     folder_of(**{**GREYS, "1_png": COLOURED}), PIXELS),
    ("pictures of 8 and of 16 bits", "pixels are uint16, where 0.png has uint8",
     folder_of(**{**GREYS, "1_png": FRAMES[1, 0].astype(np.uint16)}), PIXELS),
    ("a part of a picture lacks", "not a readable picture",
     both(folder_of(**GREYS), cut("SERIES/1.png", 99)), PIXELS),
    ("fewer pictures than volume types", "3 volume types, but SERIES has 2 frames",
     folder_of(**dict([*GREYS.items()][:2])), PIXELS),
    ("pictures whose pixel size nobody states", "does not say its pixel size",
     folder_of(**GREYS), STATED),
    ("axes stated of a folder", "each of its images is a frame", folder_of(**GREYS),
     f"{PIXELS} --axes x,y,frame"),
    ("a variable stated of a folder", "is no MATLAB file", folder_of(**GREYS),
     f"{PIXELS} --variable images"),
    ("volumes of several places", "its origin is not that of 0.nii.gz",
     volumes(GRID, GRID, Geometry((3.0, 3.0, 10.0), (0.0, 0.0, 7.0))), STATED),
]  # fmt: skip


def image(name: str, old: str = "", new: str = "", to: int | None = None) -> Spoil:
    """A file of the format that its name says, with a word of its header changed, or cut off."""

    def spoil(folder: Path) -> None:
        path = folder / name
        if name.endswith("rrd"):
            write_nrrd(path, FRAMES.astype(np.uint8), GRID)
        else:
            frames = [sitk.GetImageFromArray(frame.astype(np.uint8)) for frame in FRAMES]
            sitk.WriteImage(sitk.JoinSeries(frames), str(path))
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode())[:to])

    return spoil


def _pair(folder: Path, kind: type = nibabel.Nifti1Pair) -> None:
    values = FRAMES.transpose().astype(np.int16)
    nibabel.save(kind(values, np.diag([3.0, 3, 10, 1])), folder / "SERIES.img")


OTHER_FORMATS = [
    ("Analyze 7.5", "is Analyze 7.5", lambda f: _pair(f, nibabel.AnalyzeImage), STATED),
    ("a NIfTI header without its file of pixels", "SERIES.img: no such file",
     both(_pair, lambda f: (f / "SERIES.img").unlink()), STATED),
    ("a NIfTI file of pixels cut short", "SERIES.img: ends after 99 of the",
     both(_pair, cut("SERIES.img", 99)), STATED),
    ("a format that is not read", "a format that is not read",
     lambda f: (f / "SERIES.par").write_text("# PAR"), STATED),
    ("NRRD whose header ends", "ends within its header", image("SERIES.nrrd", to=60), STATED),
    ("NRRD whose pixels are not all there", "bytes of its pixels",
     image("SERIES.nrrd", "gzip", "raw "), STATED),
    ("NRRD of a size that cannot be", "sizes of '3 24 -20 1'",
     image("SERIES.nrrd", "24 20", "24 -20"), STATED),
    ("NRRD whose axes are not at right angles", "not at right angles",
     image("SERIES.nrrd", "(3.0,0.0,0.0)", "(3.0,1.0,0.0)"), STATED),
    ("NRRD whose pixels are in a file elsewhere", "outside of its folder",
     image("SERIES.nrrd", "encoding:", "data file: /etc/passwd\nencoding:"), STATED),
    ("MetaImage whose pixels are in a file that lacks", "which is missing",
     image("SERIES.mhd", "SERIES.raw", "other.raw"), STATED),
    ("MetaImage whose pixels are written as text", "written as text",
     image("SERIES.mha", "BinaryData = True", "BinaryData = False"), STATED),
    ("MetaImage of a pixel size that cannot be", "elementspacing is '-1 1 1 1'",
     image("SERIES.mha", "ElementSpacing = 1", "ElementSpacing = -1"), STATED),
    ("MetaImage whose pixels are not all there", "of its pixels are there",
     image("SERIES.mha", to=900), STATED),
]  # fmt: skip


def segmentation(**fields: str) -> Spoil:
    """Slicer's, with a segment of which these are further fields."""

    def spoil(folder: Path) -> None:
        names = {"Segment0_ID": "a", "Segment0_Name": "wall", "Segment0_LabelValue": "1"}
        ring = (np.hypot(*np.mgrid[-10:10, -12:12]) // 3 == 2)[np.newaxis]
        write_nrrd(folder / "m.seg.nrrd", ring, GRID, {**names, **fields})

    return spoil


def _across(folder: Path) -> None:
    contour = mask_cases.circle(22, 0) * (1, 1, 9)
    mask_cases.structure_set(folder / "m.dcm", {"myocardium": [contour]})


SEGMENTATION = "quantify SERIES --masks FOLDER/m.seg.nrrd"
MASKS = [
    ("an image by the name of masks", "is an image with values from",
     lambda f: write_volume(f / "masks.nii.gz", FRAMES[0].astype(np.float32) - 90, GRID),
     "quantify SERIES --masks FOLDER/masks.nii.gz"),
    ("no image", "is no image of a format that is read",
     lambda f: (f / "m.stl").write_text("solid"), "quantify SERIES --masks FOLDER/m.stl"),
    ("a segment that there is not", "has no segments 'muscle'; it has 'wall'", segmentation(),
     f"{SEGMENTATION} --segment muscle"),
    ("a segment in a layer that there is not", "layer or label of its segment 'wall' cannot be",
     segmentation(Segment0_Layer="3"), SEGMENTATION),
    ("a segmentation of Slicer that is a surface", "holds a closed surface",
     segmentation(Segmentation_SourceRepresentation="Closed surface"), SEGMENTATION),
    ("contours across the slices", "lie across the slices", _across,
     "quantify SERIES --masks FOLDER/m.dcm"),
]  # fmt: skip
