create table copied_need (
    need_id text primary key references need (id),
    pairing_id text not null references pairing (id),
    brought text not null,
    copied_at text not null,
    copied_by text references person (id)
){strict}
--;
create index copied_need_case on copied_need (pairing_id)
--;
create index copied_need_by on copied_need (copied_by)
--;
create table spread_consent (
    pairing_id text primary key references pairing (id),
    opened_at text not null,
    opened_by text references person (id),
    closed_at text check (closed_at >= opened_at)
){strict}
--;
create index spread_consent_by on spread_consent (opened_by)
--;
create table spread_question (
    id text primary key,
    pairing_id text not null references pairing (id),
    person_id text references person (id),
    organisation_id text references organisation (id),
    text text not null check (length(text) >= 1),
    asked_at text not null
){strict}
--;
create index spread_question_case on spread_question (pairing_id, asked_at)
--;
create index spread_question_person on spread_question (person_id, asked_at)
--;
create index spread_question_organisation on spread_question (organisation_id)
--;
create table spread_letter (
    id text primary key,
    startup_id text not null references startup (id),
    organisation_id text not null references organisation (id),
    need_id text references need (id),
    subject text not null check (length(subject) >= 1),
    text text not null check (length(text) >= 1),
    guess text not null check (guess in ('yes', 'no')),
    sent_at text not null,
    sent_by text references person (id)
){strict}
--;
create index spread_letter_organisation on spread_letter (organisation_id, sent_at)
--;
create index spread_letter_startup on spread_letter (startup_id)
--;
create index spread_letter_need on spread_letter (need_id)
--;
create index spread_letter_by on spread_letter (sent_by)
