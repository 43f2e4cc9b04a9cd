"""Earliest arrival over time-varying contacts: `search` is the loop, `edge_relaxation` its step,
`calendars` and `transfers` what a hop takes.
"""
