"""A result as a Slicer scene (.mrb), and the masks that a person corrected in it back again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..io.files import replacing
from ..series import STATUSES, ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from . import nodes
from .archive import check_bundle
from .mrml import PrivateScene, slicer, vtk

ROLE = "ASLMyoSeg.role"
NAME = "ASLMyoSeg.series"
INFERNO = "vtkMRMLColorTableNodeFileInferno.txt"
"""ID of the colour table that Slicer itself brings."""


def write_scene(
    path: str | Path,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    result: MBFResult | None,
    rv_insertion: RVInsertion | None = None,
) -> None:
    """Write sequences of images, masks and uncertainty maps in one browser, landmarks, tables.

    Raises:
        OutputError: where the file cannot be written.
    """
    with PrivateScene() as scene:
        browser = scene.add("vtkMRMLSequenceBrowserNode", "ASL series")
        geometry = series.geometry
        makers = {
            "images": lambda f: nodes.volume_node(series.images[f], geometry, "image"),
            "masks": lambda f: nodes.segmentation_node(segmentation.masks[f], geometry, "mask"),
            "uncertainty": lambda f: nodes.volume_node(posterior.std[f], geometry, "uncertainty"),
        }
        for role, make in makers.items():
            # MRML names files after nodes, and leaves an ampersand in them as it is in its XML.
            shown = series.name.replace("&", "+")
            sequence = scene.add("vtkMRMLSequenceNode", f"{shown} {role}")
            sequence.SetAttribute(ROLE, role)
            sequence.SetAttribute(NAME, series.name)
            sequence.SetIndexName("frame")
            sequence.SetIndexUnit("")
            sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
            for frame in range(len(series.images)):
                node = make(frame)
                for key, value in _attributes(series, segmentation, frame).items():
                    node.SetAttribute(f"ASLMyoSeg.{key}", value)
                sequence.SetDataNodeAtValue(node, str(frame))
            if role == "images":
                browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
            else:
                browser.AddSynchronizedSequenceNodeID(sequence.GetID())
            browser.SetSaveChanges(sequence, role == "masks")
            _show(browser.GetProxyNode(sequence), role)
        if rv_insertion is not None:
            _add_landmarks(scene, rv_insertion, series)
        _add_frames(scene, series, segmentation)
        if result is not None:
            _add_flow(scene, result)
        with replacing(path) as beside:
            if not scene.scene.WriteToMRB(str(beside)):
                raise OSError("Slicer's MRML could not write the scene")


def read_scene(path: str | Path) -> tuple[ASLSeries, Segmentation, RVInsertion | None]:
    """Read images, masks as they now are, and landmarks of a scene that `write_scene` made.

    A frame whose mask is not the one that was written has the status `corrected`, others keep
    theirs. Scores are NaN: they belong to the passes, which a scene does not keep.

    Raises:
        SeriesError: where the file is no such scene.
    """
    path = Path(path)
    check_bundle(path)
    with PrivateScene() as scene:
        if not scene.scene.ReadFromMRB(str(path), True):
            raise SeriesError(f"{path}: Slicer's MRML cannot read it as a scene; save it again.")
        images, masks = (_sequence(scene, role, path) for role in ("images", "masks"))
        table = _frames(scene, path)
        count = images.GetNumberOfDataNodes()
        if masks.GetNumberOfDataNodes() != count or table["type"].size != count:
            raise SeriesError(f"{path}: images, masks and frame table are not of one length.")
        arrays = [nodes.volume_array(images.GetNthDataNode(f)) for f in range(count)]
        geometry = nodes.geometry_of(images.GetNthDataNode(0))
        drawn = np.stack(
            [
                nodes.segmentation_mask(masks.GetNthDataNode(f), geometry, arrays[0].shape)
                for f in range(count)
            ]
        )
        points = _landmarks(scene, geometry, arrays[0].shape, path)
        series = ASLSeries(
            np.stack(arrays).astype(np.float32),
            tuple(table["type"].tolist()),
            table["time"],
            geometry,
            images.GetAttribute(NAME) or path.stem,
            {"source": str(path)},
        )
    status = tuple(
        "corrected" if fingerprint(mask) != original else str(written)
        for mask, original, written in zip(drawn, table["automatic"], table["status"], strict=True)
    )
    return series, Segmentation(drawn, status, np.full(drawn.shape[:2], np.nan)), points


def fingerprint(mask: np.ndarray) -> str:
    """What tells one mask (slice, y, x) from another."""
    return hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]


def _show(proxy: Any, role: str) -> None:
    """How a sequence shows in Slicer's slice views: masks as outlines, so that images stay seen."""
    proxy.CreateDefaultDisplayNodes()
    display = proxy.GetDisplayNode()
    if role == "masks":
        display.SetVisibility2DFill(False)
    elif role == "uncertainty":
        display.SetAndObserveColorNodeID(INFERNO)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, 0.5)
        display.SetThreshold(0.05, 0.5)
        display.SetApplyThreshold(True)


