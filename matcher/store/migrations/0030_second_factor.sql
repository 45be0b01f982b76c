create table second_factor (
    person_id text primary key references person (id),
    sealed text not null,
    made_at text not null,
    confirmed_at text,
    last_step {bigint} not null default 0
){strict}
--;
create table recovery_code (
    person_id text not null references person (id),
    code_hash text not null,
    made_at text not null,
    used_at text,
    primary key (person_id, code_hash)
){strict}
--;
create table login_step (
    token_hash text primary key,
    kind text not null check (kind in ('code', 'openid')),
    person_id text references person (id),
    detail text not null default '{}',
    created_at text not null,
    expires_at text not null
){strict}
--;
create index login_step_person on login_step (person_id)
--;
alter table session add column factor text check (factor in ('code', 'recovery', 'provider'))
