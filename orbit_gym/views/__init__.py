"""What people look at: the map, replays, episode logs, scenarios described.

No kernel and no World depends on it.
"""
