create table security_incident (
    id text primary key,
    title text not null check (title <> ''),
    noticed_at text not null,
    effects text not null default '[]',
    malicious text not null default 'unknown' check (malicious in ('yes', 'no', 'unknown')),
    cross_border text not null default 'unknown' check (cross_border in ('yes', 'no', 'unknown')),
    personal text not null default 'unknown' check (personal in ('yes', 'no', 'unknown')),
    people {bigint} check (people >= 0),
    what text not null default '',
    whose text not null default '',
    consequences text not null default '',
    measures text not null default '',
    cause text not null default '',
    contact text not null default '',
    early_at text,
    notice_at text,
    privacy_at text,
    final_at text,
    closed_at text,
    revision {bigint} not null default 1,
    created_at text not null,
    created_by text references person (id)
){strict}
--;
create index security_incident_noticed on security_incident (noticed_at)
--;
create index security_incident_created_by on security_incident (created_by)
