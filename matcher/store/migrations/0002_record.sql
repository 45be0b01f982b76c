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
