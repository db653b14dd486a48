"""Blood flow of a series in the scene: from masks and landmarks to a table and the bullseye."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import QuantificationError
from ..perfusion.quantify import quantify
from ..series import MBFResult, Posterior, Segmentation
from . import hierarchy
from .bullseye import update_bullseye
from .mrml import ROLE
from .tables import fill_table, write_flow
from .walls import from_text

REFERENCE = "ASLMyoSeg.flow"
REVIEWED_ONLY = "ASLMyoSeg.reviewed_only"


def quantify_scene(one: Any, constants: dict[str, Any], corrected_only: bool) -> MBFResult:
    """See `SeriesScene.quantify`. Where there is no flow, none of an earlier state stays shown."""
    series, segmentation = one.series(), one.segmentation()
    one.browser.SetAttribute(REVIEWED_ONLY, "1" if corrected_only else None)
    try:
        masks = flow_masks(one, segmentation)
        if not masks.any() and segmentation.masks.any():
            raise QuantificationError(
                f"{one.name}: no mask of a control or label image is corrected or accepted; review "
                "some, or take all masks."
            )
        points, posterior = one.landmarks(), flow_posterior(one)
        result = quantify(series, masks, points, posterior=posterior, **constants)
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


def flow_posterior(one: Any) -> Posterior | None:
    """What weighs pixels: the network's word, but where contours were drawn, the share of each
    pixel that lies between them."""
    posterior = one.posterior()
    if posterior is None:
        return None
    mean = posterior.mean.copy()
    for row in one.rows():
        for k, wall in enumerate(from_text(row.contours, mean.shape[1])):
            if wall is not None:
                mean[row.frame, k] = wall.share(mean.shape[2:])
    return replace(posterior, mean=mean)


def pairs_used(result: MBFResult) -> int:
    """How many pairs of images the flow of the whole is the mean of."""
    return int(np.isfinite(result.whole.pairs).sum())


def sentences(result: MBFResult) -> list[str]:
    """What has to be said of a result; what holds for several segments is said once of all."""
    names = {segment.name for segment in (result.whole, *result.segments)}
    said: dict[str, list[str]] = {}
    left_out = {n for w in result.warnings for n in re.findall(r"^Pair (\d+): no mask", w)}
    for warning in result.warnings:
        pairs = re.search(r": pairs ([\d, ]+) have no pixels", warning)
        if pairs and left_out.issuperset(pairs[1].split(", ")):
            continue  # said of the whole pair already
        name, _, rest = warning.partition(": ")
        of, words = (name, rest) if name in names else ("", warning)
        said.setdefault(words, []).append(of)
    return [f"{', '.join(of)}: {words}" if of[0] else words for words, of in said.items()]


def reviewed_only(one: Any) -> bool:
    """Whether flow was measured last without masks that nobody has corrected or accepted."""
    return one.browser.GetAttribute(REVIEWED_ONLY) is not None


def flow_masks(one: Any, segmentation: Segmentation) -> np.ndarray:
    """Masks of which flow is measured, bool (frame, slice, y, x): all, or those of reviewed frames.

    M0 images keep theirs where no M0 image was reviewed; none is left where no other one was.
    """
    if not reviewed_only(one):
        return segmentation.masks
    rows = one.rows()
    keep = np.array([row.reviewed for row in rows])
    m0 = np.array([row.volume_type == "m0scan" for row in rows])
    if not keep[~m0].any():
        keep[:] = False
    elif not keep[m0].any():
        keep |= m0
    return segmentation.masks & keep[:, None, None, None]
