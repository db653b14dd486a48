"""Studies over data sets: one file each."""
