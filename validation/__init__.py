"""Authorities: other implementations, closed forms and recorded data that the models are compared
with.
"""
