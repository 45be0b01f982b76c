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
