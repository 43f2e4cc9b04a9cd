"""The running episode: `simulation` moves one State, `batch` many.

`reward`, `metrics` and `episode_summary` say what came of it.
"""
