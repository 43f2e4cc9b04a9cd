"""Scenarios described: `derived` and `loads` work out what follows from one, `describing` says it,
two more make tables of the docs.
"""
