"""``python -m validation`` runs every comparison and prints one table."""

from validation.report import main

if __name__ == "__main__":
    main()
