create table year_target (
    year {bigint} not null check (year between 2000 and 2199),
    measure text not null check (length(measure) between 1 and 40),
    value {bigint} not null check (value between 0 and 1000000),
    set_at text not null,
    set_by text references person (id),
    primary key (year, measure)
){strict}
--;
create index year_target_by on year_target (set_by)
