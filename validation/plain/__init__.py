"""The step once more in plain NumPy and networkx: what the kernels' results and speed are compared
with. Uses none of them.
"""
