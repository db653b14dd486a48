"""The digital reference object: simulated myocardial ASL series with known truth."""

from .subject import simulate_subject

__all__ = ["simulate_subject"]
