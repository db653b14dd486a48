"""Layouts of the module's own: slice views of the series, and the bullseye beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..geometry import apex_first
from . import bullseye, display, nodes
from .mrml import nodes_of, slicer
from .series_scene import SeriesScene

VIEWS = {"Red": "#F34A33", "Yellow": "#EDD54C", "Green": "#6EB04B"}
"""Slicer's own slice views, in the order in which slices fill them, base first."""
FIRST_ID = 8630
"""Of the layouts' IDs; the layout for n slice views and the bullseye has `FIRST_ID + n`."""
WITHOUT_BULLSEYE = 10
"""Added to the ID, that of the layout with the slice views alone, as long as there is no flow."""
MARGIN = 1.9
"""Width of what is shown over the width of the heart's wall."""
FREE = 0.72
"""Share of a view's width that the legend of the map leaves free on both sides."""
SMALLEST_FIELD = 90.0
"""Millimetres that are always shown."""


def _slice_view(tag: str) -> str:
    return f"""<item splitSize="100"><view class="vtkMRMLSliceNode" singletontag="{tag}">
  <property name="orientation" action="default">Axial</property>
  <property name="viewlabel" action="default">{tag[0]}</property>
  <property name="viewcolor" action="default">{VIEWS[tag]}</property>
</view></item>"""


def _slice_views(count: int) -> str:
    views = "\n".join(_slice_view(tag) for tag in list(VIEWS)[:count])
    return f"""<layout type="{"vertical" if count > 1 else "horizontal"}" split="true">
{views}
</layout>"""


def _with_bullseye(count: int) -> str:
    return f"""<layout type="horizontal" split="true">
<item splitSize="600">{_slice_views(count)}</item>
<item splitSize="400"><view class="vtkMRMLViewNode" singletontag="{bullseye.VIEW}">
  <property name="viewlabel" action="default">B</property>
  <property name="viewcolor" action="default">#5C6BC0</property>
</view></item>
</layout>"""


_COUNTS = range(1, len(VIEWS) + 1)
LAYOUTS = {
    **{FIRST_ID + count: _with_bullseye(count) for count in _COUNTS},
    **{FIRST_ID + WITHOUT_BULLSEYE + count: _slice_views(count) for count in _COUNTS},
}
"""XML by ID, for `layoutLogic().GetLayoutNode().AddLayoutDescription(id, xml)`."""


def layout_for(one: SeriesScene) -> int:
    """ID of the layout with as many slice views as the series has slices, three at most, and with
    the bullseye where the series has flow."""
    return FIRST_ID + _shown_slices(one) + (0 if one.flow() else WITHOUT_BULLSEYE)


def show(one: SeriesScene) -> None:
    """Show a series in the slice views, each in its own slice and about the heart.

    To be called once the layout is set and its views have their size, as a view that grows shows
    more, not larger. Views that do not exist yet are made.
    """
    tags = list(VIEWS)[: _shown_slices(one)]
    at = np.linspace(0, _slices(one) - 1, 2 * len(tags) + 1)[1::2].round().astype(int)
    slices = at[::-1] if _apex_first(one) else at
    heart = _heart(one)
    for tag, k in zip(tags, slices, strict=True):
        _view(one.scene, "vtkMRMLSliceCompositeNode", tag)
        _aim(one, _view(one.scene, "vtkMRMLSliceNode", tag), int(k), heart)
    for view in nodes_of(one.scene, "vtkMRMLSliceNode"):
        if view.GetLayoutName() not in tags:  # seen in other layouts
            view.RotateToVolumePlane(one.image_node)
    bullseye.show_series(one.scene, one.browser)
    display.show(one)


def _view(scene: Any, kind: str, tag: str) -> Any:
    node = scene.GetSingletonNode(tag, kind)
    if node is None:
        node = getattr(slicer, kind)()
        node.SetLayoutName(tag)
        node.SetName(tag)
        node = scene.AddNode(node)
    return node


def _apex_first(one: SeriesScene) -> bool:
    return apex_first(one.geometry())


def _heart(one: SeriesScene) -> np.ndarray:
    """Pixels of the wall in some slice, bool (y, x): all slices are shown alike, also those that
    are not segmented yet. All pixels where none is."""
    share = one.segmentation().masks.mean(0)
    return (share >= min(0.5, share.max())).any(0)  # a stray mask of one frame moves nothing


def _aim(one: SeriesScene, view: Any, k: int, heart: np.ndarray) -> None:
    """Turn a slice view into slice k as it stands, rows downwards, about the heart."""
    geometry = one.geometry()
    rows, columns = np.nonzero(heart)
    middle = [[(rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2]]
    index_to_ras = slicer.util.arrayFromVTKMatrix(nodes.ijk_to_ras(geometry))
    across, down = index_to_ras[:3, 0], index_to_ras[:3, 1]
    plane = np.eye(4)
    plane[:3, 0] = across / np.linalg.norm(across)
    plane[:3, 1] = -down / np.linalg.norm(down)
    plane[:3, 2] = np.cross(plane[:3, 0], plane[:3, 1])
    plane[:3, 3] = nodes.points_in_ras(np.repeat(middle, k + 1, axis=0), geometry)[k]
    view.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(plane))
    view.UpdateMatrices()
    extent = (np.array([np.ptp(rows), np.ptp(columns)]) + 1) * geometry.spacing[1::-1]
    if not heart.all():
        extent = np.maximum(MARGIN * extent, SMALLEST_FIELD)
    width, height, _ = (max(n, 1) for n in view.GetDimensions())
    pixel = max(extent[0] / height, extent[1] / (FREE * width))
    view.SetFieldOfView(pixel * width, pixel * height, view.GetFieldOfView()[2])


def _slices(one: SeriesScene) -> int:
    return one.shape[0]


def _shown_slices(one: SeriesScene) -> int:
    return min(_slices(one), len(VIEWS))