def _attributes(series: ASLSeries, segmentation: Segmentation, frame: int) -> dict[str, str]:
    """What each node of a frame says of it, for scripts and people in Slicer."""
    return {
        "volume_type": series.volume_types[frame],
        "inversion_time": _seconds(series.inversion_time[frame]),
        "status": segmentation.status[frame],
    }


def _seconds(time: float) -> str:
    return "" if np.isnan(time) else f"{time:.6f}"


def _add_landmarks(scene: PrivateScene, points: RVInsertion, series: ASLSeries) -> None:
    node = scene.add("vtkMRMLMarkupsFiducialNode", "RV insertions")
    node.SetAttribute(ROLE, "landmarks")
    for name in ("anterior", "inferior"):
        for position in nodes.points_in_ras(getattr(points, name), series.geometry):
            node.AddControlPoint(vtk.vtkVector3d(*position), name)


def _add_frames(scene: PrivateScene, series: ASLSeries, segmentation: Segmentation) -> None:
    frames = len(series.images)
    times = [_seconds(t) for t in series.inversion_time]
    scores = [" ".join(f"{v:.4f}" for v in row) for row in segmentation.mcd_uncertainty]
    _add_table(
        scene,
        "Frames",
        "frames",
        {
            "frame": [str(f) for f in range(frames)],
            "volume type": list(series.volume_types),
            "inversion time (s)": times,
            "status": list(segmentation.status),
            "MCD Uncertainty": scores,
            "automatic mask": [fingerprint(mask) for mask in segmentation.masks],
        },
    )


def _add_flow(scene: PrivateScene, result: MBFResult) -> None:
    parts = (result.whole, *result.segments)
    _add_table(
        scene,
        "MBF per AHA segment",
        "flow",
        {
            "AHA": [str(s.aha) for s in parts],
            "segment": [s.name for s in parts],
            "MBF (mL/g/min)": [f"{s.mbf:.3f}" for s in parts],
            "PN (mL/g/min)": [f"{s.pn:.3f}" for s in parts],
            "pixels": [f"{s.pixels:.1f}" for s in parts],
        },
    )


def _add_table(scene: PrivateScene, name: str, role: str, columns: dict[str, list[str]]) -> None:
    node = scene.add("vtkMRMLTableNode", name)
    node.SetAttribute(ROLE, role)
    for title, values in columns.items():
        column = vtk.vtkStringArray()
        column.SetName(title)
        for value in values:
            column.InsertNextValue(value)
        node.AddColumn(column)


def _sequence(scene: PrivateScene, role: str, path: Path) -> Any:
    for node in scene.nodes("vtkMRMLSequenceNode"):
        if node.GetAttribute(ROLE) == role and node.GetNumberOfDataNodes():
            return node
    raise SeriesError(
        f"{path}: has no sequence of {role}; give a scene that `aslmyoseg run --scene` wrote."
    )


def _frames(scene: PrivateScene, path: Path) -> dict[str, np.ndarray]:
    for node in scene.nodes("vtkMRMLTableNode"):
        if node.GetAttribute(ROLE) == "frames":
            table = node.GetTable()
            columns = {}
            for key, title in {
                "type": "volume type",
                "time": "inversion time (s)",
                "status": "status",
                "automatic": "automatic mask",
            }.items():
                column = table.GetColumnByName(title)
                if column is None:
                    raise SeriesError(f"{path}: its frame table has no column {title!r}.")
                values = [
                    column.GetVariantValue(i).ToString() for i in range(table.GetNumberOfRows())
                ]
                columns[key] = np.array(values)
            try:
                times = [float(t) if t and t != "nan" else np.nan for t in columns["time"]]
            except ValueError as error:
                raise SeriesError(f"{path}: its frame table has a wrong time ({error}).") from None
            columns["time"] = np.array(times)
            unknown = sorted(set(columns["status"].tolist()) - set(STATUSES))
            if unknown:
                raise SeriesError(
                    f"{path}: status {unknown[0]!r} is unknown; use {', '.join(STATUSES)}."
                )
            return columns
    raise SeriesError(f"{path}: has no frame table; give a scene that `aslmyoseg` wrote.")


def _landmarks(
    scene: PrivateScene, geometry: Any, shape: tuple[int, ...], path: Path
) -> RVInsertion | None:
    for node in scene.nodes("vtkMRMLMarkupsFiducialNode"):
        if node.GetAttribute(ROLE) != "landmarks":
            continue
        found: dict[str, dict[int, np.ndarray]] = {"anterior": {}, "inferior": {}}
        total = node.GetNumberOfControlPoints()
        for index in range(total):
            label, position = node.GetNthControlPointLabel(index), [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(index, position)
            at, *pixel = nodes.points_in_pixels(np.array([position]), geometry)[0]
            if label in found:
                # A point placed by hand lies near its slice, and in any order.
                found[label][int(np.clip(np.rint(at), 0, shape[0] - 1))] = np.array(pixel)
        if total != 2 * shape[0] or any(len(points) != shape[0] for points in found.values()):
            raise SeriesError(
                f"{path}: RV insertions need one 'anterior' and one 'inferior' point per slice."
            )
        return RVInsertion(
            **{name: np.array([at[i] for i in range(shape[0])]) for name, at in found.items()}
        )
    return None
