"""A finished series: all that is known of it before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..io.dicom.reading import Source
from ..motion.measuring import Motion
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from .heart import Place


@dataclass(frozen=True)
class FinishedSeries:
    """What segmenting and measuring gave, and what it was made from.

    Attributes:
        series: the images, as they were segmented.
        posterior: what the passes said.
        segmentation: the masks in use.
        flow: None where there is none.
        motion: of the heart between frames.
        points: RV insertions; None where nobody placed them.
        warnings: sentences for people, but for those of motion.
        precision: that was asked for; None where the number of passes was.
        seconds: that it took.
        digest: of the files that were read; None where the images came from a scene.
        stated: what a person said of these files; None where the images came from a scene.
        flow_options: how a person wanted flow to be measured; None where a scene holds that.
        heart: where a person said that it is; None where nobody did.
        identifiers: of the patient; None where nobody asked for them.
        sources: the DICOM images, where it was made from such: results become DICOM objects too.
    """

    series: ASLSeries
    posterior: Posterior
    segmentation: Segmentation
    flow: MBFResult | None
    motion: Motion
    points: RVInsertion | None
    warnings: tuple[str, ...]
    precision: float | None
    seconds: float
    digest: str | None = None
    stated: Mapping[str, Any] | None = None
    flow_options: Mapping[str, Any] | None = None
    heart: Place | None = None
    identifiers: Mapping[str, str] | None = None
    sources: Sequence[Source] = ()
