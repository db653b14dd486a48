"""The paper's experiments on simulated hearts: one file a study, and what they share."""
