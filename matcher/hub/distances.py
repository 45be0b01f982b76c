"""How far two places lie apart, as the crow flies: enough to say near or far, not how long it takes to get there."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from . import reference

EARTH_KM = 6371.0  # mean radius, IUGG


def kilometres(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> int | None:
    """Return whole kilometres between two (municipality code, county code), None when one of them names no place.

    Centre to centre (data/README.md), by the haversine formula (Sinnott, 1984); a county stands for itself where the
    municipality is not said. 0 within one municipality.
    """
    a, b = _point(*one), _point(*other)
    if a is None or b is None:
        return None
    (south, west), (north, east) = a, b
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return round(2 * EARTH_KM * asin(sqrt(min(chord, 1.0))))


def _point(municipality: str | None, county: str | None) -> tuple[float, float] | None:
    row = reference.municipalities().get(municipality or "") or reference.counties().get(county or "")
    return (radians(float(row["lat"])), radians(float(row["lon"]))) if row else None
