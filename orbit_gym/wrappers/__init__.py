"""Gymnasium wrappers."""

from orbit_gym.wrappers.record_episode import RecordEpisode

__all__ = ["RecordEpisode"]
