"""The step, compiled: `step` books, moves the clock and plans.

Below it planning, routes, calendars, charge, heat; `observation_encoder` shows.
"""
