"""Results as DICOM objects that refer to the images they were made from, by highdicom."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from ... import __version__
from ...series import ASLSeries, Posterior, Segmentation
from ..privacy import names_nobody
from ..terminology import CATEGORY, MYOCARDIUM
from .elements import PER_FRAME, SHARED
from .reading import Source

MAKER = "ASLMyoSeg"
DEMANDED = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime",
)  # fmt: skip
"""Elements of the images that objects copy; they are empty where images do not have them."""
YELLOW = (255, 224, 77)
NOT_WRITTEN = "No DICOM objects were written"


def write_dicom(
    folder: Path,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    flow: np.ndarray | None,
    sources: Sequence[Source],
) -> str:
    """Write a segmentation and a map of uncertainty for each frame, and one map of flow.

    The objects are of the patient and the study of the images, as DICOM demands, and refer to each
    image by its unique identifier, on its grid. There is one for each frame, as all lie in the same
    place: what reads them, such as Slicer, knows of no time within an object.

    Args:
        folder: made here, where the objects can be.
        series: the images.
        posterior: for the uncertainty.
        segmentation: the masks.
        flow: float32 (slice, y, x), mL/g/min, 0 where there is none; None where none was measured.
        sources: of `series_sources`.

    Returns:
        Why there are no objects, as a sentence; empty where they were written.
    """
    try:
        import highdicom
    except ImportError:
        return f"{NOT_WRITTEN}: they need the package highdicom (pip install highdicom)."
    headers = {s.instance: _header(s.path) for s in sources}
    if any("FrameOfReferenceUID" not in header for header in headers.values()):
        return f"{NOT_WRITTEN}: the images do not say their frame of reference (0020,0052)."
    slices = series.images.shape[1]
    by_frame = [sources[k : k + slices] for k in range(0, len(sources), slices)]
    folder.mkdir()
    try:
        with warnings.catch_warnings():  # of odd values in the headers of the images
            warnings.simplefilter("ignore")
            writer = _Writer(highdicom, headers, posterior.model, series.geometry.spacing[2])
            as_stored = series.on_file.as_stored
            for frame, images in enumerate(by_frame):
                manual = segmentation.status[frame] == "corrected"
                made = writer.mask(images, as_stored(segmentation.masks[frame]), frame, manual)
                made.save_as(folder / f"myocardium_frame-{frame:03d}.dcm")
                made = writer.uncertainty(images, as_stored(posterior.std[frame]), frame)
                made.save_as(folder / f"uncertainty_frame-{frame:03d}.dcm")
            if flow is not None:
                writer.flow(by_frame[0], as_stored(flow)).save_as(folder / "flow.dcm")
    except OSError:
        raise
    except Exception as error:  # whatever is odd in the images' headers: other results stand
        shutil.rmtree(folder)
        reason = " ".join(str(error).split())[:160]
        patient = {k: headers[sources[0].instance].get(k) for k in ("PatientName", "PatientID")}
        reason = reason if names_nobody(reason, patient) else type(error).__name__
        return f"{NOT_WRITTEN}: the headers of the images do not allow it ({reason})."
    return ""


class _Writer:
    """Makes the objects of one series.

    Args:
        highdicom: the library.
        headers: of the images, by unique identifier.
        model: name and sha256 of the weights.
        thickness: of a slice, mm.
    """

    def __init__(
        self,
        highdicom: Any,
        headers: Mapping[str, pydicom.Dataset],
        model: Mapping[str, str],
        thickness: float,
    ) -> None:
        self._library, self._headers, self._thickness = highdicom, headers, thickness
        self._codes = pydicom.sr.codedict.codes
        self._model = {key: value[:64] for key, value in model.items()}
        self._base = 100 * int(next(iter(headers.values())).get("SeriesNumber") or 0)
        self._series = {kind: highdicom.UID() for kind in ("mask", "uncertainty", "flow")}
        self._tracked = highdicom.UID()

    def mask(
        self, images: Sequence[Source], masks: np.ndarray, frame: int, manual: bool
    ) -> pydicom.Dataset:
        """Segmentation of (slice, y, x); `manual` where a person corrected it."""
        library, seg, sr = self._library, self._library.seg, self._library.sr
        description = seg.SegmentDescription(
            segment_number=1,
            segment_label="Myocardium",
            segmented_property_category=sr.CodedConcept(CATEGORY.value, "SCT", CATEGORY.meaning),
            segmented_property_type=sr.CodedConcept(MYOCARDIUM.value, "SCT", MYOCARDIUM.meaning),
            algorithm_type="SEMIAUTOMATIC" if manual else "AUTOMATIC",
            algorithm_identification=library.AlgorithmIdentificationSequence(
                name=MAKER,
                family=self._codes.cid7162.ArtificialIntelligence,
                version=__version__,
                parameters=self._model or None,
            ),
            tracking_uid=self._tracked,
            tracking_id="Left ventricle myocardium",
            display_color=library.color.CIELabColor.from_rgb(*YELLOW),
        )
        made = seg.Segmentation(
            source_images=self._images(images),
            pixel_array=masks.astype(np.uint8),
            segmentation_type="BINARY",
            segment_descriptions=[description],
            content_label="MYOCARDIUM",
            content_description=f"Left ventricular myocardium, frame {frame}",
            omit_empty_frames=False,
            **self._common("mask", frame + 1, "Myocardium by ASLMyoSeg"),
        )
        return self._complete(made, images)

    def uncertainty(self, images: Sequence[Source], std: np.ndarray, frame: int) -> pydicom.Dataset:
        """Map of the standard deviation of probability over the passes, (slice, y, x)."""
        return self._map(
            images,
            std,
            "uncertainty",
            frame + 1,
            "Uncertainty of the myocardium's outline",
            unit=self._codes.UCUM.NoUnits,
            quantity=self._codes.SCT.StandardDeviation,
            derivation=self._codes.cid7203.SegmentationImageDerivation,
            top=0.5,
        )

    def flow(self, images: Sequence[Source], flow: np.ndarray) -> pydicom.Dataset:
        """Map of blood flow, (slice, y, x), made from all images of the series."""
        ours = {source.instance for source in images}
        others = [header for uid, header in self._headers.items() if uid not in ours]
        return self._map(
            images,
            flow,
            "flow",
            1,
            "Myocardial blood flow by AHA segment",
            unit=self._codes.cid83.MilliliterPerMinutePerGram,
            quantity=self._codes.DCM.AbsoluteRegionalBloodFlow,
            derivation=self._codes.cid7203.PerfusionImageAnalysis,
            top=max(1.0, float(flow.max())),
            further_source_images=others,
        )

    def _map(
        self, images: Sequence[Source], values: np.ndarray, kind: str, number: int, title: str,
        *, unit: Any, quantity: Any, top: float, **others: Any,
    ) -> pydicom.Dataset:  # fmt: skip
        """`top` is the value that is shown brightest."""
        library = self._library
        mapping = library.pm.RealWorldValueMapping(
            lut_label=kind.upper(),
            lut_explanation=title,
            unit=unit,
            value_range=(0.0, max(top, float(values.max()))),
            slope=1.0,
            intercept=0.0,
            quantity_definition=quantity,
        )
        made = library.pm.ParametricMap(
            source_images=self._images(images),
            pixel_array=values.astype(np.float32),
            contains_recognizable_visual_features=False,
            real_world_value_mappings=[mapping],
            voi_lut_transformations=[
                library.VOILUTTransformation(top / 2, top, voi_lut_function="LINEAR_EXACT")
            ],
            content_label=kind.upper(),
            content_description=title,
            **self._common(kind, number, f"{kind.capitalize()} by ASLMyoSeg"),
            **others,
        )
        # Readers of Slicer end the process where it lacks.
        anatomy = pydicom.Dataset()
        anatomy.AnatomicRegionSequence = [
            library.sr.CodedConcept(MYOCARDIUM.value, "SCT", MYOCARDIUM.meaning)
        ]
        anatomy.FrameLaterality = "U"
        made[SHARED].value[0].FrameAnatomySequence = [anatomy]
        return self._complete(made, images)

    def _common(self, kind: str, instance: int, description: str) -> dict[str, Any]:
        return {
            "series_instance_uid": self._series[kind],
            "series_number": self._base + 1 + list(self._series).index(kind),
            "series_description": description,
            "sop_instance_uid": self._library.UID(),
            "instance_number": instance,
            "manufacturer": MAKER,
            "manufacturer_model_name": MAKER,
            "software_versions": __version__,
            "device_serial_number": __version__,
        }

    def _complete(self, made: pydicom.Dataset, images: Sequence[Source]) -> pydicom.Dataset:
        """What the library leaves out, and the numbers of frames in the objects of the images."""
        made.BodyPartExamined = "HEART"
        if "ContentCreatorName" not in made:
            made.ContentCreatorName = None
        (measures,) = made[SHARED].value[0].PixelMeasuresSequence
        if len(images) == 1:  # where the library knows no distance
            measures.SpacingBetweenSlices = f"{self._thickness:.10g}"
        for group in made[PER_FRAME].value:
            for derivation in group.get("DerivationImageSequence") or ():
                for item in derivation.SourceImageSequence:
                    if "ReferencedFrameNumber" in item:
                        item.ReferencedFrameNumber = images[item.ReferencedFrameNumber - 1].number
        return _ascending(made)

    def _images(self, images: Sequence[Source]) -> list[pydicom.Dataset]:
        """Headers of the images of one frame; of an object with others, one of these alone."""
        if images[0].number is None:
            return [self._headers[source.instance] for source in images]
        (instance,) = {source.instance for source in images}
        return [_of_frames(self._headers[instance], [s.number or 1 for s in images])]


def _header(path: Path) -> pydicom.Dataset:
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    for keyword in DEMANDED:
        if keyword not in dataset:
            setattr(dataset, keyword, None)
    return dataset


def _of_frames(header: pydicom.Dataset, numbers: Sequence[int]) -> pydicom.Dataset:
    """A header with only these frames of an object, numbered from 1."""
    groups = [header[PER_FRAME].value[number - 1] for number in numbers]
    shared = _copy(header[SHARED].value[0])
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if keyword not in shared:
            setattr(shared, keyword, groups[0][keyword].value)
    alone = _copy(header, SHARED, PER_FRAME, "NumberOfFrames")
    setattr(alone, SHARED, [shared])
    setattr(alone, PER_FRAME, groups)
    alone.NumberOfFrames = len(numbers)
    return alone


def _ascending(made: pydicom.Dataset) -> pydicom.Dataset:
    """With frames in the order of their positions along the normal, on which readers rely that put
    one upon the other; the library has the opposite order."""
    groups = list(made[PER_FRAME].value)
    along, down = np.reshape(
        made[SHARED].value[0].PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3)
    )
    positions = [group.PlanePositionSequence[0].ImagePositionPatient for group in groups]
    order = np.argsort(np.array(positions, float) @ np.cross(along, down), kind="stable")
    groups = [groups[k] for k in order]
    for index, group in enumerate(groups, start=1):
        content = group.FrameContentSequence[0]
        values = content.DimensionIndexValues
        content.DimensionIndexValues = [*list(values)[:-1], index] if np.iterable(values) else index
    setattr(made, PER_FRAME, groups)
    size = made.Rows * made.Columns
    if "FloatPixelData" in made:
        values = np.frombuffer(made.FloatPixelData, "<f4").reshape(len(order), size)
        made.FloatPixelData = values[order].tobytes()
    else:
        bits = np.unpackbits(
            np.frombuffer(made.PixelData, np.uint8), count=len(order) * size, bitorder="little"
        )
        packed = np.packbits(bits.reshape(len(order), size)[order], bitorder="little").tobytes()
        made.PixelData = packed + b"\0" * (len(packed) % 2)
    return made


def _copy(dataset: pydicom.Dataset, *without: str) -> pydicom.Dataset:
    """With the same elements; those that are to be set anew left out."""
    copy = pydicom.Dataset()
    copy.update({e.tag: e for e in dataset if e.keyword not in without})
    return copy
