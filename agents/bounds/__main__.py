"""``python -m agents.bounds``: see :mod:`agents.bounds.milp`."""

from agents.bounds.milp import main

main()
