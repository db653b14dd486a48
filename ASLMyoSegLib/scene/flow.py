"""Blood flow of a series in the scene: from masks and landmarks to a table and the bullseye."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import QuantificationError
from ..perfusion.quantify import quantify
from ..series import MBFResult, Segmentation
from . import hierarchy
from .bullseye import update_bullseye
from .mrml import ROLE
from .tables import fill_table, write_flow

REFERENCE = "ASLMyoSeg.flow"


def quantify_scene(one: Any, constants: dict[str, float], corrected_only: bool) -> MBFResult:
    """See `SeriesScene.quantify`. Where there is no flow, none of an earlier state stays shown."""
    series, segmentation = one.series(), one.segmentation()
    try:
        masks = _reviewed(one, segmentation) if corrected_only else segmentation.masks
        result = quantify(series, masks, one.landmarks(), **constants)
    except QuantificationError:
        if one.flow_node is not None:
            fill_table(one.flow_node, {})
        update_bullseye(one.scene)
        raise
    show_result(one, result)
    return result


def show_result(one: Any, result: MBFResult) -> None:
    """Put flow into the table of a series, made where there is none, and into the bullseye."""
    node = one.flow_node
    if node is None:
        node = one.scene.AddNewNodeByClass("vtkMRMLTableNode", f"{one.shown} MBF per AHA segment")
        node.SetAttribute(ROLE, "flow")
        node.SetUseColumnTitleAsColumnHeader(True)  # Slicer shows titles as a row otherwise
        node.SetLocked(True)  # results are not for typing in
        one.browser.SetNodeReferenceID(REFERENCE, node.GetID())
        hierarchy.gather(one)
    write_flow(node, result)
    update_bullseye(one.scene)


def _reviewed(one: Any, segmentation: Segmentation) -> np.ndarray:
    """Masks of reviewed frames only; M0 images keep theirs where no M0 image was reviewed."""
    rows = one.rows()
    keep = np.array([r.reviewed for r in rows])
    m0 = np.array([r.volume_type == "m0scan" for r in rows])
    if not keep[~m0].any():
        raise QuantificationError(
            f"{one.name}: no mask of a control or label image is corrected or accepted; review "
            "some, or take all masks."
        )
    if not keep[m0].any():
        keep |= m0
    return segmentation.masks & keep[:, None, None, None]
