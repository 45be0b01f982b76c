alter table audit add column n {bigint}
--;
alter table audit add column salt text
--;
alter table audit add column digest text
--;
alter table audit add column previous text
--;
alter table audit add column mac text
--;
create unique index audit_n on audit (n)
--;
create table audit_end (
    one text primary key check (one = 'end'),
    n {bigint} not null,
    hash text not null,
    mac text not null
){strict}
--;
insert into audit_end (one, n, hash, mac) values ('end', 0, '', '')
--;
create table copy_under_way (
    name text primary key,
    source text not null,
    done text not null,
    last_key text
){strict}
--;
-- only sqlite
create trigger audit_kept before update on audit
when not (
    new.id = old.id and new.at = old.at and new.person_id is old.person_id and new.action = old.action
    and new.kind = old.kind and new.subject_id = old.subject_id
    and (
        (old.n is null and new.n is not null and new.detail = old.detail)
        or (new.n is old.n and new.digest is old.digest and new.previous is old.previous and new.mac is old.mac
            and new.salt is null and new.detail = '{}')
    )
)
begin
    select raise(abort, 'the record is never changed');
end
--;
-- only sqlite
create trigger audit_stays before delete on audit
when not exists (select 1 from copy_under_way)
begin
    select raise(abort, 'nothing of the record is deleted');
end
--;
-- only postgresql
create function audit_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if row(new.id, new.at, new.person_id, new.action, new.kind, new.subject_id)
               is not distinct from row(old.id, old.at, old.person_id, old.action, old.kind, old.subject_id)
           and ((old.n is null and new.n is not null and new.detail = old.detail)
                or (row(new.n, new.digest, new.previous, new.mac)
                        is not distinct from row(old.n, old.digest, old.previous, old.mac)
                    and new.salt is null and new.detail = '{}'))
        then
            return new;
        end if;
    end if;
    if tg_op = 'DELETE' and exists (select 1 from copy_under_way) then
        return old;
    end if;
    raise exception 'the record is never changed' using errcode = 'check_violation';
end
$$
--;
-- only postgresql
create trigger audit_kept before update or delete on audit for each row execute function audit_kept()
--;
-- only postgresql
create trigger audit_stays before truncate on audit for each statement execute function audit_kept()
