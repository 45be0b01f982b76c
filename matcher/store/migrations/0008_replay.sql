create table roster (
    id text primary key,
    kind text not null check (kind in ('need', 'startup')),
    base text references roster (id),
    depth {bigint} not null,
    content {blob} not null,
    made_at text not null
){strict}
--;
create index roster_latest on roster (kind, made_at)
--;
create table ranking_run (
    id text primary key,
    need_id text not null references need (id),
    documents text not null references roster (id),
    made_documents text not null references roster (id),
    made_questions text not null references roster (id),
    facts text not null,
    made_at text not null
){strict}
--;
create index ranking_run_need on ranking_run (need_id)
--;
create table past_text (
    kind text not null check (kind in ('need', 'startup', 'testbed')),
    subject_id text not null,
    model text not null,
    text_hash text not null,
    vector {blob} not null,
    terms {blob} not null,
    sentences text not null,
    sentence_vectors {blob} not null,
    primary key (kind, subject_id, model, text_hash)
){strict}
--;
alter table embedding add column used_at text
