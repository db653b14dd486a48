"""From masked images to myocardial blood flow per AHA segment."""

from .quantify import flow_map, quantify

__all__ = ["flow_map", "quantify"]
