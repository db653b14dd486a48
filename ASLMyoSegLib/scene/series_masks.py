"""The masks of a series under a person's hands: corrected, accepted, copied, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import shift

from ..errors import SceneError
from ..series import Segmentation
from . import nodes, sequences
from .frames import FrameRow
from .series_nodes import CUT, SeriesNodes, with_mask
from .walls import from_text, to_text

DRAWN = "ASLMyoSeg.drawn"
"""Attribute of the frame table: contours by the fingerprint of the mask that they make, so that
undo and redo of the mask bring its contours back."""
REMEMBERED = 40
"""Of these, the last."""
STEP = "ASLMyoSeg.step"
"""Attribute of the frame table: the last step that changed several frames, to be undone."""


class SeriesMasks(SeriesNodes):
    """What is done with the masks of a series; see `SeriesNodes` for what it consists of."""

    def select(self, frame: int) -> None:
        """Show a frame; what was edited in another is kept."""
        self.store_correction()
        self.browser.SetSelectedItemNumber(frame)

    def segmentation(self) -> Segmentation:
        """The masks in use, with what was edited up to now."""
        self.store_correction()
        rows = self.rows()
        return Segmentation(
            np.stack([self.mask(r.frame) for r in rows]),
            tuple(r.status for r in rows),
            np.array([r.scores for r in rows]),
        )

    def store_correction(self) -> tuple[int, ...]:
        """Take note of edited masks; returns the frames that have become corrected.

        To be called when a frame is left, before the scene is saved, and when the panel is left.
        The browser writes an edit of its proxy into the frame at once, so that this finds edits
        also where a frame was left by other means. A frame whose segment was deleted, as deleting
        the masks in the Data module does, is no edit: it gets its mask again.
        """
        rows, changed, written = list(self.rows()), [], []
        drawn = self._drawn()
        for index, row in enumerate(rows):
            if row.kept and not nodes.has_segment(self.data("masks", row.frame)):
                rows[index] = self.put_mask(row, self.kept_mask(row), row.status)
                written.append(row.frame)
                continue
            mask = self.mask(row.frame)
            if sequences.fingerprint(mask) != row.fingerprint:
                row = with_mask(row, mask)
                contours = drawn.get(row.fingerprint, "")
                rows[index] = replace(row, status="corrected", contours=contours)
                changed.append(row.frame)
                if not mask.any():  # erased, which leaves zeros that no file of Slicer's can hold
                    self.put_mask(row, mask, "corrected")
                    written.append(row.frame)
        if changed or written:
            self.write(rows, *(("masks",) if written else ()))
        return tuple(changed)

    def keep_contours(self, frame: int, contours: str) -> None:
        """Take note of a mask that was drawn by contours (`walls.to_text`)."""
        row = with_mask(self.rows()[frame], self.mask(frame))
        drawn = {**self._drawn(), row.fingerprint: contours}
        kept = dict(list(drawn.items())[-REMEMBERED:])
        self.frames_node.SetAttribute(DRAWN, json.dumps(kept))
        row = replace(row, contours=contours, status="corrected")
        self.write(_replaced(self.rows(), row))

    def _drawn(self) -> dict[str, str]:
        return json.loads(self.frames_node.GetAttribute(DRAWN) or "{}")

    def accept(self, frame: int) -> None:
        """Call the mask of a frame good as it is; a corrected one stays corrected."""
        self.store_correction()
        rows = self.rows()
        if not rows[frame].reviewed:
            self.write(_replaced(rows, replace(rows[frame], status="accepted")))

    def back_to_automatic(self, frame: int) -> None:
        """Give a frame the network's mask again."""
        self.store_correction()
        row = self.put_mask(self.rows()[frame], self.automatic_mask(frame), "automatic")
        self.step("Back to automatic", [row])

    def copy_to_next(self, frame: int) -> int:
        """Give the next frame the mask of this one, as a correction; returns and shows the next.

        Raises:
            SceneError: where it is the last.
        """
        self.store_correction()
        rows = self.rows()
        if frame + 1 >= len(rows):
            raise SceneError(f"{self.name}: frame {frame} is the last; there is none to copy to.")
        row = self.put_mask(rows[frame + 1], self.mask(frame), "corrected")
        self.step("Copy to next frame", [replace(row, contours=rows[frame].contours)])
        self.select(frame + 1)
        return frame + 1

    def take_masks(self, masks: np.ndarray) -> None:
        """Take masks that somebody drew elsewhere, bool (frame, slice, y, x), as corrections.

        Frames without a mask keep theirs.
        """
        self.store_correction()
        drawn = [row for row in self.rows() if masks[row.frame].any()]
        self.step(
            "Load masks", [self.put_mask(row, masks[row.frame], "corrected") for row in drawn]
        )

    def apply_to_all(
        self, frame: int, shifts: np.ndarray, *, reviewed_too: bool = False
    ) -> tuple[int, ...]:
        """Give the other frames the mask or the contours of one, moved along with the heart.

        Args:
            frame: whose correction serves the series.
            shifts: of `motion`, (frame, slice, 2), pixels (down, right); NaN moves nothing.
            reviewed_too: also those that a person has corrected or accepted.

        Returns:
            The frames that were changed.
        """
        self.store_correction()
        rows, mask = self.rows(), self.mask(frame)
        walls = from_text(rows[frame].contours, len(mask))
        changed = []
        for row in rows:
            if row.frame == frame or (row.reviewed and not reviewed_too):
                continue
            by = np.nan_to_num(shifts[row.frame] - shifts[frame])
            moved = [w and w.moved(b) for w, b in zip(walls, by, strict=True)]
            new = np.array(
                [
                    shift(m.astype(np.float32), b, order=1) >= 0.5
                    if w is None
                    else w.share(m.shape) >= 0.5
                    for m, w, b in zip(mask, moved, by, strict=True)
                ]
            )
            row = self.put_mask(row, new, "corrected")
            changed.append(replace(row, contours=to_text(moved)))
        return self.step("Apply to all frames", changed)

    def set_threshold(self, threshold: float) -> None:
        """Take another threshold, 0 to 1; masks that nobody corrected or accepted follow it.

        MCD Uncertainty keeps the paper's, 0.5.
        """
        if threshold == self.threshold:
            return
        self.store_correction()
        with self.one_event():
            self.browser.SetAttribute(CUT, f"{threshold:g}")
            if self.segmented:
                rows = [
                    r if r.reviewed else self.put_mask(r, self.automatic_mask(r.frame), "automatic")
                    for r in self.rows()
                ]
                self.write(rows, "masks")

    def set_segmentation(self, segmentation: Segmentation) -> None:
        """Give every frame a mask and a status, as from a file."""
        rows = [
            self.put_mask(*given)
            for given in zip(self.rows(), segmentation.masks, segmentation.status, strict=True)
        ]
        self.write(rows, "masks")

    # Steps that can be undone

    def step(self, what: str, rows: Iterable[FrameRow]) -> tuple[int, ...]:
        """Keep rows whose masks were put already, as one step that `undo_step` takes back.

        Args:
            what: names the step for people.
            rows: of the frames that it changed, or might have.

        Returns:
            The frames that are another than before.
        """
        before = {row.frame: row for row in self.rows()}
        after = [row for row in rows if _state(row) != _state(before[row.frame])]
        frames = {row.frame: [*_state(before[row.frame]), row.fingerprint] for row in after}
        if frames:
            text = json.dumps({"what": what, "frames": frames})
            self.frames_node.SetAttribute(STEP, text)
            self.write(_replaced(list(before.values()), *after), "masks")
        return tuple(frames)

    @property
    def last_step(self) -> str:
        """Name of the step that `undo_step` takes back; empty where there is none."""
        return self._step()[0]

    def undo_step(self) -> tuple[int, ...]:
        """Take the last step back, but for frames that were changed after it; returns which it was.

        Undone twice, it is done again.
        """
        self.store_correction()
        what, frames = self._step()
        rows = {row.frame: row for row in self.rows()}
        back = []
        for frame, (status, kept, contours, left) in frames.items():
            if rows[frame].fingerprint == left:
                mask = sequences.unpacked(kept, self.mask(frame).shape)
                row = self.put_mask(rows[frame], mask, status)
                back.append(replace(row, contours=contours))
        self.frames_node.RemoveAttribute(STEP)
        return self.step(what, back)

    def _step(self) -> tuple[str, dict[int, list[str]]]:
        found = json.loads(self.frames_node.GetAttribute(STEP) or '{"what": "", "frames": {}}')
        return found["what"], {int(frame): state for frame, state in found["frames"].items()}


def _state(row: FrameRow) -> tuple[str, str, str]:
    return row.status, row.kept, row.contours


def _replaced(rows: Sequence[FrameRow], *others: FrameRow) -> list[FrameRow]:
    instead = {row.frame: row for row in others}
    return [instead.get(row.frame, row) for row in rows]
