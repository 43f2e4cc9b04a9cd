"""Orbits: `positions` is where satellites are, `tle`, `omm` and `elements` read files of elements,
`planes` groups satellites by plane.
"""
