"""One frame as an MRML node and back; arrays are (slice, y, x), geometry in LPS."""

from __future__ import annotations

from typing import Any

import numpy as np
from vtk.util.numpy_support import vtk_to_numpy

from ..io.terminology import SLICER_ENTRY, SLICER_TAG
from ..series import Geometry
from .mrml import slicer, vtk

SEGMENT_ID = "myocardium"
SEGMENT_COLOUR = (1.0, 0.88, 0.30)
REPRESENTATION = "Binary labelmap"


def volume_node(array: np.ndarray, geometry: Geometry, name: str) -> Any:
    """A scalar volume, outside any scene."""
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name)
    node.SetIJKToRASMatrix(ijk_to_ras(geometry))
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(array))
    return node


def set_volume_array(node: Any, array: np.ndarray) -> None:
    """Replace the pixels of a scalar volume by others of the same shape and type."""
    slicer.util.arrayFromVolume(node)[:] = array
    slicer.util.arrayFromVolumeModified(node)


def volume_array(node: Any) -> np.ndarray:
    """Pixels of a scalar volume, (slice, y, x)."""
    return np.array(slicer.util.arrayFromVolume(node))


def geometry_of(node: Any) -> Geometry:
    """Geometry of a scalar volume."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ slicer.util.arrayFromVTKMatrix(matrix)
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    return Geometry(
        tuple(spacing.tolist()),
        tuple(lps[:3, 3].tolist()),
        tuple((lps[:3, :3] / spacing).ravel().tolist()),
    )


def segmentation_node(mask: np.ndarray, geometry: Geometry, name: str) -> Any:
    """A segmentation whose one segment, `SEGMENT_ID`, is the mask."""
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(name)
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(REPRESENTATION)
    # The grid on which the Segment Editor paints, also where there is no mask yet.
    converter = slicer.vtkSegmentationConverter
    segmentation.SetConversionParameter(
        converter.GetReferenceImageGeometryParameterName(),
        converter.SerializeImageGeometry(_labelmap(mask, geometry)),
    )
    segmentation.AddEmptySegment(SEGMENT_ID, SEGMENT_ID, SEGMENT_COLOUR)
    set_segmentation_mask(node, mask, geometry)
    return node


def set_segmentation_mask(node: Any, mask: np.ndarray, geometry: Geometry) -> None:
    """Replace the mask of a segmentation that `segmentation_node` made."""
    segmentation = node.GetSegmentation()
    if segmentation.GetSegment(SEGMENT_ID) is None:
        segmentation.AddEmptySegment(SEGMENT_ID, SEGMENT_ID, SEGMENT_COLOUR)
    segment = segmentation.GetSegment(SEGMENT_ID)
    # Slicer's reader cannot take a labelmap of zeros; one without extent it can. Its type is what
    # Slicer writes to the file.
    empty = slicer.vtkOrientedImageData()
    empty.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    segment.SetTag(SLICER_TAG, SLICER_ENTRY)
    segment.SetLabelValue(1)
    segment.AddRepresentation(REPRESENTATION, _labelmap(mask, geometry) if mask.any() else empty)


def draw_mask(node: Any, mask: np.ndarray, geometry: Geometry) -> None:
    """Edit the mask of a segmentation as the Segment Editor does, so that all who look hear it."""
    if mask.any():
        slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(
            _labelmap(mask, geometry), node, SEGMENT_ID
        )
    else:
        set_segmentation_mask(node, mask, geometry)


def has_segment(node: Any) -> bool:
    """Whether a segmentation has our segment: deleting it in the Data module deletes that first."""
    return node.GetSegmentation().GetSegment(SEGMENT_ID) is not None


def segmentation_mask(node: Any, geometry: Geometry, shape: tuple[int, int, int]) -> np.ndarray:
    """The mask of a segmentation, bool, on a grid: a labelmap holds only its own extent."""
    segment = node.GetSegmentation().GetSegment(SEGMENT_ID)
    stored = segment.GetRepresentation(REPRESENTATION) if segment is not None else None
    if stored is None or stored.IsEmpty():
        return np.zeros(shape, bool)
    reference = slicer.vtkOrientedImageData()
    reference.SetExtent(0, shape[2] - 1, 0, shape[1] - 1, 0, shape[0] - 1)
    reference.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    reference.SetGeometryFromImageToWorldMatrix(ijk_to_ras(geometry))
    resampled = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        stored, reference, resampled, False
    )
    labels = vtk_to_numpy(resampled.GetPointData().GetScalars()).reshape(shape)
    return labels == segment.GetLabelValue()


def _labelmap(mask: np.ndarray, geometry: Geometry) -> Any:
    image = vtk.vtkImageData()
    slices, rows, columns = mask.shape
    image.SetDimensions(columns, rows, slices)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.ravel()
    oriented = slicer.vtkOrientedImageData()
    oriented.ShallowCopy(image)
    oriented.SetGeometryFromImageToWorldMatrix(ijk_to_ras(geometry))
    return oriented


def ijk_to_ras(geometry: Geometry) -> Any:
    """Pixel indices to RAS, vtkMatrix4x4."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(geometry.direction).reshape(3, 3) * np.array(geometry.spacing)
    matrix[:3, 3] = geometry.origin
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix
    return slicer.util.vtkMatrixFromArray(ras)


def points_in_ras(points: np.ndarray, geometry: Geometry) -> np.ndarray:
    """RAS (slice, 3) in mm of pixel coordinates (slice, 2) as (y, x)."""
    return _in_ras(points, np.arange(len(points)), geometry)


def plane_in_ras(points: np.ndarray, k: int, geometry: Geometry) -> np.ndarray:
    """RAS (n, 3) in mm of pixel coordinates (n, 2) as (y, x) in slice k."""
    return _in_ras(points, np.full(len(points), k), geometry)


def _in_ras(points: np.ndarray, slices: np.ndarray, geometry: Geometry) -> np.ndarray:
    indices = np.stack([points[:, 1], points[:, 0], slices, np.ones(len(points))])
    return (slicer.util.arrayFromVTKMatrix(ijk_to_ras(geometry)) @ indices)[:3].T


def points_in_pixels(points: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Pixel coordinates (n, 3) as (slice, y, x) of RAS points (n, 3)."""
    matrix = np.linalg.inv(slicer.util.arrayFromVTKMatrix(ijk_to_ras(geometry)))
    return (matrix @ np.column_stack([points, np.ones(len(points))]).T)[2::-1].T
