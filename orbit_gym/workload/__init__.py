"""What an episode asks of a World.

`arrivals` draws tasks at `spawn_sites` by `arrival_processes`, `task_factory` their sizes, and
`trace_replay` takes them from recordings; `fault_process` draws faults.
"""
