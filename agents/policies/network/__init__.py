"""The network: `scorer` over candidate rows, `inputs` and `priors` what it is given and starts
from, `network` its heads for stable-baselines3.
"""
