"""The step, compiled: `kernel` books, moves the clock and plans.

Below it planning, routes, calendars, charge, heat; `encoding` shows.
"""
