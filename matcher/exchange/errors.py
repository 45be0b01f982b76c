"""What can be wrong with a file, in words that name the place and the remedy."""

from __future__ import annotations

from ..hub.errors import HubError


def N_(text: str) -> str:
    """Mark a text for translation and return it as it is."""
    return text


MESSAGES = {
    "file_empty": N_("The file is empty."),
    "file_type": N_("%(name)s is no kind of file that can be imported. Save it as CSV, XLSX, JSON or JSONL."),
    "file_size": N_("The file is larger than %(limit)s MB. Divide it and import the parts one by one."),
    "file_broken": N_(
        "The file cannot be read: it is damaged or only half of it is there. Save it again. (%(detail)s)"
    ),
    "file_bomb": N_("The file unpacks to far more than it should. Save it again as a plain XLSX or as CSV."),
    "file_slow": N_("The file took too long to read. Save it as CSV and try again."),
    "file_encoding": N_(
        "The text is in no encoding that is known (UTF-8, UTF-16, Windows-1252). Save it as CSV UTF-8."
    ),
    "file_json": N_("Line %(line)s is not JSON: %(detail)s"),
    "file_objects": N_("Line %(line)s does not hold an object with named fields."),
    "too_many_rows": N_("The file has more than %(limit)s rows. Divide it and import the parts one by one."),
    "too_many_columns": N_("The file has more than %(limit)s columns. Take those away that are not needed."),
    "no_rows": N_("The file has headings but no rows."),
    "heading_twice": N_("The heading “%(heading)s” is there twice. Rename one of them."),
    "no_title": N_("No column holds the %(field)s. The headings are: %(headings)s. Say which one it is."),
    "map_form": N_("“%(given)s” should be written FIELD=HEADING."),
    "map_field": N_("There is no field “%(field)s”. The fields are: %(fields)s."),
    "map_heading": N_("There is no heading “%(heading)s”. The headings are: %(headings)s."),
    "nothing_to_undo": N_("This import has nothing left to undo."),
}


class ImportRefused(HubError):
    """The whole file, or how its columns are mapped, cannot be used; nothing has been changed."""

    def __str__(self) -> str:
        return MESSAGES[self.code] % self.params
