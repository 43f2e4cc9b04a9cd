"""Planners, which fork the running State: `planner` is the policy, `lookahead` its compiled
decision, `bench` the memory it works in.
"""
