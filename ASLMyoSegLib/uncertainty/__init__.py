"""Stochastic passes of a network, and what their spread says."""

PAPER_TRIALS = 1115
"""Stochastic passes per image in the paper."""

DEFAULT_PRECISION = 0.02
"""Relative standard error of MCD Uncertainty at which an image has had passes enough."""
