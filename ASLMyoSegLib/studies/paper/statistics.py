"""Statistics of the paper: regression, paired comparison, concordance. A value always has its n."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1) of n values; as `0.91 ± 0.04 (n = 144)`."""

    mean: float
    sd: float
    n: int

    @staticmethod
    def of(values: np.ndarray) -> Spread:
        """Of the values that exist; NaN are left out of n."""
        values = np.asarray(values, float)
        values = values[np.isfinite(values)]
        mean = float(values.mean()) if len(values) else np.nan
        sd = float(values.std(ddof=1)) if len(values) > 1 else np.nan
        return Spread(mean, sd, len(values))


@dataclass(frozen=True)
class Regression:
    """A straight line through n points.

    Attributes:
        slope: of y on x, with its 95 % interval.
        slope_interval: of the slope.
        intercept: of y at x = 0.
        r2: square of Pearson's correlation.
        p: that the slope is zero, two-sided.
        n: points.
    """

    slope: float
    slope_interval: tuple[float, float]
    intercept: float
    r2: float
    p: float
    n: int


@dataclass(frozen=True)
class Concordance:
    """Lin's concordance correlation coefficient with its 95 % interval, and n."""

    ccc: float
    interval: tuple[float, float]
    n: int


def regression(x: np.ndarray, y: np.ndarray) -> Regression:
    """Least squares of y on x; pairs of which one is NaN are left out.

    Raises:
        ValueError: where fewer than three points are left, or all x are the same.
    """
    x, y = _pairs(x, y)
    if len(x) < 3 or np.ptp(x) == 0:
        raise ValueError(f"{len(x)} points tell no line; three with different x are needed")
    fit = stats.linregress(x, y)
    reach = float(stats.t.ppf(0.975, len(x) - 2) * fit.stderr)
    return Regression(
        slope=float(fit.slope),
        slope_interval=(float(fit.slope) - reach, float(fit.slope) + reach),
        intercept=float(fit.intercept),
        r2=float(fit.rvalue**2),
        p=float(fit.pvalue),
        n=len(x),
    )


def concordance(x: np.ndarray, y: np.ndarray) -> Concordance:
    """Lin's coefficient; its interval by Fisher's transformation.

    Source: Lin, Biometrics 1989;45:255-268, with the variance as corrected in Biometrics
    2000;56:324-325. Moments are divided by n, as there.
    """
    x, y = _pairs(x, y)
    n = len(x)
    variance_x, variance_y = x.var(), y.var()
    covariance = float(((x - x.mean()) * (y - y.mean())).mean())
    ccc = float(2 * covariance / (variance_x + variance_y + (x.mean() - y.mean()) ** 2))
    pearson = covariance / np.sqrt(variance_x * variance_y)
    shift2 = (x.mean() - y.mean()) ** 2 / np.sqrt(variance_x * variance_y)
    rest = 1 - ccc**2
    variance = (
        (1 - pearson**2) * ccc**2 / (rest * pearson**2)
        + 2 * ccc**3 * (1 - ccc) * shift2 / (pearson * rest**2)
        - ccc**4 * shift2**2 / (2 * pearson**2 * rest**2)
    ) / (n - 2)
    reach = stats.norm.ppf(0.975) * np.sqrt(variance)
    low, high = np.tanh(np.arctanh(ccc) + np.array([-reach, reach]))
    return Concordance(ccc, (float(low), float(high)), n)


def paired_p(x: np.ndarray, y: np.ndarray) -> float:
    """P that paired values have the same mean: Student's t test, two-sided."""
    return float(stats.ttest_rel(*_pairs(x, y)).pvalue)


def _pairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]
