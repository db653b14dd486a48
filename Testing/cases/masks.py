"""Masks that others drew of a series that lies obliquely, and its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from cases.dicom import new_dataset
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from ASLMyoSegLib.series import ASLSeries, Geometry

TYPES = ("m0scan", "control", "label")
DIRECTION = Rotation.from_euler("xyz", [15, -40, 30], degrees=True).as_matrix()
GRID = Geometry((2.0, 2.5, 8.0), (12.0, -30.0, 55.0), tuple(DIRECTION.ravel()))
SIZE = (2, 40, 44)
CENTRE = np.array(GRID.origin) + DIRECTION @ (40.0, 45.0, 4.0)
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def make_series() -> ASLSeries:
    images = np.random.default_rng(0).uniform(1, 9, (3, *SIZE)).astype(np.float32)
    return ASLSeries(images, TYPES, np.array([np.nan, 1.5, 1.5]), GRID, "sub-01")


def axes(geometry: Geometry) -> np.ndarray:
    return np.reshape(geometry.direction, (3, 3)) * np.array(geometry.spacing)


def wall(geometry: Geometry, size: tuple[int, int, int], middle: np.ndarray = CENTRE) -> np.ndarray:
    """A wall of 12 to 22 mm about the long axis of the series, sampled on any grid."""
    voxels = np.indices(size).reshape(3, -1)[::-1].T
    points = voxels @ axes(geometry).T + geometry.origin - middle
    across = points - np.outer(points @ DIRECTION[:, 2], DIRECTION[:, 2])
    radius = np.linalg.norm(across, axis=1)
    return ((radius > 12) & (radius < 22)).reshape(size)


TRUTH = wall(GRID, SIZE)


def circle(radius: float, slice_index: float, turns: int = 1) -> np.ndarray:
    """Points of a contour about the middle, in a plane of the images, mm."""
    angle = turns * np.linspace(0, 2 * np.pi, 90, endpoint=False)
    points = np.column_stack([40 + radius * np.cos(angle), 45 + radius * np.sin(angle), 0 * angle])
    points[:, 2] = GRID.spacing[2] * slice_index
    return np.array(GRID.origin) + points @ DIRECTION.T


def keyhole(slice_index: float) -> np.ndarray:
    """Outer and inner contour as one line, as some software draws holes."""
    outer, inner = circle(22, slice_index), circle(12, slice_index, -1)
    return np.concatenate([outer, outer[:1], inner, inner[:1]])


def structure_set(path: Path, regions: dict[str, list[np.ndarray]]) -> Path:
    dataset = new_dataset(STRUCTURE_SET, "1.2.3", "1.2", 1, "contours")
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        region, drawn = Dataset(), Dataset()
        region.ROINumber, region.ROIName = number, name
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType = "CLOSED_PLANAR"
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{v:.6g}" for v in points.ravel()]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(region)
        dataset.ROIContourSequence.append(drawn)
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path
