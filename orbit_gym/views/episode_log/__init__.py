"""Episode logs: :mod:`log` is the file, :class:`orbit_gym.wrappers.RecordEpisode` writes one while
an environment is played. docs/guides/replay.md describes both.
"""

from orbit_gym.views.episode_log.log import EpisodeLog, read_log, write_log

__all__ = ["EpisodeLog", "read_log", "write_log"]
