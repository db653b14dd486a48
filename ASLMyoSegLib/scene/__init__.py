"""MRML scenes in and out: the one room that imports `slicer`."""

from . import mrml  # first, as it says what to do where Slicer's libraries lack
from .bundle import SceneContent, read_scene, read_scenes, write_scene
from .guess import check_frames, guess_frames
from .series_scene import SeriesScene

__all__ = [
    "SceneContent",
    "SeriesScene",
    "check_frames",
    "guess_frames",
    "mrml",
    "read_scene",
    "read_scenes",
    "write_scene",
]
