-- Whether the name was taken out of texts that hold nothing else of the person: as until now, for those of before.
alter table erasure add column everywhere {bigint} not null default 1
