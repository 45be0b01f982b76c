"""A short name for the browser and system that somebody logs in with, so that they know their log-ins apart.

Browsers say far more about themselves (versions, models, screens). Of that nothing is kept but a name of these lists.
"""

from __future__ import annotations

# What stands in the header, and the name; browsers put the names of others beside their own, so the order counts.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def short_name(header: str) -> str | None:
    """Return for instance `Firefox, Windows` for a User-Agent header; None when it names neither that is known."""
    found = [next((name for mark, name in known if mark in header), None) for known in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name) or None
