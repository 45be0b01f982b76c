create table route_answer (
    id text primary key,
    need_id text not null references need (id),
    number {bigint} not null check (number >= 1),
    answers text not null,
    answered_by text references person (id),
    answered_at text not null,
    unique (need_id, number)
){strict}
--;
create index route_answer_by on route_answer (answered_by)
--;
create table route_choice (
    id text primary key,
    need_id text not null references need (id),
    answer_id text not null references route_answer (id),
    way text not null check (length(way) between 1 and 60),
    why text not null check (length(why) >= 1),
    shown text not null,
    chosen_by text references person (id),
    chosen_at text not null,
    replaced_at text check (replaced_at >= chosen_at)
){strict}
--;
create unique index route_choice_standing on route_choice (need_id) where replaced_at is null
--;
create index route_choice_need on route_choice (need_id)
--;
create index route_choice_answer on route_choice (answer_id)
--;
create index route_choice_way on route_choice (way) where replaced_at is null
--;
create index route_choice_by on route_choice (chosen_by)
--;
create table route_tick (
    id text primary key,
    need_id text not null references need (id),
    way text not null check (length(way) between 1 and 60),
    item text not null check (length(item) between 1 and 60),
    ticked_by text references person (id),
    ticked_at text not null,
    undone_by text references person (id),
    undone_at text check (undone_at >= ticked_at),
    check (undone_by is null or undone_at is not null)
){strict}
--;
create unique index route_tick_standing on route_tick (need_id, way, item) where undone_at is null
--;
create index route_tick_need on route_tick (need_id)
--;
create index route_tick_by on route_tick (ticked_by)
--;
create index route_tick_undone_by on route_tick (undone_by)
--;
create table innovation_answer (
    need_id text not null references need (id),
    number {bigint} not null check (number >= 1),
    considered text not null check (considered in ('yes', 'no')),
    note text not null check (length(note) >= 1),
    answered_by text references person (id),
    answered_at text not null,
    primary key (need_id, number)
){strict}
--;
create index innovation_answer_by on innovation_answer (answered_by)
