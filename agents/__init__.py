"""Agents for the orbit_gym environments: heuristics, a per-candidate network, training and paired evaluation.

Runs from a checkout (``python train.py``, ``python -m agents.evaluate``); the wheel ships ``orbit_gym`` only.
"""
