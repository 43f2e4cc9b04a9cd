"""Physics as functions of arrays: no classes, no clock, no input or output.

Imports only math, numpy, numba and units.
"""
