"""Find a place by the days: what is free at every testbed, ranked for one's profile, one's need, or both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import (
    capacity,
    cases,
    distances,
    need_catalogue,
    need_content,
    needs,
    organisations,
    overview,
    places,
    reference,
    startups,
)
from ..hub.catalogue import swedish_key
from ..hub.errors import Invalid
from ..ranking import placing
from . import forms, words
from .access import allowed, now, store, viewer
from .ranking import ranker

blueprint = Blueprint("places", __name__)

Row = dict[str, Any]
SHOWN = 20
FAR = 10_000  # km: where no place is said
KEPT = ("starts_on", "ends_on", "need", "startup", "county")


@blueprint.get("/places")
@allowed("testbed.view")
def search() -> Any:
    """Ask for the days first, then show every testbed with what it has free on all of them."""
    given = {name: request.args.get(name, "") for name in KEPT}
    given["county"] = forms.one_of("county", reference.codes("counties"))
    if not (given["starts_on"] or given["ends_on"]):
        return _page(given)
    try:
        period = capacity.period_ahead(given["starts_on"], given["ends_on"], now())
    except Invalid as error:
        return _page(given, errors=forms.messages(error)), 422
    return _page(given, period)


def _page(given: Row, period: capacity.Period | None = None, errors: dict[str, str] | None = None) -> str:
    choices = _choices()
    if "startup" not in request.args and choices["own"] and not given["need"]:
        given = {**given, "startup": choices["own"][0][0]}
    need, startup = _chosen(given)
    page = forms.page()
    found = _found(period, given["county"], need, startup) if period else {"rows": [], "words_only": False}
    shown = found["rows"][(page - 1) * SHOWN : page * SHOWN]
    return render_template(
        "places/search.html",
        given=given,
        period=period,
        errors=errors or {},
        need=need,
        startup=startup,
        needs=_with(choices["needs"], need, "title"),
        startups=_with(choices["startups"], startup, "name"),
        total=len(found["rows"]),
        free=sum(bool(row["free"]) for row in found["rows"]),
        rows=_explained(shown, need, startup),
        words_only=found["words_only"],
        page=page,
        pages=max(-(-len(found["rows"]) // SHOWN), 1),
        page_url=lambda number: _address(given, page=number),
        on_other_days=lambda days: _address(given, starts_on=days[0], ends_on=days[1]),
        ask_url=lambda row: _ask_address(row["id"], period, given),
    )


def _address(given: Row, **changes: Any) -> str:
    """Return this search with other days or another page; an emptied choice stays emptied."""
    kept = {name: value for name, value in given.items() if value or name == "startup"}
    return url_for("places.search", **{**kept, **changes})


def _choices() -> Row:
    """Return the profiles and needs that a person may rank for: their own first, then those of their cases."""
    who = viewer()
    if who is None or not who.roles:
        return {"own": [], "startups": [], "needs": []}
    own = [(row["id"], row["name"]) for row in overview.own_startups(store(), who)] if who.has("startup") else []
    posted = need_catalogue.own(store(), who) if who.has("owner", "startup") else []
    found = cases.listing(store(), who, now(), mine=who.has("broker"))[0]
    paired = [row for row in found if row["status"] not in ("declined", "ended", "finished")]
    return {
        "own": own,
        "startups": _unique([*own, *((row["startup_id"], row["startup_name"]) for row in paired)]),
        "needs": _unique(
            [
                *((row["id"], row["title"]) for row in posted if not row["closed_at"]),
                *((row["need_id"], row["need_title"]) for row in paired),
            ]
        ),
    }


def _unique(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict(pairs).items())


def _with(choices: list[tuple[str, str]], row: Row | None, name: str) -> list[tuple[str, str]]:
    """Return the choices with the one that the address names among them."""
    return choices if row is None or row["id"] in dict(choices) else [(row["id"], row[name]), *choices]


def _chosen(given: Row) -> tuple[Row | None, Row | None]:
    """Return the need and the profile that the address names, each within what the person may see."""
    who = viewer()
    if who is None or not who.roles:
        return None, None
    need = needs.load(store(), who, given["need"]) if given["need"] else None
    startup = startups.load(store(), who, given["startup"]) if given["startup"] else None
    return need, startup


def _found(period: capacity.Period, county: str, need: Row | None, startup: Row | None) -> Row:
    """Return every testbed in order: what is free before what is not, each by fit, then near before far."""
    fits = placing.fits(ranker(), need, startup)
    home = _home(need, startup)
    rows = [row for row in places.find(store(), *period, now()) if county in ("", row["county_code"])]
    for row in rows:
        row["fit"] = fits.of.get(row["id"])
        row["km"] = distances.kilometres(home, (row["municipality_code"], row["county_code"]))
        row["offered"] = need is not None and need["testbed_id"] == row["id"]
    return {"rows": sorted(rows, key=_order), "words_only": fits.words_only}


def _order(row: Row) -> tuple[Any, ...]:
    fit, km = row["fit"], row["km"]
    return (not row["free"], -fit.score if fit else 0.0, FAR if km is None else km, swedish_key(row["name"]))


def _home(need: Row | None, startup: Row | None) -> tuple[str | None, str | None]:
    """Return where distances begin: at the need, else at the company, else at the person's own organisation."""
    if need:
        return need["municipality_code"], need["county_code"]
    who = viewer()
    own = who.organisations("startup", "owner", "host", "broker") if who else []
    organisation_id = startup["organisation_id"] if startup else own[0] if own else None
    row = organisations.get(store(), organisation_id) if organisation_id else {}
    return row.get("municipality_code"), row.get("county_code")


def _explained(rows: list[Row], need: Row | None, startup: Row | None) -> list[Row]:
    """Give each testbed that is shown `why`: sentences that say why it stands where it does."""
    asked = "\n".join(
        [*(need_content.sections(need) if need else ()), *(startups.sections(startup) if startup else ())]
    )
    texts = {row["id"]: f"{row['name']}\n{row['description']}\n{row['users']}\n{row['methods']}" for row in rows}
    shared = placing.words_in_common(asked, texts) if asked else {}
    themes = {code for one in (need, startup) if one for code in one["themes"] or []}
    for row in rows:
        common = [words.theme(code) for code in row["themes"] if code in themes]
        row["why"] = [
            *([_("Offered in the need.")] if row["offered"] else []),
            *([_place(row["fit"])] if row["fit"] else []),
            *([_("In common: %(themes)s.", themes=", ".join(common))] if common else []),
            *([_("Words in both: %(words)s.", words=", ".join(shared[row["id"]]))] if shared.get(row["id"]) else []),
        ]
    return rows


def _place(fit: placing.Fit) -> str:
    said = {"rank": fit.rank, "of": fit.of, "need": fit.need, "startup": fit.startup}
    if fit.need and fit.startup:
        return _(
            "Place %(rank)s of %(of)s by need and profile together: %(need)s by the need, %(startup)s by the profile.",
            **said,
        )
    if fit.need:
        return _("Place %(rank)s of %(of)s by how it fits the need.", **said)
    return _("Place %(rank)s of %(of)s by how it fits the profile.", **said)


def _ask_address(testbed_id: str, period: capacity.Period | None, given: Row) -> str:
    """Return the form that asks this testbed for a place, with the days and what it is for filled in."""
    days = {"starts_on": period[0], "ends_on": period[1]} if period else {}
    about = {f"{kind}_id": given[kind] for kind in ("need", "startup") if given[kind]}
    return url_for("bookings.create_form", testbed_id=testbed_id, **days, **about)
