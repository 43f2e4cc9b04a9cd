"""``python -m orbit_gym``: see :mod:`orbit_gym.cli`."""

from orbit_gym.cli import main

if __name__ == "__main__":
    main()
