"""What everything in `agents` stands on: what a policy is, statistics, files of runs, compilation
of kernels.
"""
