alter table person add column digest_at text
--;
alter table outbox add column digest_at text
--;
alter table outbox add column dropped_at text
--;
create index outbox_digest on outbox (recipient, digest_at) where digest_at is not null and sent_at is null
