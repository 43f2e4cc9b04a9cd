"""Learning by gradients: `training` is one run, `settings` what it is asked, `algorithms`, `ppo`
and `discount` how it learns, `callbacks` and `scalars` what is kept and said meanwhile.
"""
