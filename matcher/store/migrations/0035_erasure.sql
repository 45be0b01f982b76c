alter table person add column erased_at text
--;
create table erasure (
    person_id text primary key references person (id),
    at text not null
){strict}
