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
