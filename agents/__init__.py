"""Agents for the orbit_gym environments: heuristics, rules, planners, a per-candidate network,
training and paired evaluation.

Runs from a checkout (``python train.py``, ``python -m agents.evaluate``); the wheel ships
``orbit_gym`` only. Files of this folder that are no package are commands (``evaluate``, ``rows``,
``learner``; ``tune``, ``evolve``, ``imitate``, ``ablations``, ``publish``; ``expert``, ``labels``;
``bounds``) and two helpers named after theirs; ``common`` is what all packages stand on.
"""
