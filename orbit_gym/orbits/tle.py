"""Two-line elements: their format checked letter by letter, and their SGP4 record."""

import math
from collections.abc import Iterator

from sgp4.api import SGP4_ERRORS, WGS72, Satrec

TLE_LENGTH = 69
# a longer line that begins with neither 1 nor 2 is a damaged element line (the format gives names
# 24 columns)
LONGEST_NAME = 40
NUMBER_CHARACTERS = set("0123456789 .+-")
NUMBERS_FROM = {1: 18, 2: 7}  # columns from which a line holds only numbers
TLE_TEMPLATE = (
    "1 NNNNNC NNNNNAAA NNNNN.NNNNNNNN +.NNNNNNNN +NNNNN-N +NNNNN-N N NNNNN",
    "2 NNNNN NNN.NNNN NNN.NNNN NNNNNNN NNN.NNNN NNN.NNNN NN.NNNNNNNNNNNNNN",
)


class RefusedElements(ValueError):
    """Elements that cannot be flown: a sentence for people and a short reason to count by."""

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def checksum(line: str) -> int:
    """Return the checksum of a TLE line over its first 68 characters.

    Digits count as they are, minus signs as 1, modulo 10.
    """
    body = line[: TLE_LENGTH - 1]
    return (sum(digit * body.count(str(digit)) for digit in range(1, 10)) + body.count("-")) % 10


def check_line(name: str, line: str, number: int) -> str:
    """Return a TLE line without trailing blanks.

    Refused, naming the satellite and what is wrong, with the template.
    """
    line = line.rstrip()
    wrong = reason = ""
    if not line:
        wrong, reason = "is missing", "missing"
    elif len(line) != TLE_LENGTH:
        wrong, reason = f"has {len(line)} characters instead of {TLE_LENGTH}", "wrong length"
    elif not line.startswith(f"{number} "):
        wrong, reason = f"starts with {line[:2]!r} instead of '{number} '", "wrong start"
    elif not line[68].isdigit() or int(line[68]) != checksum(line):
        wrong, reason = (
            f"ends with checksum {line[68]!r} instead of '{checksum(line)}'",
            "wrong checksum",
        )
    elif set(line[NUMBERS_FROM[number] :]) - NUMBER_CHARACTERS:  # sgp4 would read "15.x9" as 15
        wrong = (
            f"holds {min(set(line[NUMBERS_FROM[number] :]) - NUMBER_CHARACTERS)!r} where only "
            "numbers stand"
        )
        reason = "not a number"
    if wrong:
        line_text = f", got {line!r}" if line else ""
        sentence = (
            f"satellite {name!r}: line {number} {wrong}; it should look like "
            f"{TLE_TEMPLATE[number - 1]!r}{line_text}"
        )
        raise RefusedElements(sentence, f"TLE line {number}: {reason}")
    return line


def record_of(name: str, line1: str, line2: str) -> Satrec:
    """Return the SGP4 record of two-line elements.

    Refused, naming the satellite and what is wrong.
    """
    line1, line2 = check_line(name, line1, 1), check_line(name, line2, 2)
    if line1[2:7] != line2[2:7]:
        sentence = (
            f"satellite {name!r}: line 1 is for object {line1[2:7]} and line 2 for object "
            f"{line2[2:7]}"
        )
        raise RefusedElements(sentence, "TLE lines of two objects")
    try:
        record = Satrec.twoline2rv(line1, line2, WGS72)
    except ValueError as error:
        sentence = (
            f"satellite {name!r}: {error}; lines should look like {' / '.join(TLE_TEMPLATE)!r}"
        )
        raise RefusedElements(sentence, "TLE that sgp4 cannot read") from error
    return checked_record(name, record)


def checked_record(name: str, record: Satrec) -> Satrec:
    """Return the record, or raise where its elements are no orbit.

    The state at their epoch is checked by the caller.
    """
    if not 0.0 <= record.inclo <= math.pi:
        sentence = (
            f"satellite {name!r}: inclination must be from 0 to 180 degrees, got "
            f"{math.degrees(record.inclo):g}"
        )
        raise RefusedElements(sentence, "inclination out of range")
    if not record.no_kozai > 0.0:
        sentence = (
            f"satellite {name!r}: mean motion must be above 0 revolutions per day, got "
            f"{record.no_kozai * 720.0 / math.pi:g}"
        )
        raise RefusedElements(sentence, "mean motion out of range")
    if record.error:
        reason = SGP4_ERRORS.get(record.error, "SGP4 refuses these elements")
        raise RefusedElements(f"satellite {name!r}: {reason}", reason)
    return record


def entries(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (place, name, line 1, line 2) of each satellite.

    A line that fits nowhere comes as a satellite without the other line.
    """
    lines = [(f"line {number}", line.rstrip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(place, line) for place, line in lines if line.strip() and not line.startswith("#")]
    name, named_at, row = "", "", 0
    while row < len(lines):
        place, line = lines[row]
        following = lines[row + 1][1] if row + 1 < len(lines) else ""
        row += 1
        is_damaged = len(line) > LONGEST_NAME and not line.startswith(("1 ", "2 "))
        if line.startswith("1 ") or is_damaged:
            has_second = following.startswith("2 ") or (
                len(following) > LONGEST_NAME and not following.startswith("1 ")
            )
            row += has_second
            yield place, name or line[2:7].strip(), line, following if has_second else ""
            name = ""
        elif line.startswith("2 "):
            yield place, name or line[2:7].strip(), "", line
            name = ""
        else:
            if name:
                yield named_at, name, "", ""
            name, named_at = line.removeprefix("0 ").strip(), place
    if name:
        yield named_at, name, "", ""
