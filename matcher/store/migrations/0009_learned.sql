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
