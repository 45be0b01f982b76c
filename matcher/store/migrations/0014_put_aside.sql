alter table past_text add column put_aside_at text
