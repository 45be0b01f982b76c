"""Which organisations are one company, as far as the hub knows: those whose profiles brokers have merged.

Merging puts profiles together and leaves the organisations as they are. What is asked of a company, and not of a
profile, is asked of all of them; a merge that is undone parts them again.
"""

from __future__ import annotations

from ..store import Store

# Which company is one with which other by a merge, both ways: `one`, `other` (ids of organisations).
MERGED = """
    select d.organisation_id as one, k.organisation_id as other
    from startup d join startup k on k.id = d.merged_into where d.merged_into is not null
    union all select k.organisation_id, d.organisation_id
    from startup d join startup k on k.id = d.merged_into where d.merged_into is not null"""


def organisations(store: Store, organisation_id: str) -> list[str]:
    """Return the ids of the organisations that are one company with this one, itself among them."""
    rows = store.query(
        f"""with recursive merged (one, other) as ({MERGED}), same (id) as (
                select id from organisation where id = :id
                union select merged.other from same join merged on merged.one = same.id)
            select id from same order by id""",
        {"id": organisation_id},
    )
    return [row["id"] for row in rows]
