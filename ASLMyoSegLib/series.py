"""The frozen types that travel through the library, from files to flow.

Arrays are (frame, slice, y, x); lengths mm, times s, flow mL/g/min.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .errors import SeriesError
from .geometry import Geometry, Stored, sides_of

VOLUME_TYPES = ("control", "label", "m0scan")
"""What a frame can be, in the words of BIDS (`aslcontext.tsv`)."""

STATUSES = ("automatic", "corrected", "accepted")
"""How the mask of a frame came to be."""


@dataclass(frozen=True)
class ASLSeries:
    """The images of one ASL scan.

    Attributes:
        images: float32 (frame, slice, y, x), magnitude, any scale.
        volume_types: per frame one of `VOLUME_TYPES`.
        inversion_time: float64 (frame,), s; NaN for `m0scan` frames.
        geometry: of one frame.
        name: short name for people, e.g. ``sub-01_acq-rest``.
        metadata: what the side-car said (BIDS keys), `source`, the file that was read, and `Notes`,
            a list of sentences for people on what was read.
        stored: how the images lie in their file, as they stand here (see `geometry`); None where
            they are no file's, and are taken to stand.

    Raises:
        SeriesError: where shapes or values contradict each other.
    """

    images: np.ndarray
    volume_types: tuple[str, ...]
    inversion_time: np.ndarray
    geometry: Geometry
    name: str = "series"
    metadata: dict[str, Any] = field(default_factory=dict)
    stored: Stored | None = None

    def __post_init__(self) -> None:
        where = self.metadata.get("source", self.name)
        if self.images.ndim != 4 or 0 in self.images.shape:
            raise SeriesError(
                f"{where}: images of shape {self.images.shape}, "
                "where (frame, slice, y, x) is needed."
            )
        frames = len(self.images)
        if len(self.volume_types) != frames or len(self.inversion_time) != frames:
            raise SeriesError(
                f"{where}: {frames} frames, but {len(self.volume_types)} volume types and "
                f"{len(self.inversion_time)} inversion times; give one of each per frame."
            )
        unknown = sorted(set(self.volume_types) - set(VOLUME_TYPES))
        if unknown:
            raise SeriesError(
                f"{where}: volume type {unknown[0]!r} is unknown; use {', '.join(VOLUME_TYPES)}."
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading noted for people."""
        noted = self.metadata.get("Notes")
        return tuple(map(str, noted)) if isinstance(noted, list) else ()

    @property
    def sides(self) -> str:
        """Whence its sides are known: `geometry`, `assumed` or `unknown` (see `sides_of`)."""
        return sides_of(self.geometry)

    @property
    def on_file(self) -> Stored:
        """How it lies in its file; as it stands, where it is no file's."""
        return self.stored or Stored(self.geometry)

    def only(self, frames: Sequence[int]) -> ASLSeries:
        """The series of some of its frames, in the order given."""
        return replace(
            self,
            images=self.images[list(frames)],
            volume_types=tuple(self.volume_types[frame] for frame in frames),
            inversion_time=self.inversion_time[list(frames)],
        )

    def frames_of(self, volume_type: str) -> tuple[int, ...]:
        """Indices of the frames of one volume type, in order of acquisition."""
        return tuple(i for i, kind in enumerate(self.volume_types) if kind == volume_type)


@dataclass(frozen=True)
class Posterior:
    """What N stochastic passes of the network said of each image.

    Attributes:
        mean: float32 (frame, slice, y, x), 0 to 1, mean of the passes' probabilities.
        std: float32, same shape, 0 to 0.5, their standard deviation: the uncertainty map.
        trials: int (frame, slice), N of each image.
        trial_masks: uint8 (passes, frame, slice, ceil(y * x / 8)), each pass's mask at 0.5, packed
            by `numpy.packbits` over the flattened (y, x); zero beyond an image's own N. All passes
            of usual series, the first ones of long series, none where they were not kept.
        seed: that reproduces the passes on the same machine.
        device: that computed them, e.g. ``cpu``.
        model: name and sha256 of the weights.
        mcd_interval: float64 (frame, slice, 2), where with 95 % confidence the mean MCD Uncertainty
            of repeated runs with as many passes lies; NaN where the passes do not tell. None where
            nobody asked.
        way: how the passes looked at the images, the name of an `uncertainty.ways.Way`.
        hearts: float64 (slice, 2), where the heart was looked for, pixels (y, x). None where the
            whole field was.
        astray: bool (frame, slice), images in which something else looked more like the heart at
            first than what lies where the others agree that it is. None as above.
    """

    mean: np.ndarray
    std: np.ndarray
    trials: np.ndarray
    trial_masks: np.ndarray
    seed: int
    device: str
    model: dict[str, str] = field(default_factory=dict)
    mcd_interval: np.ndarray | None = None
    way: str = "paper"
    hearts: np.ndarray | None = None
    astray: np.ndarray | None = None

    def masks_of_trial(self, trial: int) -> np.ndarray:
        """Masks of one pass, bool (frame, slice, y, x); empty where an image had no such pass."""
        frames, slices, rows, columns = self.mean.shape
        bits = np.unpackbits(self.trial_masks[trial], axis=-1, count=rows * columns)
        return bits.astype(bool).reshape(frames, slices, rows, columns)


