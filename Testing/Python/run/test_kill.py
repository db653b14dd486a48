"""Killed at any moment: what is left is whole or absent, and the next start goes on from there."""

from __future__ import annotations

import json

import pytest
from studies.kill import ACTIVITIES, RESULT, kill


@pytest.mark.parametrize("name", ["run", "train", "worker"])
def test_a_killed_process_leaves_whole_results_or_none_and_the_next_goes_on(name: str):
    counts = kill(name, 2, seed=7)
    assert counts["finished"] >= 1
    assert counts["killed"] >= 2


def test_a_hundred_kills_spoiled_nothing_not_even_corrections_in_a_scene():
    """Of the command's last run, which ends at the first fault."""
    result = json.loads(RESULT.read_text())
    assert set(result["outcomes"]) == set(ACTIVITIES)
    assert sum(counts["killed"] for counts in result["outcomes"].values()) >= 100
