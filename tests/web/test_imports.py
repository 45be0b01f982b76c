"""The pages for imports: from a file over its columns and a trial to the import and back, and every bad file."""

import io
import re

import pytest
from flask_babel import force_locale

from matcher.exchange import batches, imports, values
from matcher.exchange.errors import ROW_MESSAGES
from matcher.hub import clock, erasure, needs
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.web import need_words
from tests.factories import create_person

CSV = "id;titel;beställare;orgnr;övrigt\n1;Färre fall;Lunds kommun;;x\n2;Snöröjning;Malmö stad;;y\n3;;Malmö stad;;z\n"


@pytest.fixture
def broker(store, client, login):
    person = create_person(store, "broker")
    login(client, person)
    return person


@pytest.fixture
def send(client, broker):
    def post(text=CSV, name="behov.csv", kind="needs"):
        data = text if isinstance(text, bytes) else text.encode()
        return client.post("/imports/", data={"kind": kind, "file": (io.BytesIO(data), name)})

    return post


@pytest.fixture
def batch(send):
    """A batch whose file was just sent: its address."""
    return send().location


def columns(*fields, **more):
    return {**{f"column-{number}": field for number, field in enumerate(fields)}, "source": "behov", **more}


FIELDS = ("id", "title", "organisation", "orgnr", "")


def tried(client, store, batch, **more):
    assert client.post(f"{batch}/preview", data=columns(*FIELDS, **more)).status_code == 303
    assert imports.run_due(store) == 1
    return client.get(batch)


def imported(client, store, batch, **more):
    tried(client, store, batch, **more)
    assert client.post(f"{batch}/run").status_code == 303
    assert imports.run_due(store) == 1
    return client.get(batch)


def count(store, table="need"):
    return store.query(f"select count(*) as n from {table}")[0]["n"]


def test_the_first_page_says_what_to_do(client, broker, text):
    page = text(client.get("/imports/"))
    assert "Nothing has been imported yet" in page
    assert "Examples to fill in" in page


def test_after_the_file_the_columns_are_shown_with_their_values(client, send, text):
    answer = send()
    assert answer.status_code == 303
    page = text(client.get(answer.location))
    assert "What does each column hold?" in page
    assert "For instance: Färre fall · Snöröjning" in page
    assert '<option value="organisation" selected>' in page
    assert "Read as UTF-8, cells parted by ;" in page


def test_when_no_heading_is_recognised_the_page_says_what_to_do(send, client, text):
    page = text(client.get(send("kolumn;;annat\nFärre fall;a;b\n".encode(), "behov.csv").location))
    assert "No heading was recognised. Choose below what each column holds" in page
    assert "What was recognised" not in page
    assert "Two fields must have a column: “Name” and “Organisation”." in page


def test_a_trial_shows_what_would_happen_and_changes_nothing(client, store, batch, text):
    page = text(tried(client, store, batch))
    assert "Would be created" in page
    assert "Import 2 rows" in page
    assert "Name: Write something here." in page
    assert count(store) == 0


def test_the_import_does_what_was_tried(client, store, batch, text):
    page = text(imported(client, store, batch))
    assert "Created" in page
    assert "Take the import back" in page
    assert count(store) == 2
    assert [row["published_at"] for row in store.query("select published_at from need")] == [None, None]


def test_what_is_created_can_be_published_at_once(client, store, batch):
    imported(client, store, batch, publish="yes")
    assert all(row["published_at"] for row in store.query("select published_at from need"))


def test_the_same_file_twice_changes_nothing(client, store, send, text):
    imported(client, store, send().location)
    page = text(imported_again(client, store, send().location))
    assert "There is nothing to import" in page
    assert count(store) == 2


def imported_again(client, store, batch):
    return tried(client, store, batch)


def test_an_import_is_taken_back(client, store, batch, text):
    imported(client, store, batch)
    changed = store.query("select * from need where title = 'Färre fall'")[0]
    needs.save(store, None, changed["id"], {"effect": "Färre"}, changed["revision"], clock.now())
    assert client.post(f"{batch}/undo").status_code == 303
    assert imports.run_due(store) == 1
    page = text(client.get(batch))
    assert "1 row is undone. 1 row stays, because somebody has used or changed it since." in page
    assert "Somebody has changed it since the import" in page
    assert count(store) == 1


def test_rows_not_taken_come_back_as_a_file_with_reasons(client, store, send):
    batch = send("id;titel;beställare;orgnr;övrigt\n1;;=cmd();;x\n").location
    tried(client, store, batch)
    answer = client.get(f"{batch}/refused")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == "Line;Reason;id;titel;beställare;orgnr;övrigt"
    assert lines[1] == "2;Name: Write something here.;1;;'=cmd();;x"


