"""A recorded storyline, served as real feeds and channel pages on this machine, and the pipeline run on it."""
