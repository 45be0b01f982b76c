create table state_aid (
    id text primary key,
    organisation_id text not null references organisation (id),
    pairing_id text references pairing (id),
    given_on text not null,
    amount {bigint} not null check (amount between 1 and 100000000),
    kind text not null check (kind in ('testbed', 'support', 'grant', 'other')),
    note text not null default '',
    beyond text not null default '',
    person_id text references person (id),
    at text not null,
    cancelled_at text,
    cancelled_by text references person (id)
){strict}
--;
create index state_aid_organisation on state_aid (organisation_id, given_on)
--;
create index state_aid_pairing on state_aid (pairing_id)
