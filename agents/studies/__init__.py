"""Many evaluations at once: `suite` plays every case, `seed_analysis` compares training seeds,
`ablations` changes one thing at a time.
"""
