"""``python -m agents.bounds``: see :mod:`agents.bounds.milp`."""

from agents.bounds.milp import main

if __name__ == "__main__":
    main()
