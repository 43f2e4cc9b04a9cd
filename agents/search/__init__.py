"""Weights of rules found by evolution strategies: `tune` for the rules, `evolve` for the bilinear
rule, `cma_es` below both.
"""
