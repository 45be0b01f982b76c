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
