"""Files for the tests of imports, made in memory: good ones, and ones with everything wrong that comes along."""

import io
import zipfile

import openpyxl

from matcher.exchange import tables


def xlsx(*rows, change=None, **sheets):
    """Return an XLSX of these rows (`sheets`: further ones by name); `change(name, bytes)` alters its entries."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(list(row))
    return rebuilt(saved(book), change) if change else saved(book)


def saved(book):
    """Return a workbook's bytes."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rebuilt(data, change, **more):
    """Return the archive with its entries changed and `more` ones added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
        for name, content in more.items():
            new.writestr(name, content)
    return file.getvalue()


def in_sheet(old, new):
    """Return a change of the first sheet's XML."""
    return lambda name, data: data.replace(old, new) if name == "xl/worksheets/sheet1.xml" else data


def table(text, name="file.csv"):
    """Return the table in a text."""
    return tables.read(text if isinstance(text, bytes) else text.encode(), name)


def cells(found):
    """Return a table's cells."""
    return [row.cells for row in found.rows]
