alter table second_factor add column earlier_steps text not null default '[]'
