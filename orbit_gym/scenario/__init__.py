"""What a person writes: a Scenario and its parts, task classes, and how TOML files become both."""
