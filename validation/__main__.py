"""``python -m validation`` runs every comparison and prints one table."""

from validation.report import main

main()
