"""Policies: what maps an observation to an action.

`protocol` says what each answers. `heuristics` are costs of candidates; `linear_rule`,
`bilinear_rule` and `published` are rules with weights, compiled, that `rule_registry` knows by
name and `compiled_rollout` plays whole episodes by. `planner` looks ahead in the simulation,
`network` holds what is trained, `shipped` reads weights of ours.
"""
