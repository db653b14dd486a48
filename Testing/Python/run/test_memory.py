"""Memory that long series and large cohorts take, as measured by the command."""

from __future__ import annotations

import json

from studies.memory import FRAMES, RESULT, SERIES


def test_long_series_and_large_cohorts_ran_in_less_than_3_gb():
    measured = json.loads(RESULT.read_text())["measured"]
    assert {f"{FRAMES} frames", f"{SERIES} series"} <= {
        " ".join(one["what"].split()[:2]) for one in measured
    }
    assert (FRAMES, SERIES) == (2000, 1000)
    for one in measured:
        assert one["status"] == 0
        assert 100 < one["peak_mb"] < 3000
