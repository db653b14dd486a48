"""Myocardial arterial spin labelling: masks, their uncertainty, and blood flow.

>>> series = read_series("sub-01_acq-rest_asl.nii.gz")          # doctest: +SKIP
>>> posterior = segment(series, load_model(), trials=100)       # doctest: +SKIP
>>> quantify(series, posterior.mean >= 0.5, posterior=posterior).whole.mbf  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "read_series": "io",
    "load_model": "network",
    "segment": "uncertainty.sampler",
    "quantify": "perfusion",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Import the public functions when first used: torch and the image libraries take seconds."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
