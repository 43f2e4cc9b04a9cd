"""Planners, which fork the running State: `planner` is the policy, `lookahead` its compiled
decision, `workspace` the memory it works in.
"""
