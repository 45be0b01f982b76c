create table feed (
    id text primary key,
    token_hash text not null unique,
    person_id text not null references person (id),
    testbed_id text references testbed (id),
    made_at text not null,
    revoked_at text,
    check (revoked_at is null or revoked_at >= made_at)
){strict}
--;
create index feed_person on feed (person_id)
--;
create index feed_testbed on feed (testbed_id)
--;
create unique index feed_own on feed (person_id) where testbed_id is null and revoked_at is null
--;
create unique index feed_of_testbed on feed (person_id, testbed_id) where testbed_id is not null and revoked_at is null
--;
create table feed_read (
    feed_id text primary key references feed (id) on delete cascade,
    read_on text not null
){strict}
