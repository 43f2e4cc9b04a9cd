"""Learning algorithms: one table of them, and those of our own. Imports: policies, utils."""