@pytest.mark.parametrize("first_tried", [False, True])
def test_a_file_that_went_with_an_erased_person_says_so_and_offers_nothing_that_cannot_be_done(
    client, store, send, text, first_tried
):
    gone = create_person(store, "owner")
    batch = send(CSV.replace(";z\n", f";{gone.email}\n")).location
    if first_tried:
        tried(client, store, batch)
    erasure.erase(store, gone.person_id, gone.person_id, clock.now())
    page = text(client.get(batch))
    assert "The file is not here any more" in page
    assert "Somebody was erased from the hub" in page
    for word in ("It could not be done", "Try it", "Choose the columns", "Correct the file", "Fetch them as a file"):
        assert word not in page
    listed = text(client.get("/imports/"))
    assert "File deleted" in listed
    assert "Cannot be read" not in listed
    client.post(f"{batch}/preview", data=columns(*FIELDS))
    assert store.query("select wanted from import_batch") == [{"wanted": None}], "nothing is left to be tried"


def test_progress_is_shown_and_asks_again(client, store, batch, text):
    client.post(f"{batch}/preview", data=columns(*FIELDS))
    page = text(client.get(batch))
    assert "Trying the rows: 0 of 3" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Reload the page" in page
    part = client.get(f"{batch}/progress")
    assert "HX-Refresh" not in part.headers
    assert "<html" not in part.get_data(as_text=True)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(client, store, batch):
    client.post(f"{batch}/preview", data=columns(*FIELDS))
    earlier = clock.later(clock.now(), minutes=-20)
    store.execute("update session set seen_at = :at", {"at": earlier})
    assert client.get(f"{batch}/progress").status_code == 200
    assert [row["seen_at"] for row in store.query("select seen_at from session")] == [earlier]
    client.get(batch)
    assert [row["seen_at"] for row in store.query("select seen_at from session")] > [earlier]
    store.execute("update session set seen_at = :at", {"at": clock.later(earlier, minutes=-20)})
    assert client.get(f"{batch}/progress", headers={"HX-Request": "true"}).status_code == 401


def test_when_the_work_is_done_the_page_loads_itself_anew(client, store, batch):
    tried(client, store, batch)
    assert client.get(f"{batch}/progress").headers["HX-Refresh"] == "true"


def test_a_background_that_does_not_answer_is_said(client, store, batch, text):
    client.post(f"{batch}/preview", data=columns(*FIELDS))
    long_ago = clock.later(clock.now(), minutes=-5)
    store.execute("update import_batch set wanted_at = :at", {"at": long_ago})
    assert "The background does not answer" in text(client.get(batch))


def test_an_import_behind_another_one_waits_in_line(client, store, send, text):
    first, second = send().location, send().location
    for batch in (first, second):
        client.post(f"{batch}/preview", data=columns(*FIELDS))
    store.execute(
        "update import_batch set wanted_at = :long_ago",
        {"long_ago": clock.later(clock.now(), minutes=-5)},
    )
    store.execute("update import_batch set claimed_at = :now where id = :id", {"now": clock.now(), "id": first[9:]})
    assert "It waits until the background has time" in text(client.get(second))


