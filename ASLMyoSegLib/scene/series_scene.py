"""One ASL series in the user's scene.

The panel binds widgets and calls one function of this room at a time:

| module | holds |
|---|---|
| `series_scene` | `SeriesScene`: making, stepping, reviewing, correcting, flow, export |
| `guess` | `guess_frames`, `check_frames`: what the frames of a loaded sequence are |
| `layouts` | `LAYOUTS`, `layout_for(one)`, `show(one)`: views of a series, and its bullseye |
| `editing` | `bind_editor(one, editor, low)`: the Segment Editor's parameter node |
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

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SceneError
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from ..uncertainty.scores import THRESHOLD, mcd_uncertainty
from . import display, flow, landmarks, nodes, sequences
from .frames import FrameRow, read_rows, with_status, write_rows
from .mrml import ROLE, nodes_of
from .tables import read_flow

DOUBTFUL = 1.5
"""Times the series' median score from which a frame is marked for a look."""
PASSES = "ASLMyoSeg.passes"
CUT = "ASLMyoSeg.threshold"
CONDITION = "ASLMyoSeg.condition"
CONDITIONS = ("rest", "stress")


class SeriesScene:
    """A series as nodes: one sequence browser and what it refers to. It keeps nothing itself.

    Every method raises `SceneError` where a node that it needs was deleted.

    Attributes:
        browser: vtkMRMLSequenceBrowserNode that steps images, masks and uncertainty together.
    """

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeriesScene) and self.browser is other.browser

    def __hash__(self) -> int:
        return hash(self.browser)

    @staticmethod
    def create(scene: Any, series: ASLSeries) -> SeriesScene:
        """Put a series into a scene, with an empty mask in each frame, and set up its display."""
        return _complete(sequences.add_images(scene, series), series)

    @staticmethod
    def adopt(
        scene: Any,
        sequence: Any,
        volume_types: Sequence[str],
        inversion_times: Sequence[float],
        name: str | None = None,
    ) -> SeriesScene:
        """Make a series of a volume sequence that is loaded already; its images stay as they are.

        Args:
            scene: the one that the sequence is in.
            sequence: vtkMRMLSequenceNode of scalar volumes on one grid.
            volume_types: per frame.
            inversion_times: per frame, s; any for `m0scan`.
            name: of the series; None takes the sequence's.

        Raises:
            SeriesError: where the frames are no series; the message says why.
        """
        if sequence is None or sequence.GetScene() is not scene:
            raise SceneError("The volume sequence was deleted from the scene; load it again.")
        images, geometry = sequences.images_in(sequence)
        types = tuple(volume_types)
        times = np.array(
            [np.nan if k == "m0scan" else t for k, t in zip(types, inversion_times, strict=True)]
        )
        return _complete(
            sequence, ASLSeries(images, types, times, geometry, name or sequence.GetName())
        )

    @staticmethod
    def all_in(scene: Any) -> list[SeriesScene]:
        """Every series of a scene, in order of loading."""
        return [SeriesScene(b) for b in nodes_of(scene, "vtkMRMLSequenceBrowserNode", "series")]

    @staticmethod
    def of(browser: Any) -> SeriesScene | None:
        """The series that a browser node steps; None where it is none of ours."""
        ours = browser is not None and browser.GetAttribute(ROLE) == "series"
        return SeriesScene(browser) if ours else None

    # What the series is

    @property
    def scene(self) -> Any:
        """The vtkMRMLScene."""
        scene = self.browser.GetScene()
        if scene is None:
            raise SceneError("The series was deleted from the scene; load it again.")
        return scene

    @property
    def name(self) -> str:
        """As it was read, e.g. ``sub-01_acq-rest``."""
        return self._sequence("images").GetAttribute(sequences.NAME)

    @property
    def condition(self) -> str:
        """`rest` or `stress`."""
        return self.browser.GetAttribute(CONDITION)

    @condition.setter
    def condition(self, value: str) -> None:
        if value not in CONDITIONS:
            raise SceneError(f"{self.name}: condition {value!r}; use {' or '.join(CONDITIONS)}.")
        self.browser.SetAttribute(CONDITION, value)

    def series(self) -> ASLSeries:
        """The images and what is known of them."""
        sequence, rows = self._sequence("images"), self.rows()
        images, geometry = sequences.images_in(sequence)
        if len(images) != len(rows):
            raise SceneError(
                f"{self.name}: {len(images)} images, but {len(rows)} rows in the frame table; load "
                "the series again."
            )
        return ASLSeries(
            images,
            tuple(r.volume_type for r in rows),
            np.array([r.inversion_time for r in rows]),
            geometry,
            self.name,
            sequences.metadata_of(sequence),
        )

    # Frames

    @property
    def frame(self) -> int:
        """The one that is shown."""
        return self.browser.GetSelectedItemNumber()

    def select(self, frame: int) -> None:
        """Show a frame; what was edited in another is kept."""
        self.store_correction()
        self.browser.SetSelectedItemNumber(frame)

    def rows(self) -> tuple[FrameRow, ...]:
        """What the frame table says of each frame."""
        return read_rows(self._reference("frames", "frame table"), self.name)

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
        rows, scores = self.rows(), self.scores()
        if not self.segmented or not np.isfinite(scores).any():
            return np.array([not r.reviewed for r in rows])
        limit = DOUBTFUL * np.nanmedian(scores)
        flagged = ~(scores <= limit).all(1)
        return flagged & np.array([not r.reviewed for r in rows])

    def doubtful_first(self) -> tuple[int, ...]:
        """All frames, the most doubtful first; those without a score lead."""
        keys = [np.inf if np.isnan(r.score) else r.score for r in self.rows()]
        return tuple(int(i) for i in np.argsort([-k for k in keys], kind="stable"))

    def next_doubtful(self) -> int | None:
        """Show the next frame, most doubtful first, that asks for a look; None where none does."""
        order, doubtful = self.doubtful_first(), self.doubtful()
        here = order.index(self.frame)
        for frame in (*order[here + 1 :], *order[: here + 1]):
            if doubtful[frame]:
                self.select(frame)
                return frame
        return None

    # Masks

    @property
    def segmented(self) -> bool:
        """Whether a network's result, if only in part, is there."""
        return self.browser.GetAttribute(PASSES) is not None

    def show_posterior(
        self, posterior: Posterior, *, precision: float | None = None, seconds: float = 0.0
    ) -> None:
        """Show what the passes say by now; for partial results as well.

        Masks that a person corrected or accepted stay as they are; their maps and scores follow.

        Args:
            posterior: its masks of each pass are not kept.
            precision: that was asked for; None where a number of passes was.
            seconds: that the passes took; for the report.
        """
        self.store_correction()
        geometry = self._geometry()
        scores = mcd_uncertainty(posterior.mean, posterior.std)
        intervals = posterior.mcd_interval
        if intervals is None:
            intervals = np.full((*scores.shape, 2), np.nan)
        passes = np.broadcast_to(posterior.trials, scores.shape)
        rows = []
        for row in self.rows():
            frame = row.frame
            nodes.set_volume_array(self._data("probability", frame), posterior.mean[frame])
            nodes.set_volume_array(self._data("uncertainty", frame), posterior.std[frame])
            row = replace(
                row,
                scores=tuple(scores[frame].tolist()),
                intervals=tuple(map(tuple, intervals[frame].tolist())),
                passes=tuple(passes[frame].tolist()),
            )
            if not row.reviewed:
                mask = posterior.mean[frame] >= self.threshold
                nodes.set_segmentation_mask(self._data("masks", frame), mask, geometry)
                row = _of_mask(row, mask)
            rows.append(row)
        facts = {
            "seed": posterior.seed,
            "device": posterior.device,
            "model": posterior.model,
            "precision": precision,
            "seconds": seconds,
        }
        self.browser.SetAttribute(PASSES, json.dumps(facts))
        self._write(rows, "probability", "uncertainty", "masks")

    def posterior(self) -> Posterior | None:
        """What the passes said, without the mask of each pass; None before segmentation."""
        if not self.segmented:
            return None
        rows = self.rows()
        mean, std = (
            np.stack([nodes.volume_array(self._data(role, r.frame)) for r in rows])
            for role in ("probability", "uncertainty")
        )
        facts = self.facts()
        return Posterior(
            mean=mean,
            std=std,
            trials=np.array([r.passes for r in rows]),
            trial_masks=np.zeros((0, *mean.shape[:2], -(-mean[0, 0].size // 8)), np.uint8),
            seed=facts["seed"],
            device=facts["device"],
            model=facts["model"],
            mcd_interval=np.array([r.intervals for r in rows]),
        )

    def facts(self) -> dict[str, Any]:
        """`seed`, `device`, `model`, `precision` and `seconds` of the passes."""
        return json.loads(self.browser.GetAttribute(PASSES) or "{}")

    def segmentation(self) -> Segmentation:
        """The masks in use, with what was edited up to now."""
        self.store_correction()
        rows = self.rows()
        return Segmentation(
            np.stack([self._mask(r.frame) for r in rows]),
            tuple(r.status for r in rows),
            np.array([r.scores for r in rows]),
        )

    def store_correction(self) -> tuple[int, ...]:
        """Take note of edited masks; returns the frames that have become corrected.

        To be called when a frame is left, before the scene is saved, and when the panel is left.
        The browser writes an edit of its proxy into the frame at once, so that this finds edits
        also where a frame was left by other means.
        """
        rows, changed = list(self.rows()), []
        for index, row in enumerate(rows):
            mask = self._mask(row.frame)
            if sequences.fingerprint(mask) != row.fingerprint:
                rows[index] = replace(_of_mask(row, mask), status="corrected")
                changed.append(row.frame)
        if changed:
            self._write(rows)
        return tuple(changed)

    def accept(self, frame: int) -> None:
        """Call the mask of a frame good as it is; a corrected one stays corrected."""
        self.store_correction()
        if self.rows()[frame].status == "automatic":
            self._write(with_status(self.rows(), frame, status="accepted"))

    def back_to_automatic(self, frame: int) -> None:
        """Give a frame the network's mask again."""
        mask = nodes.volume_array(self._data("probability", frame)) >= self.threshold
        self._set_mask(frame, mask, "automatic")

    @property
    def threshold(self) -> float:
        """Mean probability from which a pixel belongs to an automatic mask."""
        return float(self.browser.GetAttribute(CUT) or THRESHOLD)

    def set_threshold(self, threshold: float) -> None:
        """Take another threshold, 0 to 1; masks that nobody corrected or accepted follow it.

        MCD Uncertainty keeps the paper's, 0.5.
        """
        if threshold == self.threshold:
            return
        self.store_correction()
        self.browser.SetAttribute(CUT, f"{threshold:g}")
        if not self.segmented:
            return
        geometry, rows = self._geometry(), []
        for row in self.rows():
            if not row.reviewed:
                mask = nodes.volume_array(self._data("probability", row.frame)) >= threshold
                nodes.set_segmentation_mask(self._data("masks", row.frame), mask, geometry)
                row = _of_mask(row, mask)
            rows.append(row)
        self._write(rows, "masks")

    def copy_to_next(self, frame: int) -> int:
        """Give the next frame the mask of this one, as a correction; returns and shows the next.

        Raises:
            SceneError: where it is the last.
        """
        self.store_correction()
        if frame + 1 >= len(self.rows()):
            raise SceneError(f"{self.name}: frame {frame} is the last; there is none to copy to.")
        self._set_mask(frame + 1, self._mask(frame), "corrected")
        self.select(frame + 1)
        return frame + 1

    def set_segmentation(self, segmentation: Segmentation) -> None:
        """Give every frame a mask and a status, as from a file."""
        geometry, rows = self._geometry(), []
        for row, mask, status in zip(
            self.rows(), segmentation.masks, segmentation.status, strict=True
        ):
            nodes.set_segmentation_mask(self._data("masks", row.frame), mask, geometry)
            rows.append(replace(_of_mask(row, mask), status=status))
        self._write(rows, "masks")

    # Nodes for widgets

    @property
    def image_node(self) -> Any:
        """Proxy of the images: the frame shown, vtkMRMLScalarVolumeNode."""
        return self._proxy("images")

    @property
    def mask_node(self) -> Any:
        """Proxy of the masks, for the Segment Editor, vtkMRMLSegmentationNode."""
        return self._proxy("masks")

    @property
    def uncertainty_node(self) -> Any:
        """Proxy of the uncertainty maps, vtkMRMLScalarVolumeNode."""
        return self._proxy("uncertainty")

    @property
    def frames_node(self) -> Any:
        """The frame table, vtkMRMLTableNode."""
        return self._reference("frames", "frame table")

    @property
    def flow_node(self) -> Any | None:
        """Table of flow, vtkMRMLTableNode; None before `quantify`."""
        return self.browser.GetNodeReference("ASLMyoSeg.flow")

    @property
    def landmarks_node(self) -> Any:
        """RV insertions, vtkMRMLMarkupsFiducialNode; made, with no positions, where it is not."""
        node = self.browser.GetNodeReference("ASLMyoSeg.landmarks")
        if node is None:
            slices = self._proxy("images").GetImageData().GetDimensions()[2]
            node = landmarks.add_node(self.scene, f"{self.shown} RV insertions", slices)
            self.browser.SetNodeReferenceID("ASLMyoSeg.landmarks", node.GetID())
        return node

    @property
    def shown(self) -> str:
        """Name for nodes."""
        return sequences.shown_name(self.name)

    def overlay_opacity(self) -> float:
        """Of the uncertainty map in the slice views, 0 to 1."""
        return display.overlay_opacity(self.uncertainty_node)

    def set_overlay_opacity(self, opacity: float) -> None:
        """Of the uncertainty map in the slice views, 0 to 1."""
        display.set_overlay_opacity(self.uncertainty_node, opacity)

    # Flow

    def landmarks(self) -> RVInsertion | None:
        """RV insertion points; None as long as not all are placed.

        Raises:
            SceneError: where points lie so that they mean nothing; the message says which.
        """
        node = self.browser.GetNodeReference("ASLMyoSeg.landmarks")
        if node is None:
            return None
        shape = self._mask(0).shape
        return landmarks.points_of(node, self._geometry(), shape, self.name)

    def set_landmarks(self, points: RVInsertion) -> None:
        """Place RV insertion points, as from a file."""
        landmarks.set_points(self.landmarks_node, points, self._geometry())

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
        """
        return flow.quantify_scene(self, dict(constants or {}), corrected_only)

    def flow(self) -> dict[int, tuple[float, float]]:
        """MBF and physiological noise (mL/g/min) by AHA segment, 0 the whole, as last measured."""
        return read_flow(self.flow_node)

    # Files

    def export(self, folder: str | Path) -> Path:
        """Write what `aslmyoseg run` writes; returns the path of the report.

        Raises:
            SceneError: before segmentation.
            OutputError: where the folder cannot be written or holds something already.
        """
        from .export import export_results

        return export_results(self, folder)

    def export_training(self, root: str | Path) -> int:
        """Add reviewed frames to a BIDS data set that `aslmyoseg train` reads; returns how many.

        Raises:
            SceneError: where no control and label frame are corrected or accepted.
            OutputError: where the data set cannot be written.
        """
        from .export import export_training

        return export_training(self, root)

    # Behind it

    def _sequence(self, role: str) -> Any:
        return self._reference(role, f"sequence of {role}")

    def _reference(self, role: str, what: str) -> Any:
        node = self.browser.GetNodeReference(f"ASLMyoSeg.{role}")
        if self.scene is None or node is None:
            name = self.browser.GetName()
            raise SceneError(f"{name}: its {what} was deleted from the scene; load it again.")
        return node

    def _data(self, role: str, frame: int) -> Any:
        node = self._sequence(role).GetNthDataNode(frame)
        if node is None:
            raise SceneError(
                f"{self.name}: frame {frame} of its {role} was deleted; load it again."
            )
        return node

    def _proxy(self, role: str) -> Any:
        node = self.browser.GetProxyNode(self._sequence(role))
        if node is None:
            raise SceneError(f"{self.name}: the node that shows its {role} was deleted.")
        return node

    def _geometry(self) -> Any:
        return nodes.geometry_of(self._data("images", 0))

    def _mask(self, frame: int) -> np.ndarray:
        image = self._data("images", 0)
        shape = image.GetImageData().GetDimensions()[::-1]
        return nodes.segmentation_mask(self._data("masks", frame), nodes.geometry_of(image), shape)

    def _set_mask(self, frame: int, mask: np.ndarray, status: str) -> None:
        nodes.set_segmentation_mask(self._data("masks", frame), mask, self._geometry())
        row = replace(_of_mask(self.rows()[frame], mask), status=status)
        self._write([row if r.frame == frame else r for r in self.rows()], "masks")

    def _write(self, rows: Sequence[FrameRow], *changed: str) -> None:
        """Keep rows, and bring what sequences were changed to the proxies and the file."""
        write_rows(self.frames_node, rows)
        for role in sequences.BROWSED:
            for row in rows:
                self._data(role, row.frame).SetAttribute("ASLMyoSeg.status", row.status)
            # A proxy that is edited is written over its frame, with its attributes.
            self._proxy(role).SetAttribute("ASLMyoSeg.status", rows[self.frame].status)
        for role in changed:
            # Written in place, so that nobody has been told; also that the file is out of date.
            self._sequence(role).StorableModified()
            self._sequence(role).Modified()


def _complete(images: Any, series: ASLSeries) -> SeriesScene:
    """Put beside a sequence of images all that makes it a series under review."""
    scene = images.GetScene()
    sequences.describe_images(images, series)
    browser = sequences.browser_for(images)
    browser.SetAttribute(ROLE, "series")
    browser.SetAttribute(CONDITION, "stress" if "stress" in series.name.lower() else "rest")
    parts = {
        role: sequences.add_beside(images, role, series)
        for role in ("masks", "uncertainty", "probability")
    }
    parts["images"] = images
    for role, sequence in parts.items():
        browser.SetNodeReferenceID(f"ASLMyoSeg.{role}", sequence.GetID())
        if role in sequences.BROWSED and role != "images":
            browser.AddSynchronizedSequenceNodeID(sequence.GetID())
        if role in sequences.BROWSED:
            browser.SetSaveChanges(sequence, role == "masks")
    browser.SetSelectedItemNumber(0)
    table = scene.AddNewNodeByClass(
        "vtkMRMLTableNode", f"{sequences.shown_name(series.name)} frames"
    )
    table.SetAttribute(ROLE, "frames")
    browser.SetNodeReferenceID("ASLMyoSeg.frames", table.GetID())
    found = SeriesScene(browser)
    empty = np.zeros(series.images.shape[1:], bool)
    rows = []
    for frame, (kind, time) in enumerate(
        zip(series.volume_types, series.inversion_time, strict=True)
    ):
        for role in sequences.BROWSED:
            data = found._data(role, frame)
            data.SetAttribute("ASLMyoSeg.volume_type", kind)
            data.SetAttribute("ASLMyoSeg.inversion_time", "" if np.isnan(time) else f"{time:.6f}")
        nothing = (np.nan,) * len(empty)
        row = FrameRow(
            frame,
            kind,
            float(time),
            "automatic",
            nothing,
            tuple((np.nan, np.nan) for _ in empty),
            (0,) * len(empty),
        )
        rows.append(_of_mask(row, empty))
    browser.Modified()  # proxies learn what their frames are
    found._write(rows)
    display.set_up(found)
    return found


def _of_mask(row: FrameRow, mask: np.ndarray) -> FrameRow:
    return replace(
        row,
        pixels=tuple(mask.sum((1, 2)).tolist()),
        fingerprint=sequences.fingerprint(mask),
    )
