"""Ground stations from a CSV: one row a station.

Columns have the names of a Station's fields, or those that lists in use have.
"""

import csv
import difflib
import io
from collections import Counter
from pathlib import Path
from typing import Any

from orbit_gym.scenario.ground_segment import Station

# Field of a Station -> what its column may be called beside that.
COLUMNS = {
    "name": (),
    "latitude_deg": ("lat_deg", "latitude", "lat"),
    "longitude_deg": ("lon_deg", "longitude", "lon", "lng"),
    "altitude_m": ("alt_m", "elev_m", "elevation_m", "altitude", "alt"),
    "mask_deg": ("mask", "min_elevation_deg"),
    "antennas": (),
    "downlink_bps": (),
    "uplink_bps": (),
    "datacentre": (),
}
BANDS, OPERATORS = "bands", ("operator", "provider")
NEEDED = ("name", "latitude_deg", "longitude_deg")
TEXTS = ("name", "datacentre")
# What a band stands for where no downlink_bps is typed: one channel, the fastest band that the
# station has. X 1.2 and Ka 1.5 Gbit/s a channel: fact, the Chinese remote-sensing ground network
# (doi 10.11834/jrs.20210457: 2 x 1.2 and 4 x 1.5). S 2 Mbit/s: assumption, the rate assumed for
# S-band uplinks. Bands without a figure here give no more than S.
BAND_BPS = {"S": 2e6, "X": 1.2e9, "KA": 1.5e9}
# fact for one test at the Pamir station (Aerospace Information Research Institute)
OPTICAL, OPTICAL_BPS = "OPTICAL", 120e9
OTHER_BANDS = ("VHF", "UHF", "L", "C", "KU", "K", "V", "E")


def read_stations(path: Path) -> tuple[Station, ...]:
    """Return the stations of a CSV file; ValueError with file, line and value.

    A name that stands more than once takes its operator (or provider) in brackets. Columns not
    known here are left aside.
    """
    source = f"stations_file {str(path)!r}"
    if not path.is_file():
        raise ValueError(f"{source} does not exist")
    lines = _read_rows(source, path)
    columns = _columns(source, lines[0][1])
    cells = [(line, _cells(f"{source}, line {line}", columns, row)) for line, row in lines[1:]]
    if not cells:
        raise ValueError(f"{source} holds no station below its first line")
    counts = Counter(row["name"] for _, row in cells)
    stations = [
        _station(f"{source}, line {line}", row, counts[row["name"]] > 1) for line, row in cells
    ]
    first_lines: dict[str, int] = {}
    for (line, _), station in zip(cells, stations, strict=True):
        if station.name in first_lines:
            raise ValueError(
                f"{source}, line {line}: the name {station.name!r} stands in line "
                f"{first_lines[station.name]} already"
            )
        first_lines[station.name] = line
    return tuple(stations)


def _read_rows(source: str, path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank; ValueError where there is none."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(
            f"{source}, line {max(rows.line_num, 1)}: is not valid CSV: {error}"
        ) from error
    if not lines:
        raise ValueError(
            f"{source} is empty; its first line names the columns, for example "
            "name,latitude_deg,longitude_deg"
        )
    return lines


def _columns(source: str, header: list[str]) -> list[str]:
    """Return the field that each column holds, "" for one that is left aside.

    ValueError for one missing, doubled or misspelt.
    """
    aliases = {alias: name for name, extra in COLUMNS.items() for alias in (name, *extra)}
    aliases |= {BANDS: BANDS} | dict.fromkeys(OPERATORS, OPERATORS[0])
    columns = [aliases.get(title.strip().lower(), "") for title in header]
    for name in NEEDED:
        if name not in columns:
            hint = f" (or {', '.join(COLUMNS[name])})" if COLUMNS[name] else ""
            raise ValueError(f"{source}, line 1: no column {name}{hint}; got {', '.join(header)}")
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    if twice:
        raise ValueError(f"{source}, line 1: two columns hold {twice[0]}; got {', '.join(header)}")
    for title, name in zip(header, columns, strict=True):
        close = (
            []
            if name
            else difflib.get_close_matches(title.strip().lower(), aliases, n=1, cutoff=0.8)
        )
        if close:
            raise ValueError(
                f"{source}, line 1: unknown column {title!r}; did you mean {close[0]!r}?"
            )
    return columns


def _cells(source: str, columns: list[str], row: list[str]) -> dict[str, str]:
    """Return a row's texts by field.

    ValueError where it is too long or lacks what a station needs.
    """
    if len(row) > len(columns):
        raise ValueError(
            f"{source}: {len(row)} cells under {len(columns)} columns; a text with a comma stands "
            "in quotes"
        )
    cells = {
        name: cell.strip()
        for name, cell in zip(columns, row, strict=False)
        if name and cell.strip()
    }
    for name in NEEDED:
        if name not in cells:
            raise ValueError(f"{source}: station {cells.get('name', '')!r} has no {name}")
    return cells


def _station(source: str, cells: dict[str, str], is_shared: bool) -> Station:
    """Return the Station of a row; ValueError naming what is no number or out of range."""
    operator = cells.get(OPERATORS[0], "")
    name = f"{cells['name']} ({operator})" if is_shared and operator else cells["name"]
    values: dict[str, Any] = {
        key: cells[key] if key in TEXTS else _number(source, key, cells[key])
        for key in COLUMNS
        if key in cells
    }
    if BANDS in cells and "downlink_bps" not in values:
        values |= _bands(source, cells[BANDS])
    try:
        return Station(**(values | {"name": name}))
    except ValueError as error:
        raise ValueError(f"{source}: station {name!r}: {error}") from error


def _number(source: str, key: str, text: str) -> float | int:
    try:
        return int(text) if key == "antennas" else float(text)
    except ValueError as error:
        kind = "a whole number" if key == "antennas" else "a number"
        raise ValueError(f"{source}: {key} must be {kind}, got {text!r}") from error


def _bands(source: str, text: str) -> dict[str, Any]:
    """Return downlink_bps of the fastest of the radio bands, written like S|X|Ka.

    A station that has only lasers is optical.
    """
    bands = [band.strip().upper() for band in text.replace("/", "|").replace(";", "|").split("|")]
    for band in bands:
        if band not in (*BAND_BPS, *OTHER_BANDS, OPTICAL):
            allowed = ", ".join((*BAND_BPS, OPTICAL, *OTHER_BANDS))
            raise ValueError(
                f"{source}: unknown band {band!r} in {text!r}; choose from {allowed}, parted by |"
            )
    radio = [BAND_BPS.get(band, BAND_BPS["S"]) for band in bands if band != OPTICAL]
    return (
        {"downlink_bps": max(radio)} if radio else {"downlink_bps": OPTICAL_BPS, "is_optical": True}
    )
