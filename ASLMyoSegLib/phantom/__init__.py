"""The digital reference object: simulated myocardial ASL series with known truth."""

from .cohort import simulate_cohort, simulate_subject

__all__ = ["simulate_cohort", "simulate_subject"]
