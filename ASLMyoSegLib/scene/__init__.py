"""MRML scenes in and out: the one room that imports `slicer`."""

from .bundle import read_scene, write_scene
from .guess import check_frames, guess_frames
from .series_scene import SeriesScene

__all__ = ["SeriesScene", "check_frames", "guess_frames", "read_scene", "write_scene"]
