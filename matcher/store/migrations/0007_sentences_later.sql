alter table embedding add column spoken_at text
--;
update embedding set spoken_at = embedded_at where length(vector) > 0
