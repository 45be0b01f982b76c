"""What can be wrong with a file, in words that name the place and the remedy."""

from __future__ import annotations

from ..hub.errors import HubError


def N_(text: str) -> str:
    """Mark a text for translation and return it as it is."""
    return text


# Codes of a file or a mapping that cannot be used at all.
MESSAGES = {
    "file_none": N_("No file was chosen. Choose one and send it again."),
    "file_missing": N_("The file %(name)s cannot be opened: %(detail)s."),
    "file_empty": N_("The file is empty. Check that it was saved, and choose it again."),
    "file_type": N_("%(name)s is %(found)s, which cannot be imported. Save it as CSV, XLSX, JSON or JSONL."),
    "file_old": N_(
        "%(name)s is an old Excel file (.xls) or is protected by a password. Save it as XLSX without a password."
    ),
    "file_macros": N_("%(name)s holds macros. Save it as XLSX without macros, or as CSV."),
    "file_size": N_("The file is larger than %(limit)s MB. Divide it and import the parts one by one."),
    "file_broken": N_("The file is damaged, or only half of it is there. Save or fetch it again."),
    "file_not_xlsx": N_("%(name)s is called XLSX but holds no spreadsheet. Save it as XLSX, or call it what it is."),
    "file_half": N_("The file ends in the middle of line %(line)s: half of it is missing. Save or fetch it again."),
    "file_bomb": N_("The file unpacks to far more than a table holds. Save it again as a plain XLSX or as CSV."),
    "file_heavy": N_(
        "The file takes too much memory to read: its cells reach too far, or it is nested too deeply. "
        "Take away what stands outside the table, or save it as CSV."
    ),
    "file_unread": N_(
        "The file made the reading stop, and nobody knows why. Save it as CSV and try again. If that does not help, "
        "tell whoever runs this service."
    ),
    "file_dtd": N_("The file holds a document type definition (%(name)s), which no spreadsheet needs. Save it again."),
    "file_formula": N_(
        "Cell %(cell)s holds a formula that was never calculated. Open the file in a spreadsheet program, save it, "
        "and choose it again."
    ),
    "file_long_number": N_(
        "Cell %(cell)s holds a number of more than %(digits)s digits, and a spreadsheet does not keep all of them. "
        "Write it as text."
    ),
    "file_merged": N_(
        "The cells %(cells)s are merged, so it is not clear to which rows and columns their text belongs. "
        "Split them and fill in each cell."
    ),
    "file_twice": N_("Cell or row %(cell)s is there twice, or in the wrong order. Save the file again."),
    "file_slow": N_("The file took longer than %(seconds)s seconds to read. Save it as CSV and try again."),
    "file_encoding": N_(
        "Line %(line)s holds a character that is neither UTF-8, UTF-16 nor Windows-1252. Save the file as CSV UTF-8."
    ),
    "file_nul": N_("Line %(line)s holds a NUL character, so the file is damaged or no text. Save it again."),
    "file_quotes": N_(
        "The row that begins on line %(line)s has a quotation mark that is not closed, or one inside a text. "
        "Write it twice, or take it away."
    ),
    "file_field": N_(
        "The row that begins on line %(line)s holds a text of more than %(limit)s characters. Shorten it."
    ),
    "file_json": N_(
        "Line %(line)s is not JSON from character %(column)s on: a comma, colon, bracket or quotation mark is missing "
        "or too many. Correct the line, or fetch the file again."
    ),
    "file_let_go": N_(
        "Somebody was erased from the hub, and this file names them or cannot be searched for them, so it was deleted. "
        "Send it again if it is still wanted."
    ),
    "file_nested": N_("Line %(line)s holds lists within lists far too deeply. Give each field one plain value."),
    "file_number": N_("Line %(line)s holds a number that is too long. Shorten it, or write it in quotation marks."),
    "file_no_number": N_(
        "Line %(line)s holds %(value)s, which is no number. Take it away, or write it in quotation marks."
    ),
    "file_objects": N_('Entry %(line)s is not an object with named fields, like {"name": "…"}. Correct it.'),
    "too_many_rows": N_("The file has more than %(limit)s rows. Divide it and import the parts one by one."),
    "too_many_columns": N_("The file has more than %(limit)s columns. Take those away that are not needed."),
    "no_rows": N_("The file has headings but no rows. The first row must hold the headings, the others the data."),
    "heading_twice": N_("The heading “%(heading)s” is there twice. Rename one of them."),
    "no_title": N_("No column holds the field “%(field)s”. The headings are: %(headings)s. Say which one it is."),
    "map_form": N_("“%(given)s” should be written FIELD=HEADING."),
    "map_field": N_("There is no field “%(field)s”. The fields are: %(fields)s."),
    "map_heading": N_("There is no heading “%(heading)s”. The headings are: %(headings)s."),
    "map_twice": N_("The field “%(field)s” can stand in one column only. Choose one of: %(headings)s."),
    "import_taken": N_("Another process goes on with this import. The list of imports says how far it has come."),
    "import_busy": N_("This import is at work already. Wait until it is done."),
    "import_state": N_("This import has gone on since you opened the page. Look at it again."),
}

# Codes of one row: why it was not taken, or what it was taken without. The codes of `hub.fields` come beside them.
ROW_MESSAGES = {
    "torn": N_(
        "The row has %(cells)s cells under %(headings)s headings. Put a text that holds the delimiter in quotes."
    ),
    "half_character": N_("The row holds half a character (a lone surrogate). Write the text again."),
    "same_id": N_("Line %(line)s has the same id. Give each row its own."),
    "same_row": N_("Line %(line)s has the same organisation and name. Give each row an id of its own."),
    "no_organisation": N_("It is not said whose it is. Fill in the organisation."),
    "other_organisation": N_("It belongs to %(organisation)s here and stays there."),
    "number_of_another": N_(
        "The number is that of %(organisation)s here, and the row goes to it. See whose it is before you import."
    ),
    "number_unconfirmed": N_(
        "The number is that of %(organisation)s here, which typed it itself. An administrator must confirm it first: "
        "Administration, Organisations, save the organisation. Then import the row again."
    ),
    "closed": N_("It was closed here, and a file does not open it again."),
    "merged": N_("The profile was merged into another here. Change that one."),
    "edited": N_("Somebody has changed it since the import, so it stays as it is."),
    "in_use": N_("Somebody has answered or decided about it since the import, so it stays as it is."),
    "refused": N_("What it holds does not fit together, so that it cannot be kept. Check its codes, days and numbers."),
}


class ImportRefused(HubError):
    """The whole file, or how its columns are mapped, cannot be used; nothing has been changed."""

    def __str__(self) -> str:
        return MESSAGES[self.code] % self.params
