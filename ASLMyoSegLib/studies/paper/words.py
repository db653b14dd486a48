"""Numbers as tables say them."""

from __future__ import annotations

from .statistics import Regression, Spread


def mean_sd(spread: Spread, digits: int = 2) -> str:
    """``0.91 ± 0.04 (n = 144)``."""
    return f"{spread.mean:.{digits}f} ± {spread.sd:.{digits}f} (n = {spread.n})"


def r2_words(line: Regression) -> str:
    """``0.96 (slope 1.02, n = 72)``."""
    return f"{line.r2:.{2 if line.r2 >= 0.01 else 4}f} (slope {line.slope:.2g}, n = {line.n})"
