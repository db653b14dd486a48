"""One simulated scan: anatomy, signal, motion, acquisition and observer put together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..perfusion.aha import RING_NAMES
from ..perfusion.kinetics import null_time
from ..series import ASLSeries, Geometry, RVInsertion
from . import anatomy as tissue
from .acquisition import (
    MATRIX,
    OVERSAMPLING,
    Receiver,
    acquire,
    draw_padding,
    draw_receiver,
    smooth_field,
)
from .anatomy import SliceAnatomy, draw_anatomy
from .observer import Observer
from .population import TYPICAL, Population
from .signal import Physiology, TissueProperties, draw_tissues, signal_of_labels

PAIRS = 6
"""Of a scan of one slice or three."""
SLICE_THICKNESS = 10.0
NOISE = 0.0100
"""Noise of the image at the heart over the signal of fully relaxed water; set so that contrast to
noise is the paper's (see `contrast_to_noise`)."""


@dataclass(frozen=True)
class Truth:
    """What only a simulation knows.

    Attributes:
        fraction: float32 (frame, slice, y, x), share of each pixel that is LV wall.
        observer: bool, same shape, the reference masks that a person would draw.
        second_observer: bool, same shape, those of another person, as careful as the first.
        rv_insertion: of the first frame.
        mbf: mL/g/min, per AHA segment present.
        noise_sd: float (slice, y, x), standard deviation of the image noise.
        blood: float32 (frame, slice, y, x), share of each pixel that is blood of the LV cavity.
    """

    fraction: np.ndarray
    observer: np.ndarray
    second_observer: np.ndarray
    rv_insertion: RVInsertion
    mbf: dict[int, float]
    noise_sd: np.ndarray
    blood: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """The exact mask: pixels of which at least half is LV wall."""
        return self.fraction >= 0.5


def simulate_subject(
    seed: int,
    subject: int,
    condition: str = "rest",
    *,
    slices: int = 1,
    heartbeats: int | None = None,
    population: Population = TYPICAL,
    defect: float | None = None,
) -> tuple[ASLSeries, Truth]:
    """Simulate one scan. The same arguments give the same scan.

    Args:
        seed: of the cohort.
        subject: from 1; rest and stress of a subject share anatomy and tissues.
        condition: `rest` (MBF about 1 mL/g/min) or `stress` (2 to 4).
        slices: 1 is mid; more are shared out in thirds from base to apex.
        heartbeats: from inversion to image; None waits one or two until the muscle has recovered
            past its null, as operators do.
        population: that the subject and the protocol are drawn from.
        defect: share of its flow that one territory has under stress; None leaves it to chance.
    """
    person = np.random.default_rng([seed, subject])
    # Slices follow each other from the apex upwards, as the normal of the geometry does.
    slice_anatomy = draw_anatomy(person, _rings(slices), population)[::-1]
    pixel = 2.6 + 1.2 * person.beta(1.2, 2.0)
    tissues = draw_tissues(person, population)
    observer = Observer.draw(person, pixel)
    # With numbers of its own, so that the scan is the same whoever looks at it.
    apart = np.random.default_rng([seed, subject, condition == "stress", 2])
    second = Observer.draw(np.random.default_rng([seed, subject, 2, 2]), pixel)
    rest = _draw_physiology(person, population)
    stress = _under_stress(person, rest)
    if defect is not None:
        stress = _with_defect(stress, np.random.default_rng([seed, subject, 3]), defect)
    rng = np.random.default_rng([seed, subject, condition == "stress"])
    physiology = stress if condition == "stress" else rest

    if population.inversion_time is None:
        beats = heartbeats or _beats_past_null(physiology.heart_period, tissues)
        nominal = physiology.heart_period * beats
    else:
        nominal = float(rng.uniform(*population.inversion_time))
    types = ("m0scan", *("control", "label") * PAIRS)
    jitter = rng.uniform(0.0006, 0.0016)
    frames = [
        _FramePlan(
            kind,
            nominal * (1 + jitter * rng.normal()),
            float(np.clip(physiology.inflow * (1 + 0.01 * rng.normal()), 0.0, 1.0)),
            1 + 0.0005 * rng.normal(),
            _draw_shift(rng),
        )
        for kind in types
    ]
    readers = ((observer, rng), (second, apart))
    results = [
        _simulate_slice(rng, a, tissues, physiology, frames, pixel, readers, population)
        for a in slice_anatomy
    ]
    images, fraction, blood, masks, other_masks, noise_sd = (
        np.stack(part, axis=0 if i == 5 else 1) for i, part in enumerate(zip(*results, strict=True))
    )
    points = np.array([_to_pixel(a.insertion_points(), pixel) for a in slice_anatomy])
    present = sorted(
        {int(v) for a in slice_anatomy for v in a.segment(np.linspace(0, 2 * np.pi, 720))}
    )
    series = ASLSeries(
        images=(images * 1000).astype(np.float32),
        volume_types=types,
        inversion_time=np.array([np.nan if t == "m0scan" else nominal for t in types]),
        geometry=_short_axis_geometry(rng, pixel),
        name=f"sub-{subject:02d}_acq-{condition}",
        metadata={
            "MagneticFieldStrength": 3.0,
            "MRAcquisitionType": "2D",
            "FlipAngle": 50.0,
            "EchoTime": 0.0015,
            "RepetitionTimePreparation": 6.0,
            "SliceTiming": [0.0] * slices,
            "SliceThickness": SLICE_THICKNESS,
            "Manufacturer": "ASLMyoSeg digital phantom",
        },
    )
    truth = Truth(
        fraction=fraction,
        observer=masks,
        second_observer=other_masks,
        rv_insertion=RVInsertion(anterior=points[:, 0], inferior=points[:, 1]),
        mbf={s: float(physiology.mbf[s]) for s in present},
        noise_sd=noise_sd * 1000,
        blood=blood,
    )
    return series, truth


