"""Worlds: `compiler` makes a scenario and a day into read-only arrays (`world`).

`world_store` keeps them on disk.
"""
