"""How well two measurements of the same things agree."""

from __future__ import annotations

import numpy as np


def agreement(pairs: np.ndarray) -> dict[str, float | int | None]:
    """Linear regression and Lin's concordance (1989) of column 1 on column 0; pairs (n, 2).

    Null where there are fewer than three pairs, or nothing differs.
    """
    if len(pairs) < 3:
        return {"n": len(pairs), "r2": None, "slope": None, "intercept": None, "ccc": None}
    x, y = pairs.T
    covariance = np.cov(x, y, bias=True)
    spread = covariance[0, 0] + covariance[1, 1] + (x.mean() - y.mean()) ** 2
    slope, intercept = np.polyfit(x, y, 1)
    return {
        "n": len(pairs),
        "r2": r_squared(x, y),
        "slope": float(slope),
        "intercept": float(intercept),
        "ccc": float(2 * covariance[0, 1] / spread) if spread else None,
    }


def agreement_with_truth(table: np.ndarray) -> dict[str, float | int | None]:
    """Of measured flow with the true one: `n`, `r2`, `slope`, `bias`, `rmse`, `ccc`, and `cover90`,
    the share of intervals that hold the truth.

    Args:
        table: (n, 4): true and measured flow, and the ends of the interval, else NaN.
    """
    found = table[np.isfinite(table[:, :2]).all(1)]
    fit = agreement(found[:, :2])
    error = found[:, 1] - found[:, 0]
    known = found[np.isfinite(found).all(1)]
    inside = (known[:, 2] <= known[:, 0]) & (known[:, 0] <= known[:, 3])
    return {
        "n": fit["n"],
        "r2": fit["r2"],
        "slope": fit["slope"],
        "bias": float(error.mean()) if len(error) else None,
        "rmse": float(np.sqrt(np.mean(error**2))) if len(error) else None,
        "ccc": fit["ccc"],
        "cover90": float(inside.mean()) if len(known) else None,
    }


def r_squared(x: np.ndarray, y: np.ndarray) -> float | None:
    """Of two columns; None where there are too few values, or all are one."""
    if len(x) < 3 or x.std() == 0 or y.std() == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1] ** 2)
