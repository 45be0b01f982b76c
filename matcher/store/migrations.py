"""Every table, in the order in which the tables came. Append only: what has run somewhere is never edited.

A migration is a name and a script. Inside a script a line holding only ``--;`` parts two statements. The
place-holders ``{blob}``, ``{float}``, ``{bigint}`` and ``{strict}`` are the only words on which the two
engines differ (see `schema.py`). The portable contract stands in the docstring of `matcher.store`.
"""

from __future__ import annotations

Migration = tuple[str, str]

PEOPLE = """
create table organisation (
    id text primary key,
    name text not null check (length(name) between 1 and 200),
    orgnr text check (orgnr is null or length(orgnr) = 10),
    kind text not null check (kind in ('public', 'company', 'host', 'hub')),
    parent_id text references organisation (id),
    county_code text,
    municipality_code text,
    website text,
    created_at text not null,
    merged_into text references organisation (id)
){strict}
--;
create index organisation_orgnr on organisation (orgnr)
--;
create table person (
    id text primary key,
    email text not null unique,
    name text not null,
    password_hash text,
    locale text not null default 'sv' check (locale in ('sv', 'en')),
    keyboard_at text,
    created_at text not null,
    disabled_at text
){strict}
--;
create table membership (
    id text primary key,
    person_id text not null references person (id),
    organisation_id text not null references organisation (id),
    role text not null check (role in ('administrator', 'broker', 'owner', 'startup', 'host')),
    granted_at text not null,
    revoked_at text
){strict}
--;
create unique index membership_live on membership (person_id, organisation_id, role) where revoked_at is null
--;
create index membership_organisation on membership (organisation_id)
--;
create table session (
    token_hash text primary key,
    person_id text not null references person (id),
    created_at text not null,
    seen_at text not null,
    revoked_at text
){strict}
--;
create index session_person on session (person_id)
--;
create table link (
    token_hash text primary key,
    purpose text not null check (purpose in ('invite', 'reset')),
    email text not null,
    organisation_id text references organisation (id),
    role text check (role in ('administrator', 'broker', 'owner', 'startup', 'host')),
    created_by text references person (id),
    created_at text not null,
    expires_at text not null,
    used_at text
){strict}
--;
create table attempt (
    bucket text not null,
    period text not null,
    count {bigint} not null,
    primary key (bucket, period)
){strict}
"""

RECORD = """
create table audit (
    id text primary key,
    at text not null,
    person_id text references person (id),
    action text not null,
    kind text not null,
    subject_id text not null,
    detail text not null
){strict}
--;
create index audit_subject on audit (kind, subject_id, at)
--;
create index audit_at on audit (at)
--;
create table outbox (
    id text primary key,
    event text not null unique,
    recipient text not null,
    locale text not null check (locale in ('sv', 'en')),
    template text not null,
    params text not null,
    created_at text not null,
    next_try_at text not null,
    tries {bigint} not null default 0,
    error text,
    sent_at text,
    given_up_at text
){strict}
--;
create index outbox_due on outbox (next_try_at) where sent_at is null and given_up_at is null
--;
create table counter (
    name text primary key,
    value {bigint} not null
){strict}
--;
insert into counter (name, value) values ('seq', 0)
"""

