create table outcome_link (
    token_hash text primary key,
    pairing_id text not null references pairing (id),
    month {bigint} not null check (month in (6, 12, 24)),
    side text not null check (side in ('owner', 'startup')),
    sent_at text not null
){strict}
--;
create index outcome_link_case on outcome_link (pairing_id, month, side)
--;
create table outcome (
    id text primary key,
    pairing_id text not null references pairing (id),
    month {bigint} not null check (month in (6, 12, 24)),
    in_use text not null check (in_use in ('yes', 'partly', 'no')),
    why_not text not null default '',
    used_by {bigint} check (used_by >= 1),
    used_by_whom text not null default '',
    economic text check (economic in ('none', 'some', 'large')),
    economic_note text not null default '',
    social text check (social in ('none', 'some', 'large')),
    social_note text not null default '',
    functional text check (functional in ('none', 'some', 'large')),
    functional_note text not null default '',
    environmental text check (environmental in ('none', 'some', 'large')),
    environmental_note text not null default '',
    perspectives text not null default '[]',
    hours {bigint},
    work text not null default '',
    answered_at text not null,
    answered_by text references person (id),
    replaced_at text,
    check (in_use = 'yes' or length(why_not) > 0),
    check (in_use <> 'no' or used_by is null),
    check (replaced_at is null or replaced_at >= answered_at)
){strict}
--;
create unique index outcome_stands on outcome (pairing_id, month) where replaced_at is null
--;
create index outcome_case on outcome (pairing_id, month)
--;
create index outcome_answered_by on outcome (answered_by)
--;
create table outcome_spread (
    outcome_id text not null references outcome (id),
    position {bigint} not null,
    name text not null check (length(name) > 0),
    organisation_id text references organisation (id),
    primary key (outcome_id, position)
){strict}
--;
create index outcome_spread_organisation on outcome_spread (organisation_id)
--;
create table outcome_company (
    id text primary key,
    pairing_id text not null references pairing (id),
    month {bigint} not null check (month in (6, 12, 24)),
    jobs {bigint} not null check (jobs >= 0),
    customers {bigint} not null check (customers >= 0),
    answered_at text not null,
    answered_by text references person (id),
    replaced_at text,
    check (replaced_at is null or replaced_at >= answered_at)
){strict}
--;
create unique index outcome_company_stands on outcome_company (pairing_id, month) where replaced_at is null
--;
create index outcome_company_case on outcome_company (pairing_id, month)
--;
create index outcome_company_answered_by on outcome_company (answered_by)
--;
create table release (
    pairing_id text primary key references pairing (id),
    revision {bigint} not null default 1 check (revision >= 1),
    title text not null check (length(title) > 0),
    owner_text text not null default '',
    startup_text text not null default '',
    language text not null check (language in ('sv', 'en', 'no', 'da', 'fi')),
    written_at text not null,
    written_by text references person (id),
    owner_released_at text,
    owner_released_by text references person (id),
    startup_released_at text,
    startup_released_by text references person (id),
    check (owner_released_at is null or (length(owner_text) > 0 and length(startup_text) > 0)),
    check (startup_released_at is null or (length(owner_text) > 0 and length(startup_text) > 0)),
    check (owner_released_at is not null or owner_released_by is null),
    check (startup_released_at is not null or startup_released_by is null)
){strict}
--;
create index release_written_by on release (written_by)
--;
create index release_owner_by on release (owner_released_by)
--;
create index release_startup_by on release (startup_released_by)
