alter table release add column owner_name text
--;
alter table release add column startup_name text
--;
update release set
    owner_name = (select o.name from pairing p join need n on n.id = p.need_id
                  join organisation o on o.id = n.organisation_id where p.id = release.pairing_id),
    startup_name = (select s.name from pairing p join startup s on s.id = p.startup_id
                    where p.id = release.pairing_id)
where owner_released_at is not null or startup_released_at is not null
