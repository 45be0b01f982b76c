"""Splits texts in Swedish, English, Norwegian, Danish and Finnish into sentences that can be shown as evidence."""

import re
from collections.abc import Iterator

LIMIT = 24  # about what a model of 512 tokens sees of a text; the rest would explain a score it had no part in
LONGEST = 300  # characters; more does not read as one reason
SHORTEST = 3  # words; below it a piece is a heading, a label or a signature

_LINE = re.compile(r"[\r\n\u2028\u2029]+|\s[•▪●◦‣·]\s")
_BULLET = re.compile(r"^\s*(?:[-–—•*·▪●◦‣]+|\(?\d{1,2}[.)]|[a-z]\))\s+")
_END = re.compile(r"([.!?…]+)[\"'”’»)\]]*\s+(?=[\"'“”‘«(\[]*(\w))")
_LAST_WORD = re.compile(r"[\w.]*\w$")
_INITIALS = re.compile(r"^(?:[^\W\d_]\.)*[^\W\d_]$")  # a single letter, or letters with dots between: A, e.g, s.k
_CLAUSE_MARKS = ("; ", ": ", " – ", " — ", ", ", " ")
_WORD = re.compile(r"[^\W_]+")
_SPACE = re.compile(r"\s+")

# An abbreviation with a capital after it. Those that may well end a sentence (m.m., osv., etc., AB.) are not here.
_NEVER_LAST = frozenset(
    """abs adm ang anm art aug avd avs bil bl bl.a ca cirka d.v.s dec dep dr dvs e.g e.kr ed eks ekskl el esim
    ev evt exkl f.d f.eks f.kr f.n feb fig fr.o.m gen henh hr i.e ing init inkl jan jf jfr jr jul jun kap kl klo
    ko kr kv lat m.a.o mag mar max med mht min mr mrs ms no nov nr nro ns obs okt p.g.a pga pkt prof proff prop
    puh ref resp s.a.s s.k sek sen sept sid sign sk sr st stk str t.ex t.o.m tel tex tid tlf trol ts ung vd vedr
    vol vs yht""".split()  # noqa: SIM905 — a list literal would be ninety lines
)
_MAY_BE_LAST = frozenset(("m.m", "m.fl", "o.d", "o.s.v", "e.d", "o.dyl", "d.y", "m.v", "m.h"))


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Return at most `limit` sentences of a text, in order and without repetitions.

    Line breaks and list marks end a sentence, an abbreviation or a decimal point does not; a long sentence is cut at a
    clause mark. Pieces of fewer than three words are left out unless the text has nothing else.
    """
    kept: dict[str, str] = {}
    short: dict[str, str] = {}
    for piece in _pieces(text):
        (kept if len(_WORD.findall(piece)) >= SHORTEST else short).setdefault(piece.casefold(), piece)
        if len(kept) == limit:
            break
    return list((kept or short).values())[:limit]


def _pieces(text: str) -> Iterator[str]:
    for line in _LINE.split(text):
        for sentence in _sentences(_BULLET.sub("", line)):
            yield from _cut(_SPACE.sub(" ", sentence).strip())


def _sentences(line: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(line):
        if _is_boundary(line[start : end.start()], end.group(1), end.group(2)):
            yield line[start : end.end()]
            start = end.end()
    yield line[start:]


def _is_boundary(before: str, mark: str, following: str) -> bool:
    """Whether a mark ends the sentence: something that can begin one follows, and no abbreviation stands before it."""
    if not (following.isupper() or following.isdigit()):
        return False
    found = _LAST_WORD.search(before)
    if mark != "." or not found:
        return True
    word = found.group().lower()
    if word in _MAY_BE_LAST:
        return True
    if word.isdigit() and word == before.strip():  # "1. Snow clearing": the number of a list
        return False
    return word not in _NEVER_LAST and not _INITIALS.match(word)


def _cut(sentence: str) -> Iterator[str]:
    """Cut a sentence of more than LONGEST characters at the last clause mark that leaves neither side very short."""
    while len(sentence) > LONGEST:
        places = (sentence.rfind(mark, LONGEST // 3, LONGEST) + len(mark.rstrip()) for mark in _CLAUSE_MARKS)
        at = next((place for place in places if place >= LONGEST // 3), LONGEST)
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    if sentence:
        yield sentence
