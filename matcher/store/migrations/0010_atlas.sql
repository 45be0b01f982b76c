create table map_drawn (
    name text primary key check (name = 'map'),
    at text not null,
    model text not null,
    scoring text not null,
    figures text not null
){strict}
--;
create table map_region (
    number {bigint} primary key,
    x {float} not null,
    y {float} not null,
    words text not null
){strict}
--;
create table map_point (
    kind text not null check (kind in ('need', 'startup')),
    subject_id text not null,
    stamp text not null,
    x {float} not null,
    y {float} not null,
    region {bigint} not null,
    shared {bigint},
    best {float},
    primary key (kind, subject_id)
){strict}
--;
create index map_point_region on map_point (region)
--;
create table exposure (
    startup_id text primary key,
    lists {bigint} not null,
    scoring text not null,
    counted_at text not null
){strict}
