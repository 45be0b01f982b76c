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
