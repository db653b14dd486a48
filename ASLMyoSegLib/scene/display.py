"""How a series shows in slice views: grey image, yellow outline, uncertainty glowing over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SceneError
from ..resources import COLOURS
from .mrml import ROLE, nodes_of, slicer

LARGEST_STD = 0.5
"""The largest standard deviation that probabilities can have: the overlay's full scale."""
FAINTEST_STD = 0.05
"""Below this the overlay is transparent, so that the image stays seen."""
OPACITY = 0.6
OUTLINE_WIDTH = 2
OURS = "ASLMyoSeg.display"
"""Attribute of display nodes that `set_up` made what they are."""


def set_up(one: Any) -> None:
    """Display nodes of the three proxies of a `SeriesScene`, and the overlay's legend."""
    image, mask, uncertainty = one.image_node, one.mask_node, one.uncertainty_node
    for node in (image, mask, uncertainty):
        node.CreateDefaultDisplayNodes()
    window_image(one)
    outline = mask.GetDisplayNode()
    outline.SetVisibility2DFill(False)
    outline.SetSliceIntersectionThickness(OUTLINE_WIDTH)
    glow = uncertainty.GetDisplayNode()
    glow.SetAndObserveColorNodeID(colour_node(one.scene, "ASLMyoSeg_Uncertainty").GetID())
    glow.SetAutoWindowLevel(False)
    glow.SetWindowLevelMinMax(0.0, LARGEST_STD)
    glow.SetThreshold(FAINTEST_STD, LARGEST_STD)
    glow.SetApplyThreshold(True)
    for node in (image, mask, uncertainty):
        node.GetDisplayNode().SetAttribute(OURS, "1")
    tall = 0.35 if one.shape[0] == 1 else 0.55  # of lower views
    add_legend(uncertainty, "Uncertainty (SD)", position=(0.98, 0.5), size=(0.15, tall), labels=6)


def window_image(one: Any) -> None:
    """One window for all frames, so that control and label can be compared by eye."""
    images = one.series().images
    low, high = np.percentile(images, (1, 99.5))
    node = one.image_node.GetDisplayNode()
    node.SetAutoWindowLevel(False)
    node.SetWindowLevelMinMax(float(low), float(max(high, low + 1e-6)))


def show(one: Any) -> None:
    """Show a series in the slice views, and no other of ours; the overlay keeps its opacity."""
    every = type(one).all_in(one.scene)
    for other in every:
        if not _is_set_up(other):  # something was deleted; the browser makes proxies anew
            set_up(other)
    before = (c for other in every for c in _showing(other.uncertainty_node))
    opacity = next((c.GetForegroundOpacity() for c in before), OPACITY)
    for composite in nodes_of(one.scene, "vtkMRMLSliceCompositeNode"):
        composite.SetBackgroundVolumeID(one.image_node.GetID())
        composite.SetForegroundVolumeID(one.uncertainty_node.GetID())
        composite.SetForegroundOpacity(opacity)
    for other in every:
        shown = other == one
        other.mask_node.SetDisplayVisibility(shown)
        legend = legend_of(other.uncertainty_node)
        legend.SetVisibility(shown and one.segmented)
        legend.Modified()  # views look again whether they show the map
        for role in ("landmarks", "heart"):
            markups = other.browser.GetNodeReference(f"ASLMyoSeg.{role}")
            if markups is not None:
                markups.SetDisplayVisibility(shown)


def overlay_opacity(uncertainty: Any) -> float:
    """Of an uncertainty map's proxy in the slice views, 0 to 1."""
    for composite in _showing(uncertainty):
        return composite.GetForegroundOpacity()
    return OPACITY


def set_overlay_opacity(uncertainty: Any, opacity: float) -> None:
    """In every slice view that shows the map."""
    for composite in _showing(uncertainty):
        composite.SetForegroundOpacity(opacity)


def colour_node(scene: Any, name: str) -> Any:
    """One of our colour maps of ``Resources/Colors`` in a scene; read where it is not there yet.

    Raises:
        SceneError: where the file is missing or damaged: the installation is not whole.
    """
    for node in nodes_of(scene, "vtkMRMLColorTableNode", name):
        return node
    path = COLOURS / f"{name}.ctbl"
    node = slicer.vtkMRMLColorTableNode()
    storage = slicer.vtkMRMLColorTableStorageNode()
    storage.SetFileName(str(path))
    if not path.is_file() or not storage.ReadData(node):
        raise SceneError(f"{path}: this colour map is missing; install ASLMyoSeg again.")
    node.SetName(name.replace("_", " "))
    node.SetAttribute(ROLE, name)
    node.SetAttribute("Category", "ASLMyoSeg")
    return scene.AddNode(node)


def add_legend(
    node: Any,
    title: str,
    *,
    position: tuple[float, float],
    size: tuple[float, float],
    labels: int = 5,
    horizontal: bool = False,
) -> Any:
    """A colour legend beside what a node shows, with text no larger than need be.

    Args:
        node: a displayable node whose first display node has colours.
        title: above it, with the unit.
        position: of its lower left corner, as fraction of what the view leaves free.
        size: its short and its long side, as fraction of the view.
        labels: how many numbers.
        horizontal: whether it lies.
    """
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node.GetDisplayNode())
    modifying = legend.StartModify()
    kind = slicer.vtkMRMLColorLegendDisplayNode
    legend.SetOrientation(kind.Horizontal if horizontal else kind.Vertical)
    legend.SetTitleText(f"{title}\n" if horizontal else title)  # it would touch the numbers
    # Slicer makes numbers as large as fit beside the bar, whatever their font's size: blanks
    # around them, or on the far side of the bar, make them smaller.
    far = "" if position[0] >= 0.5 else "-"
    legend.SetLabelFormat("   %.1f   " if horizontal else f"%{far}12.1f")
    legend.SetNumberOfLabels(labels)
    legend.SetPosition(*position)
    legend.SetSize(*size)
    for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        text.SetFontFamilyToArial()
        text.BoldOff()
        text.ItalicOff()
    legend.EndModify(modifying)
    return legend


def legend_of(node: Any) -> Any:
    """The legend that `add_legend` made."""
    return slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)


def _is_set_up(one: Any) -> Any:
    displays = [n.GetDisplayNode() for n in (one.image_node, one.mask_node, one.uncertainty_node)]
    ours = all(d is not None and d.GetAttribute(OURS) for d in displays)
    return ours and displays[-1].GetColorNode() and legend_of(one.uncertainty_node)


def _showing(uncertainty: Any) -> list[Any]:
    return [
        composite
        for composite in nodes_of(uncertainty.GetScene(), "vtkMRMLSliceCompositeNode")
        if composite.GetForegroundVolumeID() == uncertainty.GetID()
    ]