def test_texts_that_are_not_ready_for_ranking_are_counted(client, store, batch, text):
    page = text(imported(client, store, batch))
    assert "Texts ready for ranking: 0 of 2" in page
    while indexing.catch_up(store, TinyEncoder()):
        pass
    assert "Texts ready for ranking" not in text(client.get(batch))
    assert "2 of 2" in text(client.get(f"{batch}/progress?embedding=1"))
    assert "HX-Refresh" not in client.get(f"{batch}/progress?embedding=1").headers


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "tom.csv", "The file is empty"),
        (b"%PDF-1.7 ...", "behov.csv", "behov.csv is a PDF, which cannot be imported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "gammal.xlsx", "old Excel file"),
        (b"a;b\n1;\"2\n", "q.csv", "The row that begins on line 2 has a quotation mark"),
        (b"titel\n", "h.csv", "headings but no rows"),
        (b"PK\x03\x04 half", "halv.xlsx", "only half of it is there"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_place_and_remedy(send, store, text, data, name, said):
    answer = send(data, name)
    assert answer.status_code == 422
    page = text(answer)
    assert said in page
    assert 'value="needs" checked' in page
    assert count(store, "import_batch") == 0


def test_without_a_file_or_a_noun_the_form_says_so(client, broker, text):
    assert "No file was chosen" in text(client.post("/imports/", data={"kind": "needs"}))
    assert "Choose what the file holds" in text(client.post("/imports/", data={"kind": "people"}))
    both = text(client.post("/imports/", data={}))
    assert "What does the file hold? Choose what the file holds." in both
    assert "File: No file was chosen." in both
    assert "choose the file again" in both
    assert "What you typed is still here" not in both


def test_errors_are_in_the_readers_language(client, store, login):
    login(client, create_person(store, "broker", locale="sv"))
    answer = client.post("/imports/", data={"kind": "needs", "file": (io.BytesIO(b""), "tom.csv")})
    assert answer.status_code == 422
    assert 'lang="sv"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PK\x03\x04 half", "behov.xlsx"),
        ("titel\nSnö\n".encode(), "behov.xlsx"),
        (b'{"a": 1}\n{"a": \n', "behov.json"),
        (b"[" * 5_000, "behov.json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "behov.json"),
        (b'id;titel\n1;"a\n', "behov.csv"),
        (b"%PDF-1.4\n", "behov.pdf"),
        (b"titel;titel\n1;2\n", "behov.csv"),
    ],
)
def test_no_english_is_left_in_a_swedish_refusal(client, store, login, text, data, name):
    login(client, create_person(store, "broker", locale="sv"))
    page = text(client.post("/imports/", data={"kind": "needs", "file": (io.BytesIO(data), name)}))
    said = re.search(r'id="file-error">(.*?)</p>', page)[1]
    assert not re.findall(r"(?i)\b(the|is|not|line|expecting|value|file|column|there|inside|and)\b", said)


def test_what_the_columns_are_called_is_swedish_too(client, store, login, text):
    login(client, create_person(store, "broker", locale="sv"))
    sent = client.post("/imports/", data={"kind": "needs", "file": (io.BytesIO(b"\ttitel\nb\tA\n"), "behov.csv")})
    page = text(client.get(sent.location))
    assert "kolumn 1" in page
    assert "column 1" not in page
    assert "med tabb mellan cellerna" in page
    answer = text(client.post(f"{sent.location}/preview", data={"column-0": "people", "column-1": ""}))
    assert "kolumn 1, titel" in answer


def test_a_file_over_ten_megabytes_is_refused_and_other_forms_stay_small(client, send):
    assert send(b"titel\n" + b"x" * 10_200_000, "stor.csv").status_code == 413
    assert client.post("/login", data={"email": "x" * 1_100_000}).status_code == 413


def test_a_file_of_several_megabytes_goes_through(send):
    assert send("titel;beställare;beskrivning\n" + f"Snö;Lunds kommun;{'text ' * 60}\n" * 10_000).status_code == 303


def test_columns_without_a_title_are_refused_and_stay_as_chosen(client, store, batch, text):
    answer = client.post(f"{batch}/preview", data=columns("id", "", "organisation", "", "", source="annat"))
    assert answer.status_code == 422
    page = text(answer)
    assert "No column holds the field “Name”" in page
    assert 'value="annat"' in page
    assert count(store, "import_note") == 0


def test_two_columns_for_one_short_field_are_refused(client, batch, text):
    answer = client.post(f"{batch}/preview", data=columns("id", "title", "organisation", "organisation", ""))
    assert "can stand in one column only" in text(answer)


def test_a_field_of_another_kind_cannot_be_chosen(client, batch):
    assert client.post(f"{batch}/preview", data=columns("person_id", "title", "", "", "")).status_code == 422


def test_pressing_import_twice_or_after_the_back_button_is_said(client, store, batch, text):
    tried(client, store, batch)
    client.post(f"{batch}/run")
    assert "at work already" in text(client.post(f"{batch}/run", follow_redirects=True))
    imports.run_due(store)
    assert "has gone on since" in text(client.post(f"{batch}/run", follow_redirects=True))
    assert count(store) == 2


@pytest.mark.parametrize("kind", ["needs", "startups", "testbeds"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_example_can_be_fetched_and_imported_as_it_is(client, store, send, kind, ending):
    example = client.get(f"/imports/examples/{kind}.{ending}")
    assert example.headers["Content-Disposition"] == f"attachment; filename={kind}.{ending}"
    batch = send(example.get_data(), f"{kind}.{ending}", kind).location
    found = batches.load(store, create_person(store, "broker"), batch.rpartition("/")[2])
    chosen = imports.batches.headings.guess(kind, [column["heading"] for column in found["options"]["columns"]])
    fields = [
        next((field for field, names in chosen.items() if column["heading"] in names), "")
        for column in found["options"]["columns"]
    ]
    assert all(fields)
    client.post(f"{batch}/preview", data=columns(*fields))
    imports.run_due(store)
    found = batches.load(store, create_person(store, "broker"), batch.rpartition("/")[2])
    assert (found["report"]["created"], found["report"]["refused"]) == (1, 0)


@pytest.mark.parametrize("path", ["/imports/examples/people.csv", "/imports/examples/needs.exe", "/imports/nowhere"])
def test_what_is_not_there_is_not_found(client, broker, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("role", ["owner", "startup", "host", "administrator"])
def test_imports_are_the_brokers_alone(client, store, login, role):
    login(client, create_person(store, role))
    assert client.get("/imports/").status_code == 404
    assert client.post("/imports/", data={"kind": "needs"}).status_code == 404


def test_a_visitor_is_asked_to_log_in(client):
    assert client.get("/imports/").status_code == 302


def test_every_reason_for_a_row_has_a_sentence_that_fills_in():
    given = dict.fromkeys(("cells", "headings", "line", "organisation", "detail"), "1")
    assert all(text % given for text in ROW_MESSAGES.values())


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_budget_is_taken_as_the_form_of_the_hub_writes_it(language, app):
    with app.test_request_context(), force_locale(language):
        labels = {code: str(label) for code, label in need_words.LABELS["budgets"].items()}
    assert {code: values.value("budget", label) for code, label in labels.items()} == {code: code for code in labels}
    assert values.value("budget", "en miljon") == "en miljon"
