"""Episode logs: :mod:`log` is the file, :mod:`wrapper` writes one while an environment is played. docs/replay.md describes both."""

from orbit_gym.views.episode_log.log import EpisodeLog, read_log, write_log
from orbit_gym.wrappers.record_episode import RecordEpisode

__all__ = ["EpisodeLog", "RecordEpisode", "read_log", "write_log"]