NOUNS = """
create table testbed (
    id text primary key,
    organisation_id text not null references organisation (id),
    person_id text references person (id),
    name text not null,
    description text not null default '',
    users text not null default '',
    methods text not null default '',
    equipment text not null default '',
    places {bigint} not null default 1 check (places between 0 and 1000),
    conditions text not null default '',
    contact_name text not null default '',
    contact_email text not null default '',
    backup_name text not null default '',
    backup_email text not null default '',
    answer_days {bigint} not null default 10 check (answer_days between 1 and 90),
    themes text not null default '[]',
    county_code text,
    municipality_code text,
    language text not null default 'sv',
    source text not null default '',
    external_id text not null default '',
    revision {bigint} not null default 1,
    seq {bigint} not null,
    created_at text not null,
    updated_at text not null,
    published_at text,
    withdrawn_at text
){strict}
--;
create index testbed_seq on testbed (seq)
--;
create unique index testbed_source on testbed (source, external_id) where external_id <> ''
--;
create table testbed_closure (
    id text primary key,
    testbed_id text not null references testbed (id),
    starts_on text not null,
    ends_on text not null,
    reason text not null,
    created_at text not null,
    check (ends_on >= starts_on)
){strict}
--;
create table need (
    id text primary key,
    organisation_id text not null references organisation (id),
    person_id text references person (id),
    title text not null,
    people text not null default '',
    description text not null default '',
    effect text not null default '',
    measure text not null default '',
    tried text not null default '',
    keep text not null default '',
    beneficiaries text not null default '[]',
    themes text not null default '[]',
    goals text not null default '[]',
    county_code text,
    municipality_code text,
    contact text not null default '',
    runner text not null default '',
    budget text not null default 'unknown'
        check (budget in ('unknown', 'none', 'under_100k', '100k_700k', '700k_2m', 'over_2m')),
    wanted_by text,
    testbed_id text references testbed (id),
    language text not null default 'sv',
    languages text not null default '["sv"]',
    min_readiness {bigint} check (min_readiness between 1 and 9),
    local text check (local in ('yes')),
    valid_until text,
    source text not null default '',
    external_id text not null default '',
    version {bigint} not null default 0,
    revision {bigint} not null default 1,
    seq {bigint} not null,
    created_at text not null,
    updated_at text not null,
    submitted_at text,
    returned_at text,
    return_comment text,
    published_at text,
    closed_at text,
    close_reason text,
    close_note text
){strict}
--;
create index need_seq on need (seq)
--;
create index need_organisation on need (organisation_id)
--;
create index need_submitted on need (submitted_at) where published_at is null and submitted_at is not null
--;
create unique index need_source on need (source, external_id) where external_id <> ''
--;
create table need_version (
    need_id text not null references need (id),
    number {bigint} not null,
    at text not null,
    person_id text references person (id),
    content text not null,
    primary key (need_id, number)
){strict}
--;
create table startup (
    id text primary key,
    organisation_id text not null references organisation (id),
    person_id text references person (id),
    name text not null,
    problem text not null default '',
    audience text not null default '',
    description text not null default '',
    novelty text not null default '',
    evidence text not null default '',
    readiness {bigint} check (readiness between 1 and 9),
    regions text not null default '[]',
    languages text not null default '[]',
    seeks text not null default '[]',
    capacity {bigint} check (capacity between 0 and 100),
    website text not null default '',
    themes text not null default '[]',
    language text not null default 'sv',
    source text not null default '',
    external_id text not null default '',
    revision {bigint} not null default 1,
    seq {bigint} not null,
    created_at text not null,
    updated_at text not null,
    published_at text,
    hidden_at text,
    hidden_reason text,
    flagged_at text,
    flag_reason text,
    merged_into text references startup (id),
    merged_at text
){strict}
--;
create index startup_seq on startup (seq)
--;
create index startup_organisation on startup (organisation_id)
--;
create unique index startup_source on startup (source, external_id) where external_id <> ''
--;
create table merge_offer (
    id text primary key,
    keep_id text not null references startup (id),
    drop_id text not null references startup (id),
    reason text not null check (reason in ('orgnr', 'name')),
    found_at text not null,
    decided_at text,
    decided_by text references person (id),
    decision text check (decision in ('merged', 'different')),
    undone_at text,
    before text,
    unique (keep_id, drop_id)
){strict}
"""

PAIRINGS = """
create table interest (
    id text primary key,
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    person_id text references person (id),
    message text not null,
    need_version {bigint} not null,
    created_at text not null,
    answer_by text not null,
    withdrawn_at text,
    answered_at text,
    answered_by text references person (id),
    answer text check (answer in ('proposed', 'declined')),
    reason text,
    note text
){strict}
--;
create unique index interest_live on interest (need_id, startup_id) where withdrawn_at is null
--;
create index interest_startup on interest (startup_id)
--;
create table dismissal (
    id text primary key,
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    person_id text references person (id),
    reason text not null,
    note text not null default '',
    at text not null,
    undone_at text
){strict}
--;
create unique index dismissal_live on dismissal (need_id, startup_id) where undone_at is null
--;
create table share (
    id text primary key,
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    person_id text references person (id),
    note text not null default '',
    seen text not null,
    at text not null,
    withdrawn_at text,
    comment text,
    known_before text check (known_before in ('yes', 'no')),
    commented_by text references person (id),
    commented_at text
){strict}
--;
create unique index share_live on share (need_id, startup_id) where withdrawn_at is null
--;
create table conflict (
    id text primary key,
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    person_id text references person (id),
    note text not null,
    declared_at text not null,
    lifted_at text,
    lifted_by text references person (id)
){strict}
--;
create unique index conflict_live on conflict (need_id, startup_id) where lifted_at is null
--;
create table pairing (
    id text primary key,
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    testbed_id text references testbed (id),
    need_version {bigint} not null,
    message text not null default '',
    seen text not null,
    proposed_by text references person (id),
    proposed_at text not null,
    answer_by text not null,
    owner_accepted_at text,
    owner_accepted_by text references person (id),
    startup_accepted_at text,
    startup_accepted_by text references person (id),
    confirmed_at text,
    confirmed_by text references person (id),
    declined_at text,
    declined_by text references person (id),
    declined_side text check (declined_side in ('owner', 'startup', 'broker')),
    ended_at text,
    ended_by text references person (id),
    ended_side text check (ended_side in ('owner', 'startup', 'host', 'broker')),
    reason text,
    note text,
    check (confirmed_at is null or (owner_accepted_at is not null and startup_accepted_at is not null)),
    check (declined_at is null or (confirmed_at is null and reason is not null)),
    check (ended_at is null or (confirmed_at is not null and reason is not null)),
    check ((declined_at is null) = (declined_side is null)),
    check ((ended_at is null) = (ended_side is null))
){strict}
--;
create unique index pairing_live on pairing (need_id, startup_id) where declined_at is null and ended_at is null
--;
create index pairing_startup on pairing (startup_id)
--;
create table access (
    id text primary key,
    pairing_id text not null unique references pairing (id),
    testbed_id text not null references testbed (id),
    starts_on text not null,
    ends_on text not null,
    opened_at text not null,
    ended_at text,
    check (ends_on >= starts_on)
){strict}
--;
create index access_testbed on access (testbed_id, ends_on)
"""

