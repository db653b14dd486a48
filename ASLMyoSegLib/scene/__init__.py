"""MRML scenes in and out: the one room that imports `slicer`."""

from .bundle import SceneContent, read_scene, read_scenes, write_scene
from .guess import check_frames, guess_frames
from .series_scene import SeriesScene

__all__ = [
    "SceneContent",
    "SeriesScene",
    "check_frames",
    "guess_frames",
    "read_scene",
    "read_scenes",
    "write_scene",
]
