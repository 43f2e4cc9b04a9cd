"""Replays of episode logs: :mod:`page` writes one HTML file with a globe, :mod:`czml` a file for
Cesium.
"""

from orbit_gym.views.replay.czml import write_czml
from orbit_gym.views.replay.page import write_page

__all__ = ["write_czml", "write_page"]
