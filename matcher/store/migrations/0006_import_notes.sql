create table import_note (
    batch_id text not null references import_batch (id),
    line {bigint} not null,
    outcome text not null check (outcome in ('refused', 'taken', 'kept')),
    title text not null,
    faults text not null,
    cells text,
    primary key (batch_id, line)
){strict}
--;
alter table import_batch add column wanted_at text
--;
alter table import_row add column digest text
--;
create index import_row_subject on import_row (subject_id)
--;
create index organisation_name on organisation (name)
--;
create index startup_merged on startup (merged_into) where merged_into is not null