RANKING = """
create table embedding (
    kind text not null check (kind in ('need', 'startup', 'testbed')),
    subject_id text not null,
    model text not null,
    text_hash text not null,
    vector {blob} not null,
    terms {blob} not null,
    embedded_at text not null,
    primary key (kind, subject_id)
){strict}
--;
create table sentence (
    kind text not null check (kind in ('need', 'startup')),
    subject_id text not null,
    position {bigint} not null,
    model text not null,
    text text not null,
    vector {blob} not null,
    primary key (kind, subject_id, position)
){strict}
--;
create table import_batch (
    id text primary key,
    kind text not null check (kind in ('needs', 'startups', 'testbeds')),
    person_id text references person (id),
    filename text not null,
    content {blob} not null,
    mapping text not null,
    options text not null,
    created_at text not null,
    wanted text check (wanted in ('preview', 'import', 'undo')),
    claimed_at text,
    done {bigint} not null default 0,
    total {bigint} not null default 0,
    previewed_at text,
    finished_at text,
    undone_at text,
    report text,
    error text
){strict}
--;
create table import_row (
    batch_id text not null references import_batch (id),
    line {bigint} not null,
    subject_id text not null,
    change text not null check (change in ('created', 'updated')),
    before text,
    revision {bigint} not null,
    primary key (batch_id, line)
){strict}
--;
create table removal (
    kind text not null,
    subject_id text not null,
    seq {bigint} not null,
    primary key (kind, subject_id)
){strict}
--;
create index removal_seq on removal (seq)
"""

IMPORT_NOTES = """
create table import_note (
    batch_id text not null references import_batch (id),
    line {bigint} not null,
    outcome text not null check (outcome in ('refused', 'taken', 'kept')),
    title text not null,
    faults text not null,
    cells text,
    primary key (batch_id, line)
){strict}
--;
alter table import_batch add column wanted_at text
--;
alter table import_row add column digest text
--;
create index import_row_subject on import_row (subject_id)
--;
create index organisation_name on organisation (name)
--;
create index startup_merged on startup (merged_into) where merged_into is not null
"""

SENTENCES_LATER = """
alter table embedding add column spoken_at text
--;
update embedding set spoken_at = embedded_at where length(vector) > 0
"""

REPLAY = """
create table roster (
    id text primary key,
    kind text not null check (kind in ('need', 'startup')),
    base text references roster (id),
    depth {bigint} not null,
    content {blob} not null,
    made_at text not null
){strict}
--;
create index roster_latest on roster (kind, made_at)
--;
create table ranking_run (
    id text primary key,
    need_id text not null references need (id),
    documents text not null references roster (id),
    made_documents text not null references roster (id),
    made_questions text not null references roster (id),
    facts text not null,
    made_at text not null
){strict}
--;
create index ranking_run_need on ranking_run (need_id)
--;
create table past_text (
    kind text not null check (kind in ('need', 'startup', 'testbed')),
    subject_id text not null,
    model text not null,
    text_hash text not null,
    vector {blob} not null,
    terms {blob} not null,
    sentences text not null,
    sentence_vectors {blob} not null,
    primary key (kind, subject_id, model, text_hash)
){strict}
--;
alter table embedding add column used_at text
"""

