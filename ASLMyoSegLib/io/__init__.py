"""Files in and out."""

from .bids.writing import write_series
from .draft import Draft
from .images.nifti import write_volume
from .landmarks import find_rv_insertion, read_rv_insertion, write_rv_insertion
from .masks.reading import read_masks
from .posterior import read_posterior
from .reading import (
    find_series,
    input_digest,
    left_out,
    read_draft,
    read_series,
    series_name,
    series_sources,
)
from .statement import Hints

__all__ = [
    "Draft",
    "Hints",
    "find_rv_insertion",
    "find_series",
    "input_digest",
    "left_out",
    "read_draft",
    "read_masks",
    "read_posterior",
    "read_rv_insertion",
    "read_series",
    "series_name",
    "series_sources",
    "write_rv_insertion",
    "write_series",
    "write_volume",
]
