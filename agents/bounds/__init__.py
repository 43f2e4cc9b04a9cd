"""Bounds of what any policy can serve: `milp` solves small crowds exactly, `service_windows` says
where a task may run.
"""
