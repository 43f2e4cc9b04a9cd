"""Small recordings that tests write."""

from pathlib import Path

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def minute_file(folder: Path) -> Path:
    """Requests at 0, 10 and 40 s: a mean gap of 20 s, so a circle of one minute."""
    path = folder / "minute.csv"
    path.write_text(
        AZURE
        + "".join(
            f"2023-11-16 18:00:{10 + second},{100 + second},{second + 1}\n"
            for second in (0, 10, 40)
        )
    )
    return path
