"""The nodes that make up a series, found from its sequence browser, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import SceneError
from ..geometry import AXES, Geometry, Stored
from ..series import ASLSeries
from ..uncertainty.scores import THRESHOLD
from . import display, hierarchy, landmarks, nodes, sequences
from .bullseye import update_bullseye
from .frames import FrameRow, read_rows, write_rows
from .mrml import ROLE
from .pairs import CONDITION, CONDITIONS

CUT = "ASLMyoSeg.threshold"
PASSES = "ASLMyoSeg.passes"
STATUS = "ASLMyoSeg.status"
KIND, INVERSION_TIME = "ASLMyoSeg.volume_type", "ASLMyoSeg.inversion_time"
"""Attributes of the frames' nodes."""
KEPT = (*sequences.BROWSED, "probability")
"""Sequences of a series; the last keeps automatic masks, so that one can go back to them."""


class SeriesNodes:
    """What a series consists of: a browser, and what it refers to. It keeps nothing itself.

    Every method raises `SceneError` where a node that it needs was deleted.

    Attributes:
        browser: vtkMRMLSequenceBrowserNode that steps images, masks and uncertainty together.
    """

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeriesNodes) and self.browser is other.browser

    def __hash__(self) -> int:
        return hash(self.browser)

    @property
    def scene(self) -> Any:
        """The vtkMRMLScene."""
        scene = self.browser.GetScene()
        if scene is None:
            raise SceneError("The series was deleted from the scene; load it again.")
        return scene

    @property
    def whole(self) -> bool:
        """Whether all nodes are there that every series has."""
        roles = (*KEPT, "frames")
        return all(self.browser.GetNodeReference(f"ASLMyoSeg.{role}") for role in roles)

    @property
    def name(self) -> str:
        """As it was read, e.g. ``sub-01_acq-rest``."""
        return self.browser.GetAttribute(sequences.NAME)

    @property
    def shown(self) -> str:
        """The name for nodes."""
        return sequences.shown_name(self.name)

    @property
    def condition(self) -> str:
        """`rest` or `stress`; the name tells, until it is set."""
        return self.browser.GetAttribute(CONDITION)

    @condition.setter
    def condition(self, value: str) -> None:
        if value not in CONDITIONS:
            raise SceneError(f"{self.name}: condition {value!r}; use {' or '.join(CONDITIONS)}.")
        self.browser.SetAttribute(CONDITION, value)
        if self.flow_node is not None:
            update_bullseye(self.scene)

    @property
    def threshold(self) -> float:
        """Mean probability from which a pixel belongs to an automatic mask."""
        return float(self.browser.GetAttribute(CUT) or THRESHOLD)

    @property
    def frame(self) -> int:
        """The one that is shown."""
        return self.browser.GetSelectedItemNumber()

    def series(self) -> ASLSeries:
        """The images and what is known of them."""
        sequence, rows = self.sequence("images"), self.rows()
        count = sequence.GetNumberOfDataNodes()
        if count != len(rows):
            raise SceneError(
                f"{self.name}: {count} images, but {len(rows)} rows in the frame table; load "
                "the series again."
            )
        return sequences.series_in(
            sequence,
            [r.volume_type for r in rows],
            np.array([r.inversion_time for r in rows]),
            self.metadata,
            self.name,
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """What the side-car or the DICOM header of the images said."""
        return sequences.metadata_of(self.sequence("images"))

    def rows(self) -> tuple[FrameRow, ...]:
        """What the frame table says of each frame."""
        return read_rows(self.frames_node, self.name)

    # Nodes for widgets

    @property
    def image_node(self) -> Any:
        """Proxy of the images: the frame shown, vtkMRMLScalarVolumeNode."""
        return self.proxy("images")

    @property
    def mask_node(self) -> Any:
        """Proxy of the masks, for the Segment Editor, vtkMRMLSegmentationNode."""
        return self.proxy("masks")

    @property
    def uncertainty_node(self) -> Any:
        """Proxy of the uncertainty maps, vtkMRMLScalarVolumeNode."""
        return self.proxy("uncertainty")

    @property
    def frames_node(self) -> Any:
        """The frame table, vtkMRMLTableNode."""
        return self._reference("frames", "frame table")

    @property
    def flow_node(self) -> Any | None:
        """Table of flow, vtkMRMLTableNode; None before flow was measured."""
        return self.browser.GetNodeReference("ASLMyoSeg.flow")

    @property
    def landmarks_node(self) -> Any:
        """RV insertions, vtkMRMLMarkupsFiducialNode; made, with no positions, where it is not."""
        node = self.browser.GetNodeReference("ASLMyoSeg.landmarks")
        if node is None:
            slices, *_ = self.shape
            node = landmarks.add_node(self.scene, f"{self.shown} RV insertions", slices)
            self.browser.SetNodeReferenceID("ASLMyoSeg.landmarks", node.GetID())
            hierarchy.gather(self)
        return node

    @property
    def segmented(self) -> bool:
        """Whether a network's result, if only in part, is there."""
        return bool(self.facts())

    def facts(self) -> dict[str, Any]:
        """Settings of the passes (`seed`, `device`, `model`, `way`, `precision`) and `seconds`."""
        kept = self.frames_node.GetAttribute(PASSES)
        # Earlier versions kept them on the browser, which draws everything anew at each change.
        return json.loads(kept or self.browser.GetAttribute(PASSES) or "{}")

    def set_facts(self, facts: dict[str, Any]) -> None:
        """Keep `facts`."""
        self.frames_node.SetAttribute(PASSES, json.dumps(facts))

    # For this room

    def sequence(self, role: str) -> Any:
        """One of `KEPT`, vtkMRMLSequenceNode."""
        return self._reference(role, f"sequence of {role}")

    def data(self, role: str, frame: int) -> Any:
        """The node of one frame in one of the sequences."""
        node = self.sequence(role).GetNthDataNode(frame)
        if node is None:
            raise SceneError(f"{self.name}: frame {frame} has lost its {role}; load it again.")
        return node

    def proxy(self, role: str) -> Any:
        """The node that shows the current frame of one of the browsed sequences."""
        node = self.browser.GetProxyNode(self.sequence(role))
        if node is None:
            raise SceneError(
                f"{self.name}: the node that shows its {role} was deleted; load the series again."
            )
        return node

    @property
    def stored(self) -> Stored:
        """How nodes lie against images that stand: arrays and geometry of a series stand, nodes
        are as they were loaded."""
        self.data("images", 0)
        return sequences.stored_in(self.sequence("images"))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slice, y, x) of images that stand."""
        axes = dict(zip(AXES, self.data("images", 0).GetImageData().GetDimensions(), strict=True))
        return tuple(axes[word.lstrip("-")] for word in self.stored.axes[::-1])

    def geometry(self) -> Geometry:
        """Of images that stand."""
        return self.stored.standing_geometry(self.shape)

    def mask(self, frame: int) -> np.ndarray:
        """The mask in use, bool (slice, y, x)."""
        stored = self.stored
        mask = nodes.segmentation_mask(
            self.data("masks", frame), stored.geometry, stored.stored_shape(self.shape)
        )
        return stored.standing(mask)

    def volume(self, role: str, frame: int) -> np.ndarray:
        """Pixels of a map or of probabilities, (slice, y, x)."""
        return self.stored.standing(nodes.volume_array(self.data(role, frame)))

    def put_volume(self, role: str, frame: int, array: np.ndarray) -> None:
        """Replace these pixels."""
        nodes.set_volume_array(self.data(role, frame), self.stored.as_stored(array))

    def automatic_mask(self, frame: int) -> np.ndarray:
        """The network's, bool (slice, y, x)."""
        return self.volume("probability", frame) >= self.threshold

    def put_mask(self, row: FrameRow, mask: np.ndarray, status: str) -> FrameRow:
        """Put a mask into a frame; returns the frame's new row, for `write`."""
        stored = self.stored
        nodes.set_segmentation_mask(
            self.data("masks", row.frame), stored.as_stored(mask), stored.geometry
        )
        return replace(with_mask(row, mask), status=status)

    def kept_mask(self, row: FrameRow) -> np.ndarray:
        """The mask of a frame that was stored last, bool (slice, y, x)."""
        return sequences.unpacked(row.kept, self.mask(row.frame).shape)

    def write(self, rows: Sequence[FrameRow], *changed: str) -> None:
        """Keep rows, and bring what sequences were changed to the proxies and the file."""
        with self.one_event():
            write_rows(self.frames_node, rows)
            for role in sequences.BROWSED:
                for row in rows:
                    self.data(role, row.frame).SetAttribute(STATUS, row.status)
                # A proxy that is edited is written over its frame, with its attributes.
                self.proxy(role).SetAttribute(STATUS, rows[self.frame].status)
            for role in changed:
                # Written in place, so that nobody has been told; also that the file is out of date.
                self.sequence(role).StorableModified()
                self.sequence(role).Modified()

    @contextmanager
    def one_event(self) -> Iterator[None]:
        """Tell the browser of all that is changed meanwhile by one event.

        Each lets it copy every proxy, and Slicer draw them, which takes a tenth of a second.
        """
        modifying = self.browser.StartModify()
        try:
            yield
        finally:
            self.browser.EndModify(modifying)

    def _reference(self, role: str, what: str) -> Any:
        node = self.browser.GetNodeReference(f"ASLMyoSeg.{role}")
        if self.scene is None or node is None:
            raise SceneError(f"{self.name}: its {what} was deleted from the scene; load it again.")
        return node


