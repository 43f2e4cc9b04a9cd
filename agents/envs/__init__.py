"""Episodes: `environments`, one or a vector of them (`native`, `mixture`).

`whole` plays to the end, `recording` and `parts` keep it.
"""
