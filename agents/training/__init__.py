"""Learning by gradients: one run, its options, callbacks and logs, and publishing its weights."""
