"""The step, compiled: `kernel` books, moves the clock and plans; below it planning, routes, calendars, charge, heat; `encoding` shows."""
