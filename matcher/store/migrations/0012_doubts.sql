create table doubt (
    startup_id text not null references startup (id),
    code text not null check (code in ('hidden', 'repeated', 'copied', 'alike')),
    passages text not null,
    others text not null,
    found_at text not null,
    answered_at text,
    answered_by text references person (id),
    primary key (startup_id, code)
){strict}
--;
create index doubt_open on doubt (found_at) where answered_at is null
--;
alter table embedding add column weighed_at text
--;
alter table sentence add column rest {blob}
--;
update embedding set embedded_at = '' where kind = 'startup'
