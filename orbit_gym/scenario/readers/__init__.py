"""Readers of recorded work: request traces, event lists, task files.

Arrays out; every bad line is named or counted.
"""
