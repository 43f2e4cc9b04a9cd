"""Rules: policies with a handful of weights, compiled.

`scoring` is `tuned`, `published` the two of the literature, `bilinear` what searches learn;
`catalogue` knows them by name, `playing` plays whole episodes by one, and `tuning` finds its
weights.
"""