def with_mask(row: FrameRow, mask: np.ndarray) -> FrameRow:
    """A row that knows this mask as the one stored last."""
    return replace(
        row,
        pixels=tuple(mask.sum((1, 2)).tolist()),
        fingerprint=sequences.fingerprint(mask),
        kept=sequences.packed(mask),
        contours="",
    )


def add_nodes(images: Any, series: ASLSeries) -> SeriesNodes:
    """Put beside a sequence of images all that makes it a series under review."""
    scene = images.GetScene()
    sequences.describe_images(images, series)
    browser = sequences.browser_for(images)
    found = SeriesNodes(browser)
    with found.one_event():
        browser.SetAttribute(ROLE, "series")
        browser.SetAttribute(sequences.NAME, series.name)
        browser.SetAttribute(CONDITION, "stress" if "stress" in series.name.lower() else "rest")
        for role in KEPT:
            sequence = images if role == "images" else sequences.add_beside(images, role, series)
            browser.SetNodeReferenceID(f"ASLMyoSeg.{role}", sequence.GetID())
            if role in sequences.BROWSED:
                if sequence is not images:
                    browser.AddSynchronizedSequenceNodeID(sequence.GetID())
                browser.SetSaveChanges(sequence, role == "masks")
        browser.SetSelectedItemNumber(0)
    shown = f"{sequences.shown_name(series.name)} frames"
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", shown)
    table.SetAttribute(ROLE, "frames")
    browser.SetNodeReferenceID("ASLMyoSeg.frames", table.GetID())
    describe(found, series.volume_types, series.inversion_time)
    display.set_up(found)
    hierarchy.gather(found)
    return found


def describe(found: SeriesNodes, types: Sequence[str], times: Sequence[float]) -> None:
    """Say what the frames of a series are; masks and scores of earlier rows stay."""
    count = found.sequence("images").GetNumberOfDataNodes()
    old = found.rows() if found.frames_node.GetNumberOfRows() == count else None
    rows = []
    for frame, (kind, time) in enumerate(zip(types, times, strict=True)):
        for role in sequences.BROWSED:
            data = found.data(role, frame)
            data.SetAttribute(KIND, kind)
            data.SetAttribute(INVERSION_TIME, "" if np.isnan(time) else f"{time:.6f}")
        if old is not None:
            rows.append(replace(old[frame], volume_type=kind, inversion_time=float(time)))
        else:
            mask = found.mask(frame)
            nothing = (np.nan,) * len(mask)
            intervals, passes = ((np.nan, np.nan),) * len(mask), (0,) * len(mask)
            row = FrameRow(frame, kind, float(time), "automatic", nothing, intervals, passes)
            rows.append(with_mask(row, mask))
    with found.one_event():
        found.browser.Modified()  # proxies learn what their frames are
        found.write(rows)
