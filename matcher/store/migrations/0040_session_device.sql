alter table session add column device text check (length(device) <= 40)
