"""Environments and episodes: `problem` says what is played and makes environments, `make` makes
vectors of them for training (`native_vec_env`, `mixed_vec_env`). `episode_runner` is the one loop
that plays episodes to their end.
"""
