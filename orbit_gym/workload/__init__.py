"""Workloads: `arrivals` draws an episode's tasks, `making` their sizes, `replay` takes them from
recordings, `outages` draws faults.
"""
