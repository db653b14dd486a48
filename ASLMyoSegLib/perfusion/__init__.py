"""From masked images to myocardial blood flow per AHA segment."""

from .quantify import quantify

__all__ = ["quantify"]
