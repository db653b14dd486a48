"""The Segment Editor's parameter node, bound to the mask of the frame that is shown."""

from __future__ import annotations

from typing import Any

from .display import LARGEST_STD
from .nodes import SEGMENT_ID
from .series_scene import SeriesScene


def bind_editor(one: SeriesScene, editor: Any, low: float | None = None) -> None:
    """Let the Segment Editor edit a series' masks; stepping through frames keeps it bound.

    Args:
        one: the series.
        editor: vtkMRMLSegmentEditorNode, of the widget.
        low: uncertainty (standard deviation, 0 to 0.5) from which pixels may be edited; None lets
            all be edited.
    """
    modifying = editor.StartModify()
    editor.SetAndObserveSegmentationNode(one.mask_node)
    editor.SetSelectedSegmentID(SEGMENT_ID)
    # The editor limits by the volume that it paints on, so that volume is then the map.
    editor.SetAndObserveSourceVolumeNode(one.image_node if low is None else one.uncertainty_node)
    editor.SetSourceVolumeIntensityMask(low is not None)
    if low is not None:
        editor.SetSourceVolumeIntensityMaskRange(low, LARGEST_STD)
    editor.EndModify(modifying)
