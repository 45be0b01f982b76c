alter table round add column by_words {bigint} not null default 0
