create table doubt_of_more_kinds (
    startup_id text not null references startup (id),
    code text not null check (code in ('hidden', 'repeated', 'copied', 'named', 'alike', 'themes')),
    passages text not null,
    others text not null,
    found_at text not null,
    answered_at text,
    answered_by text references person (id),
    primary key (startup_id, code)
){strict}
--;
insert into doubt_of_more_kinds select startup_id, code, passages, others, found_at, answered_at, answered_by from doubt
--;
drop table doubt
--;
alter table doubt_of_more_kinds rename to doubt
--;
create index doubt_open on doubt (found_at) where answered_at is null
--;
update embedding set embedded_at = '' where kind = 'startup'
