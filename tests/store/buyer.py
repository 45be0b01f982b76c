"""Takes places from a shelf; also run as a process: ADDRESS NAME ROUNDS, prints how many it got."""

from __future__ import annotations

import sys

from matcher.store import Store, open_store


def buy(store: Store, book: str) -> bool:
    """Take one of the shelf's places if one is free: lock first, then count the living rows."""
    with store.atomic():
        (shelf,) = store.query("update shelf set label = label where id = 's1' returning places")
        (taken,) = store.query("select count(*) as n from book where shelf_id = 's1'")
        if taken["n"] >= shelf["places"]:
            return False
        store.insert("book", {"id": book, "shelf_id": "s1", "title": book})
        return True


if __name__ == "__main__":
    opened = open_store(sys.argv[1])
    print(sum(buy(opened, f"{sys.argv[2]}-{i}") for i in range(int(sys.argv[3]))))
    opened.close()
