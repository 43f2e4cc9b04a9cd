"""Reports of evaluations: one self-contained report.html, the same as report.md, and every number
as CSV.

`python -m agents.report results/` makes a report again from stored results.
"""

from agents.report.results import DETAILS, RESULTS
from agents.report.tables import print_table, write_csv
from agents.report.write import write_details, write_report

__all__ = ["DETAILS", "RESULTS", "print_table", "write_csv", "write_details", "write_report"]
