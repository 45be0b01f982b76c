create table security_incident_change (
    incident_id text not null references security_incident (id),
    revision {bigint} not null,
    changed_at text not null,
    changed_by text references person (id),
    before text not null,
    primary key (incident_id, revision)
){strict}
--;
create index security_incident_change_by on security_incident_change (changed_by)
