"""How a series shows in slice views: grey image, yellow outline, uncertainty glowing over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SceneError
from .mrml import ROLE, nodes_of, slicer

COLOURS = Path(__file__).parents[2] / "Resources" / "Colors"
LARGEST_STD = 0.5
"""The largest standard deviation that probabilities can have: the overlay's full scale."""
FAINTEST_STD = 0.05
"""Below this the overlay is transparent, so that the image stays seen."""
OPACITY = 0.6
OUTLINE_WIDTH = 2


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
    add_legend(uncertainty, "Uncertainty (SD)", "%.1f", position=(0.02, 0.5), size=(0.1, 0.4))


def window_image(one: Any) -> None:
    """One window for all frames, so that control and label can be compared by eye."""
    images = one.series().images
    low, high = np.percentile(images, (1, 99.5))
    node = one.image_node.GetDisplayNode()
    node.SetAutoWindowLevel(False)
    node.SetWindowLevelMinMax(float(low), float(max(high, low + 1e-6)))


def show(one: Any) -> None:
    """Show a series in the slice views, and no other of ours; the overlay keeps its opacity."""
    opacity = one.overlay_opacity()
    for composite in nodes_of(one.scene, "vtkMRMLSliceCompositeNode"):
        composite.SetBackgroundVolumeID(one.image_node.GetID())
        composite.SetForegroundVolumeID(one.uncertainty_node.GetID())
        composite.SetForegroundOpacity(opacity)
    for other in type(one).all_in(one.scene):
        shown = other == one
        other.mask_node.SetDisplayVisibility(shown)
        legend_of(other.uncertainty_node).SetVisibility(shown and one.segmented)
        if other.browser.GetNodeReference("ASLMyoSeg.landmarks") is not None:
            other.landmarks_node.SetDisplayVisibility(shown)


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
    labels: str,
    *,
    position: tuple[float, float],
    size: tuple[float, float],
) -> Any:
    """A colour legend beside what a node shows, no larger than need be.

    Args:
        node: a displayable node whose first display node has colours.
        title: above it, with the unit.
        labels: format of the numbers.
        position: of its lower left corner, as fraction of the view.
        size: width and height, as fraction of the view.
    """
    logic = slicer.vtkSlicerColorLogic
    legend = logic.AddDefaultColorLegendDisplayNode(node.GetDisplayNode())
    legend.SetTitleText(title)
    legend.SetLabelFormat(labels)
    legend.SetNumberOfLabels(5)
    legend.SetPosition(*position)
    legend.SetSize(*size)
    for text, points in ((legend.GetTitleTextProperty(), 14), (legend.GetLabelTextProperty(), 13)):
        text.SetFontSize(points)
        text.SetFontFamilyToArial()
        text.BoldOff()
        text.ItalicOff()
    return legend


def legend_of(node: Any) -> Any:
    """The legend that `add_legend` made."""
    return slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)


def _showing(uncertainty: Any) -> list[Any]:
    return [
        composite
        for composite in nodes_of(uncertainty.GetScene(), "vtkMRMLSliceCompositeNode")
        if composite.GetForegroundVolumeID() == uncertainty.GetID()
    ]
