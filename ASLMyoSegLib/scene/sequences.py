"""Sequences of volumes and segmentations, one node per frame, and the browser that steps them."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..geometry import Stored, bring_to_stand
from ..io import Draft
from ..series import ASLSeries
from . import nodes
from .mrml import ROLE, nodes_of, slicer

BROWSED = ("images", "masks", "uncertainty")
"""Sequences that the browser steps, the first of them its master."""
NAME = "ASLMyoSeg.series"
METADATA = "ASLMyoSeg.metadata"
STORED = "ASLMyoSeg.stored"
"""Attribute of images: which axes of their nodes x, y and slice are (`geometry.Stored`)."""
PLACE, UNKNOWN = "ASLMyoSeg.place", "unknown"
"""Attribute of images whose file does not say how they lie in the patient."""
INDEX = "frame"
MADE = "ASLMyoSeg.made"
"""Attribute of images that this module put into the scene, not another one."""


def add_images(scene: Any, series: ASLSeries | Draft) -> Any:
    """A sequence of images, vtkMRMLSequenceNode; those of a draft are called by its words."""
    words = series.words if isinstance(series, Draft) else ("",) * len(series.images)
    stored = Stored(series.geometry) if isinstance(series, Draft) else series.on_file
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", f"{shown_name(series.name)} images")
    sequence.SetAttribute(MADE, "1")
    _keep_metadata(sequence, series)
    if not stored.geometry.known:
        sequence.SetAttribute(PLACE, UNKNOWN)
    sequence.SetIndexName(INDEX)
    sequence.SetIndexUnit("")
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
    modifying = sequence.StartModify()
    for frame, image in enumerate(stored.as_stored(series.images)):
        node = nodes.volume_node(image, stored.geometry, words[frame] or "image")
        sequence.SetDataNodeAtValue(node, str(frame))
    sequence.EndModify(modifying)
    return sequence


def describe_images(sequence: Any, series: ASLSeries) -> None:
    """Note in a sequence of images what makes it a series."""
    sequence.SetAttribute(ROLE, "images")
    sequence.SetAttribute(STORED, " ".join(series.on_file.axes))
    _keep_metadata(sequence, series)


def _keep_metadata(sequence: Any, series: ASLSeries | Draft) -> None:
    sequence.SetAttribute(NAME, series.name)
    metadata = {k: v for k, v in series.metadata.items() if k != "source"}
    sequence.SetAttribute(METADATA, json.dumps(metadata, default=str))


def add_beside(images: Any, role: str, series: ASLSeries) -> Any:
    """A sequence of empty masks, or of volumes of zeros, with the index of the images."""
    shown = f"{shown_name(series.name)} {role}"
    sequence = images.GetScene().AddNewNodeByClass("vtkMRMLSequenceNode", shown)
    sequence.SetAttribute(ROLE, role)
    sequence.SetAttribute(NAME, series.name)
    sequence.SetIndexName(images.GetIndexName())
    sequence.SetIndexUnit(images.GetIndexUnit())
    sequence.SetIndexType(images.GetIndexType())
    stored = series.on_file
    empty = np.zeros(stored.stored_shape(series.images.shape[1:]), np.float32)
    if role == "masks":
        node = nodes.segmentation_node(empty > 0, stored.geometry, "mask")
    else:
        node = nodes.volume_node(empty, stored.geometry, role)
    modifying = sequence.StartModify()
    for frame in range(len(series.images)):
        sequence.SetDataNodeAtValue(node, images.GetNthIndexValue(frame))
    sequence.EndModify(modifying)
    return sequence


def browser_for(images: Any) -> Any:
    """The browser whose master these images are; a new one where there is none."""
    scene = images.GetScene()
    for browser in nodes_of(scene, "vtkMRMLSequenceBrowserNode"):
        if browser.GetMasterSequenceNode() is images:
            return browser
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", shown_name(name_of(images)))
    browser.SetAndObserveMasterSequenceNodeID(images.GetID())
    if images.GetIndexName() == INDEX:
        browser.SetIndexDisplayFormat("%.0f")
    return browser


def derived(scene: Any) -> list[Any]:
    """Sequences that were made beside the images of series: of masks, maps and probabilities."""
    found = nodes_of(scene, "vtkMRMLSequenceNode")
    return [node for node in found if node.GetAttribute(ROLE) not in (None, "images")]


def show_frame(sequence: Any, frame: int) -> None:
    """Let the browsers of a sequence show one of its frames."""
    for browser in nodes_of(sequence.GetScene(), "vtkMRMLSequenceBrowserNode"):
        if browser.IsSynchronizedSequenceNode(sequence, True):
            browser.SetSelectedItemNumber(frame)


def series_in(
    sequence: Any, types: Sequence[str], times: np.ndarray, metadata: Mapping[str, Any], name: str
) -> ASLSeries:
    """The series of a sequence of volumes, brought to stand.

    Raises:
        SeriesError: where its frames are no images of one grid.
    """
    images, stored = images_in(sequence), stored_in(sequence)
    images = stored.standing(images)
    geometry = stored.standing_geometry(images.shape[1:])
    return ASLSeries(images, tuple(types), times, geometry, name, dict(metadata), stored)


def stored_in(sequence: Any) -> Stored:
    """How the nodes of a sequence of volumes lie against images that stand."""
    first = sequence.GetNthDataNode(0)
    geometry = nodes.geometry_of(first)
    if sequence.GetAttribute(PLACE) == UNKNOWN:
        geometry = replace(geometry, known=False)
    if axes := sequence.GetAttribute(STORED):
        return Stored(geometry, tuple(axes.split()))
    return bring_to_stand(geometry, first.GetImageData().GetDimensions()[::-1])


def images_in(sequence: Any) -> np.ndarray:
    """Pixels float32 (frame, slice, y, x) of a sequence of volumes, as its nodes have them.

    Raises:
        SeriesError: where its frames are no images of one grid.
    """
    name, count = sequence.GetName(), sequence.GetNumberOfDataNodes()
    if not count:
        raise SeriesError(f"{name}: this sequence has no frames; load it again.")
    frames = [sequence.GetNthDataNode(i) for i in range(count)]
    for index, frame in enumerate(frames):
        if not frame.IsA("vtkMRMLScalarVolumeNode") or frame.GetImageData() is None:
            raise SeriesError(f"{name}: frame {index} is no image; choose a sequence of volumes.")
        if frame.GetImageData().GetNumberOfScalarComponents() != 1:
            raise SeriesError(f"{name}: frame {index} has colours; choose magnitude images.")
    geometry = nodes.geometry_of(frames[0])
    arrays = [nodes.volume_array(frame) for frame in frames]
    for index, (frame, array) in enumerate(zip(frames, arrays, strict=True)):
        other = nodes.geometry_of(frame)
        if array.shape != arrays[0].shape or geometry.difference(other):
            raise SeriesError(
                f"{name}: frame {index} lies on another grid than frame 0; resample the images to "
                "one grid."
            )
        if not np.isfinite(array).all():
            raise SeriesError(f"{name}: frame {index} has pixels that are NaN or infinite.")
    return np.stack(arrays).astype(np.float32)


def name_of(images: Any) -> str:
    """The name of the series that a sequence of images is, or was read as."""
    return images.GetAttribute(NAME) or images.GetName()


def metadata_of(images: Any) -> dict[str, Any]:
    """What the side-car of the series said; nothing where the attribute was spoilt."""
    try:
        content = json.loads(images.GetAttribute(METADATA) or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def fingerprint(mask: np.ndarray) -> str:
    """What tells one mask (slice, y, x) from another."""
    return hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]


def packed(mask: np.ndarray) -> str:
    """A mask (slice, y, x) as a short text."""
    return base64.b64encode(zlib.compress(np.packbits(mask).tobytes())).decode()


def unpacked(text: str, shape: tuple[int, ...]) -> np.ndarray:
    """The mask, bool (slice, y, x), that `packed` made a text of."""
    bits = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    return np.unpackbits(bits, count=int(np.prod(shape))).astype(bool).reshape(shape)


def shown_name(name: str) -> str:
    """A name for nodes: MRML names files after them, and leaves ampersands as they are in XML."""
    return name.replace("&", "+")
