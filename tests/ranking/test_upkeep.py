import weakref
from dataclasses import replace

import numpy as np
import pytest

from matcher.ranking import lexical
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.mirror import Shelf
from matcher.ranking.upkeep import Patience, Upkeep

ENCODER = TinyEncoder(64)
NEEDS = ["äldre faller om natten", "snöröjning av cykelvägar", "matsvinn i skolköket"]
STARTUPS = ["sensor för äldre som faller", "plog för cykelvägar", "våg för matsvinn i kök", "app för allt"]
NEVER = Patience(few=0, share=9.0, age=1e9)
SOON = Patience(few=0, share=0.2, age=1e9, pause=0.0, rest=0.0)


def create_shelf(texts):
    """A shelf of texts by id; the id of a text that is not told is its place."""
    held = dict(sorted((texts if isinstance(texts, dict) else dict(zip("abcdefgh", texts, strict=False))).items()))
    return Shelf(
        rows=[{"id": name} for name in held],
        texts=Texts(ENCODER.encode(list(held.values()), "passage"), [lexical.terms(text) for text in held.values()]),
        place={name: place for place, name in enumerate(held)},
        stamps=list(held.values()),
        embedded=np.ones(len(held), bool),
    )


def create_upkeep(patience, shipped=None, start=None):
    return Upkeep(lambda: shipped or Background.none(64), patience, start)


def asked(text):
    return Texts(ENCODER.encode([text], "query"), [lexical.terms(text)])


def total(view, text=NEEDS[0]):
    return view.collection.score(asked(text)).total[0, view.columns]


@pytest.fixture
def needs():
    return create_shelf(NEEDS)


def test_the_first_view_is_made_of_all(needs):
    view = create_upkeep(NEVER).view(create_shelf(STARTUPS), needs)
    assert view.columns.tolist() == view.rows.tolist() == [0, 1, 2, 3]
    assert view.questions == {"a": 0, "b": 1, "c": 2}
    assert total(view).argmax() == 0


def test_the_same_shelves_give_the_same_view(needs):
    upkeep, startups = create_upkeep(NEVER), create_shelf(STARTUPS)
    assert upkeep.view(startups, needs) is upkeep.view(startups, needs)


def test_a_shelf_that_nobody_asks_for_any_more_is_let_go(needs):
    upkeep, startups = create_upkeep(NEVER), create_shelf(STARTUPS)
    upkeep.view(startups, needs)
    held = weakref.ref(startups)
    del startups
    assert held() is None, "it would hold the texts of a file that was replaced"


def test_a_new_document_is_ranked_at_once_by_the_statistics_at_hand(needs):
    upkeep = create_upkeep(NEVER)
    upkeep.view(create_shelf(STARTUPS), needs)
    texts = dict(zip("abde", STARTUPS, strict=True)) | {"c": "larm när äldre faller om natten"}
    view = upkeep.view(create_shelf(texts), needs)
    assert total(view).argmax() == 2
    assert view.columns.tolist() == [0, 1, 4, 5, 6], "those of the same id and text stand where they stood"


def test_a_twin_that_joins_later_scores_as_its_twin(needs):
    upkeep = create_upkeep(NEVER)
    upkeep.view(create_shelf(STARTUPS), needs)
    scores = total(upkeep.view(create_shelf([*STARTUPS, STARTUPS[1]]), needs), NEEDS[1])
    assert scores[4] == pytest.approx(scores[1], abs=1e-5)


def test_a_changed_text_is_ranked_by_what_it_says_now(needs):
    upkeep = create_upkeep(NEVER)
    upkeep.view(create_shelf(STARTUPS), needs)
    changed = create_shelf([STARTUPS[3], *STARTUPS[1:3], STARTUPS[0]])
    view = upkeep.view(changed, needs)
    assert total(view).argmax() == 3
    assert view.rows[0] == view.rows[3] == -1, "what they said before stands in no row"


