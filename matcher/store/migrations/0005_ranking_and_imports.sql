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
