"""Scoring policies: `policy_kinds` is the table of what can be played, `load_policy` reads names,
`jobs` plays episodes, `record` writes logs of them, `result_cache` keeps what took long.
"""