@dataclass(frozen=True)
class Segmentation:
    """The masks in use.

    Attributes:
        masks: bool (frame, slice, y, x).
        status: per frame one of `STATUSES`.
        mcd_uncertainty: float64 (frame, slice); NaN where a mask is empty.
    """

    masks: np.ndarray
    status: tuple[str, ...]
    mcd_uncertainty: np.ndarray


@dataclass(frozen=True)
class RVInsertion:
    """The two points where the right ventricle meets the left, per slice.

    Attributes:
        anterior: float64 (slice, 2), pixel coordinates (y, x).
        inferior: float64 (slice, 2), pixel coordinates (y, x).
    """

    anterior: np.ndarray
    inferior: np.ndarray


@dataclass(frozen=True)
class SegmentFlow:
    """Blood flow of one AHA segment, or of the whole myocardium (aha 0).

    Attributes:
        aha: 1 to 16, 0 for global.
        name: e.g. ``mid anteroseptal``.
        pixels: mean number of mask pixels per control or label image.
        mbf: over pairs, mL/g/min; NaN where it cannot be computed.
        pn: physiological noise: standard deviation over pairs, mL/g/min.
        pairs: MBF of each pair, mL/g/min.
        weight: pixels alike whose mean would be as noisy, per control or label image.
        paper: MBF by the paper's formula and the plain mean over the mask, mL/g/min.
        spread: standard deviation over passes, of which pixels are muscle, mL/g/min; NaN where no
            passes are known.
        error: standard error of `mbf` of passes, pairs and constants together.
        low, high: ends of the 90 % interval of `mbf`; NaN where one pair does not tell.
        error_alone: the part of `error` that scans of one heart do not share.
        freedom: degrees of freedom of `error`.
    """

    aha: int
    name: str
    pixels: float
    mbf: float
    pn: float
    pairs: tuple[float, ...]
    weight: float = np.nan
    paper: float = np.nan
    spread: float = np.nan
    error: float = np.nan
    low: float = np.nan
    high: float = np.nan
    error_alone: float = np.nan
    freedom: float = 1.0


@dataclass(frozen=True)
class MBFResult:
    """Myocardial blood flow of one series.

    Attributes:
        whole: of all masked muscle.
        segments: one per AHA segment of the slices at hand.
        sides: whence the walls' sides are known: `points`, the RV insertions, which fix the
            rotation of the sectors as well; else as of a series: `geometry`, `assumed`, `unknown`.
        constants: `partition_coefficient` mL/g, `labelling_efficiency`, `t1_blood` s,
            `t1_myocardium` s, `arrival_time` s.
        warnings: sentences for people.
        t1_blood_from: in words, where that constant is from.
        kinetics: `general` or `paper`.
        weights: `posterior` or `mask`.
        factors: `readout`, the share of the difference over M0 that the readout leaves; `m0`, that
            measured M0 was multiplied with; `bolus_duration` s, where the bolus was cut off.
        readout_from: in words, what that factor was taken from.
        pair_weights: how much each pair counted, 0 to 1.
    """

    whole: SegmentFlow
    segments: tuple[SegmentFlow, ...]
    sides: str
    constants: dict[str, float]
    warnings: tuple[str, ...] = ()
    t1_blood_from: str = ""
    kinetics: str = "general"
    weights: str = "posterior"
    factors: dict[str, float] = field(default_factory=dict)
    readout_from: str = ""
    pair_weights: tuple[float, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """With which `perfusion.quantify` gives it again."""
        return {**self.constants, "kinetics": self.kinetics, "weights": self.weights}

    @property
    def rotation_known(self) -> bool:
        """Whether RV insertion points fixed the sectors."""
        return self.sides == "points"
