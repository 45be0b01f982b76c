"""Example files: for each noun a table with all headings in Swedish and one row filled in, as CSV and as XLSX."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Columns = Sequence[tuple[str, str]]

# Heading and an example; every heading is one that `headings.guess` recognises (a test keeps it so).
COLUMNS: dict[str, Columns] = {
    "needs": (
        ("id", "B-2027-001"),
        ("titel", "Färre fall nattetid på särskilda boenden"),
        ("organisation", "Exempelköpings kommun"),
        ("organisationsnummer", ""),
        ("vem har problemet", "148 boende på tre särskilda boenden, och nattpersonalen"),
        ("beskrivning", "Förra året registrerades 412 fall, två tredjedelar mellan klockan 22 och 06."),
        ("önskad effekt", "Den som är på väg upp får stöd innan olyckan är framme."),
        ("hur vet man", "Antal fall per 1 000 vårddygn, i dag 5,1"),
        ("provat", "Larmmattor gav så många falsklarm att de stängdes av."),
        ("får inte ändras", "Ingen kamera som spelar in"),
        ("mottagare", "patient; personal"),
        ("teman", "Äldreomsorg"),
        ("globala mål", "3"),
        ("län", "Skåne län"),
        ("kommunkod", "1280"),
        ("kontakt", "Enhetschef, vårdförvaltningen"),
        ("förvaltare", "Vårdförvaltningen"),
        ("budget", "100k_700k"),
        ("önskat datum", "2027-06-01"),
        ("giltigt till", "2027-12-31"),
        ("språk", "svenska"),
        ("arbetsspråk", "svenska; engelska"),
        ("lägsta TRL", "6"),
        ("endast lokala", "nej"),
    ),
    "startups": (
        ("id", "S-001"),
        ("namn", "Nattlugn AB"),
        ("organisationsnummer", ""),
        ("problem", "Äldre faller när de stiger upp på natten."),
        ("för vem", "Särskilda boenden och korttidsplatser"),
        ("beskrivning", "En sensor i taket känner när någon sätter sig upp, och larmar tyst."),
        ("nyhet", "Skiljer på att vända sig och att resa sig"),
        ("referenser", "Införd på 22 avdelningar i fyra kommuner"),
        ("TRL", "7"),
        ("regioner", "Skåne län; Hallands län"),
        ("arbetsspråk", "svenska; engelska"),
        ("söker", "testa; sälja"),
        ("kapacitet", "2"),
        ("webbplats", "www.example.com"),
        ("teman", "Äldreomsorg"),
        ("språk", "svenska"),
    ),
    "testbeds": (
        ("id", "T-001"),
        ("namn", "Korttidsavdelningen Gläntan"),
        ("organisation", "Exempelköpings kommun"),
        ("organisationsnummer", ""),
        ("beskrivning", "En avdelning i full drift med tolv lägenheter."),
        ("användare", "Tolv boende och 26 medarbetare"),
        ("metoder", "Före- och eftermätning, intervjuer"),
        ("utrustning", "Trådlöst nät, larmserver med testmiljö"),
        ("platser", "2"),
        ("villkor", "Samtycke från de boende"),
        ("kontaktnamn", "Vera Värd"),
        ("e-post", "vera@example.org"),
        ("reserv", "Rut Reserv"),
        ("reservens e-post", "rut@example.org"),
        ("svarsdagar", "10"),
        ("teman", "Äldreomsorg"),
        ("län", "Skåne län"),
        ("kommunkod", "1280"),
        ("språk", "svenska"),
    ),
}
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Import" sheetId="1" r:id="r1"/></sheets></workbook>',
}


def as_csv(kind: str) -> bytes:
    """Return the example of a noun as CSV with `;` and a mark for UTF-8, as a Swedish Excel saves it."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";")
    for row in zip(*COLUMNS[kind], strict=True):
        writer.writerow(row)
    return file.getvalue().encode("utf-8-sig")


def as_xlsx(kind: str) -> bytes:
    """Return the example of a noun as XLSX. Every cell is text, so that leading zeros stay (ECMA-376, part 1, 18.3)."""
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in zip(*COLUMNS[kind], strict=True)
    )
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<cols><col min="1" max="{len(COLUMNS[kind])}" width="28" customWidth="1"/></cols>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
    return file.getvalue()
