"""What was tried and did not pay, kept so that it can be tried again; nothing imports it."""
