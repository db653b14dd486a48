"""Stochastic passes of a network, and what their spread says."""
