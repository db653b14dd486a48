"""Processes beside this one: the panel's worker, calls that may crash, and those of torchrun."""
