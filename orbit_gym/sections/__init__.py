"""Sections of a Scenario: frozen dataclasses, one file per subject, each field with its range, meaning and source."""
