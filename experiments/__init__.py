"""Learning from demonstrations, which did not pay: README.md says what came of it."""
