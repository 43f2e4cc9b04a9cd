"""What every floor stands on: units, compilation of kernels, files written whole, sampling, errors
of users. Imports nothing of ours.
"""
