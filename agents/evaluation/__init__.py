"""From the name of a policy to its results: what a name stands for, and episodes as jobs for
several processes.
"""
