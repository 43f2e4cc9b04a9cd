"""Episode logs: :mod:`log` is the file, :mod:`wrapper` writes one while an environment is played. docs/replay.md describes both."""

from orbit_gym.recording.log import EpisodeLog, read_log, write_log
from orbit_gym.recording.wrapper import RecordEpisode

__all__ = ["EpisodeLog", "RecordEpisode", "read_log", "write_log"]
