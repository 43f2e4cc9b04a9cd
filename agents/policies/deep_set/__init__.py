"""A small permutation-equivariant network (Deep Sets) that also runs compiled, so that whole
episodes and rollouts of it need no Python.
"""
