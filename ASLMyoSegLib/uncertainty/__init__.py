"""Stochastic passes of a network, and what their spread says."""

DEFAULT_TRIALS = 1115
"""Stochastic passes per image, as in the paper."""
