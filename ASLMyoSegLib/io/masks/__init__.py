"""Masks that others drew, and those that go out for Slicer."""
