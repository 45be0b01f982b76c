import numpy as np

from matcher.ranking import reasons


def test_sentences_come_by_what_they_belong_to(store):
    for kind, name in (("need", "a"), ("startup", "a"), ("startup", "b")):
        for position in range(2):
            vector = np.full(4, position + 1, "<f2").tobytes()
            row = {"kind": kind, "subject_id": name, "position": position, "model": "m", "vector": vector}
            store.insert("sentence", {**row, "text": f"{kind} {name} {position}"})
    found = reasons.fetch(store, "m", [("need", "a"), ("startup", "b"), ("startup", "c")])
    assert found["startup", "b"][0] == ["startup b 0", "startup b 1"]
    assert np.array_equal(found["need", "a"][1], [[1, 1, 1, 1], [2, 2, 2, 2]])
    assert ("startup", "c") not in found
    assert reasons.fetch(store, "other", [("need", "a")]) == {}
