"""The sections of the ASLMyoSeg panel, one file each, and what they share."""
