"""What a person writes: a Scenario and its parts, the task classes, and how TOML files become
both.
"""