def test_what_is_gone_stands_in_no_row(needs):
    upkeep = create_upkeep(NEVER)
    upkeep.view(create_shelf(STARTUPS), needs)
    view = upkeep.view(create_shelf({"b": STARTUPS[1]}), needs)
    assert (view.columns.tolist(), view.rows.tolist()) == ([1], [-1, 0, -1, -1])


def test_when_much_has_changed_it_is_made_anew_beside_the_requests(needs):
    waiting = []
    upkeep = create_upkeep(SOON, start=waiting.append)
    upkeep.view(create_shelf(STARTUPS), needs)
    more = create_shelf([*STARTUPS, "en ny tjänst", "en till för snöröjning"])
    meanwhile = upkeep.view(more, needs)
    assert upkeep.view(more, needs) is meanwhile
    assert len(waiting) == 1, "it is being made once, and nobody waits"
    waiting[0]()
    after = upkeep.view(more, needs)
    fresh = create_upkeep(NEVER).view(more, needs)
    assert np.array_equal(total(after), total(fresh)), "then every process has the same scores"


def test_little_change_is_waited_with(needs):
    waiting = []
    upkeep = create_upkeep(replace(SOON, share=0.5), start=waiting.append)
    upkeep.view(create_shelf(STARTUPS), needs)
    upkeep.view(create_shelf([*STARTUPS, "en ny tjänst"]), needs)
    assert waiting == []


def test_after_some_minutes_any_change_counts(needs):
    waiting = []
    upkeep = create_upkeep(replace(SOON, share=0.9, age=-1.0), start=waiting.append)
    upkeep.view(create_shelf(STARTUPS), needs)
    assert waiting == []
    upkeep.view(create_shelf([*STARTUPS, "en ny tjänst"]), needs)
    assert len(waiting) == 1


def test_it_is_not_made_anew_all_the_time(needs):
    waiting = []
    upkeep = create_upkeep(replace(SOON, pause=1e9), start=waiting.append)
    upkeep.view(create_shelf(STARTUPS), needs)
    upkeep.view(create_shelf(["helt", "andra", "texter"]), needs)
    assert waiting == []


def test_few_texts_are_made_anew_at_once(needs):
    upkeep = create_upkeep(Patience(few=100))
    upkeep.view(create_shelf(STARTUPS), needs)
    more = create_shelf([*STARTUPS, "en ny tjänst"])
    assert np.array_equal(total(upkeep.view(more, needs)), total(create_upkeep(NEVER).view(more, needs)))


def test_a_new_question_counts_as_a_change(needs):
    upkeep, startups = create_upkeep(Patience(few=100)), create_shelf(STARTUPS)
    upkeep.view(startups, needs)
    assert len(upkeep.view(startups, create_shelf([*NEEDS, "ensamhet bland äldre"])).questions) == 4


def test_a_making_that_fails_is_tried_again(needs, monkeypatch):
    waiting = []
    upkeep = create_upkeep(SOON, start=waiting.append)
    upkeep.view(create_shelf(STARTUPS), needs)
    more = create_shelf([*STARTUPS, "en ny tjänst", "en till"])
    upkeep.view(more, needs)
    monkeypatch.setattr(upkeep, "_shipped", lambda: None)
    with pytest.raises(AttributeError):
        waiting[0]()
    monkeypatch.setattr(upkeep, "_shipped", lambda: Background.none(64))
    upkeep.view(more, needs)
    assert len(waiting) == 2


def test_a_background_that_comes_later_is_taken_in(needs):
    late = []
    upkeep = Upkeep(lambda: late[0] if late else Background.none(64), Patience(few=100))
    startups = create_shelf(STARTUPS)
    before = total(upkeep.view(startups, needs))
    late.append(Background(create_shelf(["hela landet", "en kommun"]).texts, create_shelf(["ett bolag"]).texts))
    assert not np.array_equal(total(upkeep.view(startups, needs)), before)
