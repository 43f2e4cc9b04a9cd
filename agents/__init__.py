"""Agents for the orbit_gym environments: heuristics, rules, planners, a per-candidate network,
training and paired evaluation.

Runs from a checkout (``python train.py``, ``python -m agents.evaluate``); the wheel ships
``orbit_gym`` only. Commands: ``evaluate``, ``report``, ``bounds``, ``training.publish``,
``search.tune``, ``search.evolve``, ``studies.suite``, ``studies.seed_analysis``,
``studies.ablations``.
"""
