"""MRML scenes in and out: the one room that imports `slicer`."""

from .bundle import read_scene, write_scene

__all__ = ["read_scene", "write_scene"]
