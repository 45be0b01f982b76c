create table identity (
    issuer text not null,
    subject text not null,
    person_id text not null references person (id),
    linked_at text not null,
    primary key (issuer, subject),
    unique (issuer, person_id)
){strict}
--;
create index identity_person on identity (person_id)
