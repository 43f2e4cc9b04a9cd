"""Physics as functions of arrays: no classes, no clock, no input or output; imports only math, numpy, numba and units."""
