"""One ASL series in the user's scene.

The panel binds widgets and calls one function of this room at a time:

| module | holds |
|---|---|
| `series_scene` | `SeriesScene`: making, reviewing, results, flow, export |
| `series_masks` | what it is built on: stepping, correcting, steps that can be undone |
| `series_nodes` | what these are built on: the nodes of a series, for widgets |
| `opening` | `open_series`: files into a scene |
| `guess` | `guess_frames`, `check_frames`: what the frames of a loaded sequence are |
| `layouts` | `LAYOUTS`, `layout_for(one)`, `show(one)`: views of a series, and its bullseye |
| `editing` | `bind_editor(one, editor, low)`: the Segment Editor's parameter node |
| `pointing` | `start_pointing(one)`, `pointed(one)`, `forget(one)`: where the heart is |
| `landmarks` | `start_placing(node)`, `clear(node)`: RV insertion points |
| `bullseye` | `select_segment(scene, aha)`, `segment_in_view(scene, ras)` |
| `outline` | `update_outline(one)`, `segment_at(one, ras)`: the segment on the slices |

>>> with PrivateScene() as private:  # in Slicer: slicer.mrmlScene
...     one = SeriesScene.create(private.scene, read_series("sub-01_acq-rest_asl.nii.gz"))
...     one.show_posterior(posterior)
...     one.select(one.doubtful_first()[0])
...     result = one.quantify()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SceneError
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion
from ..uncertainty.scores import doubtful_images, mcd_uncertainty
from . import display, flow, landmarks, sequences
from .mrml import ROLE, nodes_of
from .pairs import pair_of
from .series_masks import SeriesMasks
from .series_nodes import add_nodes, describe
from .tables import read_flow


class SeriesScene(SeriesMasks):
    """What is done with a series; see `SeriesMasks` for its masks, `SeriesNodes` for its nodes."""

    @staticmethod
    def create(scene: Any, series: ASLSeries) -> SeriesScene:
        """Put a series into a scene, with an empty mask in each frame, and set up its display."""
        return SeriesScene(add_nodes(sequences.add_images(scene, series), series).browser)

    @staticmethod
    def adopt(
        scene: Any,
        sequence: Any,
        volume_types: Sequence[str],
        inversion_times: Sequence[float],
        name: str | None = None,
    ) -> SeriesScene:
        """Make a series of a volume sequence that is loaded already; its images stay as they are.

        One that is a series already keeps its masks, and takes the types and times.

        Args:
            scene: the one that the sequence is in.
            sequence: vtkMRMLSequenceNode of scalar volumes on one grid.
            volume_types: per frame.
            inversion_times: per frame, s; any for `m0scan`.
            name: of the series; None takes that of the file, or the sequence's.

        Raises:
            SeriesError: where the frames are no series; the message says why.
        """
        if sequence is None or sequence.GetScene() is not scene:
            raise SceneError("The volume sequence was deleted from the scene; load it again.")
        types, given = tuple(volume_types), np.array(inversion_times, float)
        times = np.where([k == "m0scan" for k in types], np.nan, given)
        name = name or sequences.name_of(sequence)
        metadata = sequences.metadata_of(sequence)
        series = sequences.series_in(sequence, types, times, metadata, name)
        for one in SeriesScene.all_in(scene):
            if one.sequence("images") is sequence:
                describe(one, types, times)
                return one
        return SeriesScene(add_nodes(sequence, series).browser)

    @staticmethod
    def all_in(scene: Any) -> list[SeriesScene]:
        """Every series of a scene of which no part was deleted, in order of loading."""
        browsers = nodes_of(scene, "vtkMRMLSequenceBrowserNode", "series")
        return [one for one in map(SeriesScene, browsers) if one.whole]

    @staticmethod
    def of(browser: Any) -> SeriesScene | None:
        """The series that a browser node steps; None where it is none of ours."""
        ours = browser is not None and browser.GetAttribute(ROLE) == "series"
        return SeriesScene(browser) if ours else None

    def counterpart(self) -> SeriesScene | None:
        """The series of the same subject at stress where this is at rest, or the other way round;
        None where there is none."""
        pair = pair_of(self.scene, self.browser)
        return next((SeriesScene(b) for b in pair.values() if b is not self.browser), None)

    # Review

    def statuses(self) -> tuple[str, ...]:
        """Per frame `automatic`, `corrected` or `accepted`."""
        return tuple(r.status for r in self.rows())

    def scores(self) -> np.ndarray:
        """MCD Uncertainty, (frame, slice); NaN where an automatic mask is empty."""
        return np.array([r.scores for r in self.rows()])

    def areas(self) -> np.ndarray:
        """Pixels of the masks in use, (frame, slice)."""
        return np.array([r.pixels for r in self.rows()])

    @property
    def score(self) -> float:
        """The series': mean MCD Uncertainty over its images; NaN before segmentation."""
        scores = self.scores()
        finite = scores[np.isfinite(scores)]
        return float(finite.mean()) if finite.size else np.nan

    def doubtful(self) -> np.ndarray:
        """Frames that a person should look at, bool (frame,): not yet reviewed, and with an image
        that has no mask or a score far above the series' median."""
        waiting = np.array([not r.reviewed for r in self.rows()])
        return waiting & doubtful_images(self.scores()).any(1)

    def doubtful_first(self) -> tuple[int, ...]:
        """All frames, the most doubtful first; those without a score lead."""
        keys = np.array([-np.inf if np.isnan(r.score) else -r.score for r in self.rows()])
        return tuple(np.argsort(keys, kind="stable").tolist())

    def next_doubtful(self, *, back: bool = False) -> int | None:
        """Show the next frame, most doubtful first, that asks for a look; None where none does.

        Args:
            back: go through them the other way.
        """
        self.store_correction()
        order, doubtful = self.doubtful_first(), self.doubtful()
        order = order[::-1] if back else order
        here = order.index(self.frame) + 1
        for frame in (*order[here:], *order[:here]):
            if doubtful[frame]:
                self.select(frame)
                return frame
        return None

    def overlay_opacity(self) -> float:
        """Of the uncertainty map in the slice views, 0 to 1."""
        return display.overlay_opacity(self.uncertainty_node)

    def set_overlay_opacity(self, opacity: float) -> None:
        """Of the uncertainty map in the slice views, 0 to 1."""
        display.set_overlay_opacity(self.uncertainty_node, opacity)

    # Segmentation

    def show_posterior(
        self, posterior: Posterior, *, precision: float | None = None, seconds: float = 0.0
    ) -> None:
        """Show what the passes say by now; for partial results as well.

        Masks that a person corrected or accepted stay as they are; their maps and scores follow.

        Args:
            posterior: its masks of each pass are not kept.
            precision: that was asked for; None where a number of passes was.
            seconds: that the passes took; for the report.

        Raises:
            SceneError: where it is the result of other images.
        """
        self.store_correction()
        shape = (len(self.rows()), *self.shape)
        if posterior.mean.shape != shape:
            raise SceneError(
                f"{self.name}: a result of shape {posterior.mean.shape} for images of {shape}; "
                "segment this series again."
            )
        scores = mcd_uncertainty(posterior.mean, posterior.std)
        intervals = posterior.mcd_interval
        if intervals is None:
            intervals = np.full((*scores.shape, 2), np.nan)
        passes = np.broadcast_to(posterior.trials, scores.shape)
        facts = {name: getattr(posterior, name) for name in ("seed", "device", "model", "way")}
        facts |= {"precision": precision, "seconds": seconds}
        if posterior.hearts is not None and posterior.astray is not None:
            facts |= {"hearts": posterior.hearts.tolist(), "astray": posterior.astray.tolist()}
        rows = []
        for row in self.rows():
            frame = row.frame
            self.put_volume("probability", frame, posterior.mean[frame])
            self.put_volume("uncertainty", frame, posterior.std[frame])
            row = replace(
                row,
                scores=tuple(scores[frame].tolist()),
                intervals=tuple(map(tuple, intervals[frame].tolist())),
                passes=tuple(passes[frame].tolist()),
            )
            if not row.reviewed:
                row = self.put_mask(row, self.automatic_mask(frame), "automatic")
            rows.append(row)
        self.set_facts(facts)
        self.write(rows, "probability", "uncertainty", "masks")

    def posterior(self) -> Posterior | None:
        """What the passes said, without the mask of each pass; None before segmentation."""
        if not self.segmented:
            return None
        rows, facts = self.rows(), self.facts()
        mean, std = (
            np.stack([self.volume(role, r.frame) for r in rows])
            for role in ("probability", "uncertainty")
        )
        return Posterior(
            mean=mean,
            std=std,
            trials=np.array([r.passes for r in rows]),
            trial_masks=np.zeros((0, *mean.shape[:2], -(-mean[0, 0].size // 8)), np.uint8),
            seed=facts["seed"],
            device=facts["device"],
            model=facts["model"],
            mcd_interval=np.array([r.intervals for r in rows]),
            way=facts.get("way", "paper"),  # scenes of earlier versions
            hearts=np.array(facts["hearts"]) if "hearts" in facts else None,
            astray=np.array(facts["astray"]) if "astray" in facts else None,
        )

    # Flow

    def landmarks(self) -> RVInsertion | None:
        """RV insertion points; None as long as not all are placed.

        Raises:
            SeriesError: where points lie so that they mean nothing; the message says which.
        """
        if self.browser.GetNodeReference("ASLMyoSeg.landmarks") is None:
            return None
        return landmarks.points_of(self.landmarks_node, self.geometry(), self.shape, self.name)

    def set_landmarks(self, points: RVInsertion) -> None:
        """Place RV insertion points, as from a file."""
        landmarks.set_points(self.landmarks_node, points, self.geometry())

    def quantify(
        self, constants: Mapping[str, float] | None = None, *, corrected_only: bool = False
    ) -> MBFResult:
        """Blood flow with the masks in use; it fills the table node and the bullseye.

        Args:
            constants: those of `perfusion.quantify`: `partition_coefficient` mL/g,
                `labelling_efficiency`, `t1_blood` s, `t1_myocardium` s. None takes the defaults.
            corrected_only: leave out pairs whose masks no person has corrected or accepted.

        Raises:
            QuantificationError: where there can be no flow; the message says why.
            SeriesError: where landmarks mean nothing.
        """
        return flow.quantify_scene(self, dict(constants or {}), corrected_only)

    def flow(self) -> dict[int, tuple[float, float]]:
        """MBF and physiological noise (mL/g/min) by AHA segment, 0 the whole, as last measured."""
        return read_flow(self.flow_node)

    # Files

    def export(self, folder: str | Path, dicom: Path | None = None) -> Path:
        """Write what `aslmyoseg run` writes; returns the path of the report.

        Args:
            folder: new or empty.
            dicom: a file of the DICOM series that the images are of; DICOM objects refer to it.

        Raises:
            SceneError: before segmentation.
            OutputError: where the folder cannot be written or holds something already.
        """
        from .export import export_job

        return export_job(self, folder, dicom).run(lambda step: None).report

    def export_training(self, root: str | Path) -> int:
        """Add reviewed frames to a BIDS data set that `aslmyoseg train` reads; returns how many.

        Raises:
            SceneError: where no control and label frame are corrected or accepted.
            OutputError: where the data set cannot be written.
        """
        from .export import export_training

        return export_training(self, root)
