create table agreement_template (
    id text primary key,
    name text not null check (length(name) between 1 and 200),
    language text not null check (language in ('sv', 'en')),
    content {blob} not null,
    hash text not null,
    uploaded_at text not null,
    uploaded_by text references person (id),
    retired_at text
){strict}
--;
create index agreement_template_by on agreement_template (uploaded_by)
--;
create table agreement (
    id text primary key,
    pairing_id text not null references pairing (id),
    number {bigint} not null check (number >= 1),
    language text not null check (language in ('sv', 'en')),
    template_id text references agreement_template (id),
    terms text not null,
    starts_on text not null,
    ends_on text not null check (ends_on >= starts_on),
    drafted_at text not null,
    drafted_by text references person (id),
    revision {bigint} not null default 1,
    paper {blob},
    paper_hash text,
    sent_at text,
    sent_by text references person (id),
    in_force_at text,
    withdrawn_at text,
    withdrawn_by text references person (id),
    ended_at text,
    ended_by text references person (id),
    note text not null default '',
    unique (pairing_id, number),
    check ((sent_at is null) = (paper is null)),
    check ((sent_at is null) = (paper_hash is null)),
    check (in_force_at is null or sent_at is not null),
    check (withdrawn_at is null or in_force_at is null),
    check (ended_at is null or in_force_at is not null)
){strict}
--;
create unique index agreement_prepared on agreement (pairing_id) where in_force_at is null and withdrawn_at is null
--;
create unique index agreement_in_force on agreement (pairing_id) where in_force_at is not null and ended_at is null
--;
create index agreement_template_used on agreement (template_id)
--;
create table signature (
    agreement_id text not null references agreement (id),
    side text not null check (side in ('owner', 'startup', 'host')),
    person_id text references person (id),
    name text not null check (length(name) between 1 and 200),
    title text not null default '',
    method text not null check (method in ('recorded', 'upload')),
    paper_hash text not null,
    file_name text,
    file {blob},
    at text not null,
    primary key (agreement_id, side),
    check ((method = 'upload') = (file is not null)),
    check ((file is null) = (file_name is null))
){strict}
--;
create index signature_person on signature (person_id)
--;
create table prerequisite (
    id text primary key,
    testbed_id text not null references testbed (id),
    kind text not null check (kind in ('training', 'safety', 'insurance', 'ethics', 'data_protection', 'other')),
    text text not null check (length(text) between 1 and 500),
    created_at text not null,
    retired_at text
){strict}
--;
create index prerequisite_testbed on prerequisite (testbed_id)
--;
create table prerequisite_met (
    id text primary key,
    pairing_id text not null references pairing (id),
    prerequisite_id text not null references prerequisite (id),
    note text not null default '',
    met_at text not null,
    met_by text references person (id),
    undone_at text,
    undone_by text references person (id)
){strict}
--;
create unique index prerequisite_met_live on prerequisite_met (pairing_id, prerequisite_id) where undone_at is null
--;
create index prerequisite_met_prerequisite on prerequisite_met (prerequisite_id)