def _rings(slices: int) -> tuple[str, ...]:
    """The ring of each slice from the base, as flow has it (`perfusion.aha.rings_of`)."""
    if slices == 1:
        return ("mid",)
    return tuple(RING_NAMES[3 * k // max(slices, 3)] for k in range(slices))


def contrast_to_noise(series: ASLSeries, truth: Truth) -> dict[str, np.ndarray]:
    """Blood-to-myocardium contrast-to-noise ratio of every control and every label image.

    Definition: absolute difference of the mean signal in pixels that are wholly blood of the LV
    cavity and wholly LV wall, over the mean standard deviation of the image noise in the wall.
    """
    ratios = {}
    for kind in ("control", "label"):
        values = []
        for frame in series.frames_of(kind):
            for k, image in enumerate(series.images[frame]):
                wall = truth.fraction[frame, k] > 0.99
                blood = truth.blood[frame, k] > 0.99
                contrast = abs(float(image[blood].mean() - image[wall].mean()))
                values.append(contrast / float(truth.noise_sd[k][wall].mean()))
        ratios[kind] = np.array(values)
    return ratios


@dataclass(frozen=True)
class _FramePlan:
    volume_type: str
    inversion_time: float
    inflow: float
    gain: float
    shift: np.ndarray


def _simulate_slice(
    rng: np.random.Generator,
    anatomy: SliceAnatomy,
    tissues: TissueProperties,
    physiology: Physiology,
    frames: list[_FramePlan],
    pixel: float,
    readers: tuple[tuple[Observer, np.random.Generator], ...],
    population: Population,
) -> tuple[np.ndarray, ...]:
    x, y = _grid(pixel, OVERSAMPLING)
    coarse_x, coarse_y = _grid(pixel, 1)
    centre = _to_pixel(np.array([anatomy.centre]), pixel)[0].round().astype(int)
    receiver = draw_receiver(rng, NOISE * rng.uniform(*population.noise), tuple(centre))
    receiver = _normalise_noise(receiver, tuple(centre))
    texture = 1 + population.texture * smooth_field(rng, x.shape, 0.035)
    static = np.hypot(x - anatomy.centre[0], y - anatomy.centre[1])
    near = 1 / (1 + np.exp((static - 85.0) / 8.0))
    still = anatomy.draw(x, y)
    images, fractions, bloods = [], [], []
    masks: tuple[list[np.ndarray], ...] = tuple([] for _ in readers)
    for plan in frames:
        bend = [0.2 * smooth_field(rng, (MATRIX, MATRIX), 0.15) for _ in range(2)]
        dx, dy = plan.shift[0] + bend[0], plan.shift[1] + bend[1]
        moved_x = x - near * np.kron(dx, np.ones((OVERSAMPLING,) * 2))
        moved_y = y - near * np.kron(dy, np.ones((OVERSAMPLING,) * 2))
        at = _nearest(moved_x, moved_y, pixel)
        labels = still[at]
        signal = signal_of_labels(
            tissues, physiology, plan.volume_type, plan.inversion_time, plan.inflow
        )
        images.append(acquire(rng, plan.gain * signal[labels] * texture[at], receiver))
        fractions.append(_share(labels > tissue.MYOCARDIUM))
        inside, _ = anatomy.to_polar(moved_x, moved_y)
        bloods.append(_share((labels == tissue.LV_BLOOD) & (inside < 40.0)))
        for drawn, (reader, hand) in zip(masks, readers, strict=True):
            drawn.append(reader.outline(hand, anatomy, coarse_x - dx, coarse_y - dy))
    if population.padding:
        images = [*map(draw_padding(rng, population.padding), images)]
    stacks = (np.stack(part) for part in (images, fractions, bloods, *masks))
    return (*stacks, receiver.noise_sd())


def _draw_physiology(rng: np.random.Generator, population: Population) -> Physiology:
    mbf = np.clip(rng.normal(1.0, 0.18), 0.6, 1.5) * (1 + 0.07 * rng.normal(size=17))
    return Physiology(
        mbf=mbf,
        heart_period=float(np.clip(rng.normal(0.90, 0.08), 0.72, 1.1)),
        inflow=float(rng.uniform(*population.inflow)),
        efficiency=float(rng.uniform(0.94, 1.0)),
    )


def _under_stress(rng: np.random.Generator, rest: Physiology) -> Physiology:
    """Vasodilatation: flow up to 2 to 4 mL/g/min, a faster heart, in some a territory spared."""
    reserve = rng.uniform(2.0, 4.0) / rest.mbf[1:].mean()
    mbf = rest.mbf * reserve * (1 + 0.06 * rng.normal(size=17))
    if rng.random() < 0.35:
        # Neighbours in a ring share a coronary territory.
        first, spared = rng.integers(0, 6), rng.uniform(0.3, 0.65)
        for step in range(rng.integers(1, 4)):
            sector = (first + step) % 6
            mbf[[1 + sector, 7 + sector]] *= spared
            mbf[13 + sector * 4 // 6] = rest.mbf[13 + sector * 4 // 6] * reserve * spared
    return Physiology(
        mbf=mbf,
        heart_period=float(np.clip(rest.heart_period - rng.uniform(0.10, 0.25), 0.58, 0.95)),
        inflow=rest.inflow,
        efficiency=rest.efficiency,
    )


def _with_defect(stress: Physiology, rng: np.random.Generator, share: float) -> Physiology:
    """The flow of all muscle under stress evened out, but for a third of each ring, neighbours that
    share a coronary territory, where it is that share of the rest's."""
    mbf = np.full(17, np.max(stress.mbf[1:])) * (1 + 0.06 * rng.normal(size=17))
    for sector in (rng.integers(0, 6) + np.arange(2)) % 6:
        mbf[[1 + sector, 7 + sector]] *= share
        mbf[13 + sector * 4 // 6] = mbf.max() * share
    return replace(stress, mbf=mbf)


def _beats_past_null(heart_period: float, tissues: TissueProperties) -> int:
    null = null_time(float(tissues.t1[tissue.MYOCARDIUM]))
    return 1 if heart_period > 1.3 * null else 2


def _draw_shift(rng: np.random.Generator) -> np.ndarray:
    """Where breathing leaves the heart in a frame, mm (x, y); now and then a breath-hold fails."""
    shift = rng.normal(0.0, [0.35, 0.65])
    if rng.random() < 0.06:
        shift += rng.normal(0.0, [1.5, 4.0])
    return shift


def _normalise_noise(receiver: Receiver, centre: tuple[int, int]) -> Receiver:
    """Scale the noise so that the image at the heart has the standard deviation asked for."""
    around = (slice(centre[0] - 8, centre[0] + 9), slice(centre[1] - 8, centre[1] + 9))
    excess = receiver.noise_sd()[around].mean() / receiver.noise
    return Receiver(
        receiver.sensitivity, receiver.unfold, receiver.shading, receiver.noise / excess
    )


def _grid(pixel: float, fine: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in mm of the pixels of a grid `fine` times finer than the matrix, y up."""
    at = ((np.arange(MATRIX * fine) + 0.5) / fine - MATRIX / 2) * pixel
    return np.meshgrid(at, -at)


def _to_pixel(points: np.ndarray, pixel: float) -> np.ndarray:
    """Pixel coordinates (y, x) of points (x, y) in mm, y up."""
    x, y = points[:, 0], points[:, 1]
    return np.stack([-y / pixel, x / pixel], axis=1) + MATRIX / 2 - 0.5


def _nearest(x: np.ndarray, y: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Row and column on the fine grid nearest to positions in mm."""
    fine = MATRIX * OVERSAMPLING
    step = OVERSAMPLING / pixel
    column = np.clip((x * step + fine / 2).astype(np.int32), 0, fine - 1)
    row = np.clip((-y * step + fine / 2).astype(np.int32), 0, fine - 1)
    return row, column


def _share(inside: np.ndarray) -> np.ndarray:
    blocks = inside.reshape(MATRIX, OVERSAMPLING, MATRIX, OVERSAMPLING)
    return blocks.mean((1, 3), dtype=np.float32)


def _short_axis_geometry(rng: np.random.Generator, pixel: float) -> Geometry:
    """A double-oblique short-axis plane, LPS, seen from the apex: septum left, anterior wall up.

    The normal points from the apex, which is left, in front and below, to the base.
    """
    tilt = np.radians(rng.normal([45.0, 35.0], 5.0))
    across = np.array([np.cos(tilt[0]), np.sin(tilt[0]), 0.0])
    normal = np.array([-np.sin(tilt[0]), np.cos(tilt[0]), 0.0]) * np.cos(tilt[1])
    normal += np.array([0.0, 0.0, np.sin(tilt[1])])
    down = np.cross(normal, across)
    direction = np.stack([across, down, normal], axis=1)
    corner = -(MATRIX - 1) / 2 * pixel * (across + down)
    spacing = (round(float(pixel), 4),) * 2 + (SLICE_THICKNESS,)
    return Geometry(spacing, tuple(corner.round(4).tolist()), tuple(direction.ravel().tolist()))
