"""One accelerator: `service` says how long a task runs, `lane_profile` what is booked,
`service_slot` where it fits, `charge_and_heat` whether it may.
"""