LEARNED = """
alter table dismissal add column seen text
--;
create table learned (
    id text primary key,
    kind text not null check (kind in ('chance', 'weights', 'off')),
    number {bigint} not null,
    scoring text not null,
    model text not null,
    decisions {bigint} not null,
    content text not null,
    made_at text not null,
    adopted_at text,
    adopted_by text references person (id),
    replaces {bigint},
    retired_at text,
    retired_by text references person (id),
    check (retired_at is null or adopted_at is not null),
    unique (kind, number)
){strict}
--;
create unique index learned_live on learned (kind) where adopted_at is not null and retired_at is null
--;
create index learned_newest on learned (kind, scoring, model, number)
"""

ATLAS = """
create table map_drawn (
    name text primary key check (name = 'map'),
    at text not null,
    model text not null,
    scoring text not null,
    figures text not null
){strict}
--;
create table map_region (
    number {bigint} primary key,
    x {float} not null,
    y {float} not null,
    words text not null
){strict}
--;
create table map_point (
    kind text not null check (kind in ('need', 'startup')),
    subject_id text not null,
    stamp text not null,
    x {float} not null,
    y {float} not null,
    region {bigint} not null,
    shared {bigint},
    best {float},
    primary key (kind, subject_id)
){strict}
--;
create index map_point_region on map_point (region)
--;
create table exposure (
    startup_id text primary key,
    lists {bigint} not null,
    scoring text not null,
    counted_at text not null
){strict}
"""

ROUNDS = """
create table round (
    id text primary key,
    name text not null check (length(name) between 1 and 300),
    starts_on text not null,
    quarters {bigint} not null check (quarters between 1 and 8),
    days {bigint} not null check (days between 1 and 92),
    demand {bigint} not null check (demand between 1 and 10),
    most {bigint} check (most between 1 and 100),
    places text check (places in ('yes')),
    least {float} not null,
    model text not null,
    scoring text not null,
    need_ids text not null,
    startup_ids text not null,
    arcs {blob} not null,
    made_at text not null,
    person_id text references person (id),
    created_at text not null,
    held_on text,
    opens_at text,
    minutes {bigint} check (minutes between 5 and 240),
    pause {bigint} check (pause between 0 and 120),
    tables {bigint} check (tables between 1 and 500),
    closed_at text,
    check ((held_on is null) = (opens_at is null or minutes is null or pause is null or tables is null))
){strict}
--;
create table round_demand (
    round_id text not null references round (id),
    need_id text not null references need (id),
    demand {bigint} not null check (demand between 0 and 10),
    primary key (round_id, need_id)
){strict}
--;
create index round_demand_need on round_demand (need_id)
--;
create table round_rule (
    id text primary key,
    round_id text not null references round (id),
    need_id text not null references need (id),
    startup_id text not null references startup (id),
    kind text not null check (kind in ('lock', 'forbid')),
    testbed_id text references testbed (id),
    starts_on text,
    cost {float},
    note text not null default '',
    person_id text references person (id),
    at text not null,
    undone_at text,
    undone_by text references person (id),
    check ((testbed_id is null) = (starts_on is null)),
    check (testbed_id is null or kind = 'lock')
){strict}
--;
create unique index round_rule_live on round_rule (round_id, need_id, startup_id) where undone_at is null
--;
create index round_rule_need on round_rule (need_id)
--;
create index round_rule_startup on round_rule (startup_id)
"""

DOUBTS = """
create table doubt (
    startup_id text not null references startup (id),
    code text not null check (code in ('hidden', 'repeated', 'copied', 'alike')),
    passages text not null,
    others text not null,
    found_at text not null,
    answered_at text,
    answered_by text references person (id),
    primary key (startup_id, code)
){strict}
--;
create index doubt_open on doubt (found_at) where answered_at is null
--;
alter table embedding add column weighed_at text
--;
alter table sentence add column rest {blob}
--;
update embedding set embedded_at = '' where kind = 'startup'
"""

UNUSED_TEXTS = """
create index embedding_unused on embedding (kind) where used_at is null
"""

MIGRATIONS: list[Migration] = [
    ("0001_people", PEOPLE),
    ("0002_record", RECORD),
    ("0003_nouns", NOUNS),
    ("0004_pairings", PAIRINGS),
    ("0005_ranking_and_imports", RANKING),
    ("0006_import_notes", IMPORT_NOTES),
    ("0007_sentences_later", SENTENCES_LATER),
    ("0008_replay", REPLAY),
    ("0009_learned", LEARNED),
    ("0010_atlas", ATLAS),
    ("0011_rounds", ROUNDS),
    ("0012_doubts", DOUBTS),
    ("0013_unused_texts", UNUSED_TEXTS),
]
