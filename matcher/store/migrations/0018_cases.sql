create table case_holder (
    id text primary key,
    pairing_id text not null references pairing (id),
    holder_id text not null references person (id),
    substitute_id text references person (id),
    since text not null,
    set_by text references person (id),
    replaced_at text,
    check (substitute_id is null or substitute_id <> holder_id)
){strict}
--;
create unique index case_holder_standing on case_holder (pairing_id) where replaced_at is null
--;
create index case_holder_pairing on case_holder (pairing_id)
--;
create index case_holder_holder on case_holder (holder_id)
--;
create index case_holder_substitute on case_holder (substitute_id)
--;
create index case_holder_set_by on case_holder (set_by)
--;
create table case_note (
    id text primary key,
    pairing_id text not null references pairing (id),
    kind text not null check (kind in ('log', 'meeting', 'call', 'support')),
    text text not null check (text <> ''),
    minutes {bigint} not null default 0 check (minutes between 0 and 60000),
    on_day text not null,
    visible text not null check (visible in ('all', 'brokers')),
    side text not null check (side in ('owner', 'startup', 'host', 'broker')),
    person_id text references person (id),
    at text not null,
    struck_at text,
    struck_by text references person (id),
    check (visible = 'all' or side = 'broker'),
    check (struck_by is null or struck_at is not null)
){strict}
--;
create index case_note_pairing on case_note (pairing_id, at)
--;
create index case_note_person on case_note (person_id)
--;
create index case_note_struck_by on case_note (struck_by)
--;
create table case_task (
    id text primary key,
    pairing_id text not null references pairing (id),
    phase text not null check (phase in ('procurement', 'development')),
    code text not null default '',
    position {bigint} not null,
    text text not null check (text <> ''),
    why text not null default '',
    due_on text,
    added_at text not null,
    added_by text references person (id),
    done_at text,
    done_by text references person (id),
    removed_at text,
    removed_by text references person (id),
    check (done_by is null or done_at is not null),
    check (removed_by is null or removed_at is not null)
){strict}
--;
create index case_task_pairing on case_task (pairing_id)
--;
create unique index case_task_once on case_task (pairing_id, phase, code) where code <> '' and removed_at is null
--;
create index case_task_added_by on case_task (added_by)
--;
create index case_task_done_by on case_task (done_by)
--;
create index case_task_removed_by on case_task (removed_by)
--;
create table case_asked (
    pairing_id text not null references pairing (id),
    still_since text not null,
    level {bigint} not null check (level between 1 and 3),
    at text not null,
    primary key (pairing_id, still_since, level)
){strict}
--;
create table need_question (
    id text primary key,
    need_id text not null references need (id),
    need_version {bigint} not null,
    asked text not null check (asked <> ''),
    asked_at text not null,
    asked_by text references person (id),
    asked_for text not null,
    answer_by text not null,
    question text,
    answer text,
    answered_at text,
    answered_by text references person (id),
    check ((answered_at is null) = (answer is null)),
    check ((answered_at is null) = (question is null)),
    check (answer is null or answer <> ''),
    check (answered_by is null or answered_at is not null)
){strict}
--;
create index need_question_need on need_question (need_id, asked_at)
--;
create index need_question_asked_by on need_question (asked_by)
--;
create index need_question_answered_by on need_question (answered_by)
--;
create table need_told (
    question_id text not null references need_question (id),
    email text not null,
    name text not null,
    organisation text not null,
    why text not null check (why in ('asker', 'case', 'interest', 'share')),
    person_id text references person (id),
    at text not null,
    primary key (question_id, email)
){strict}
--;
create index need_told_person on need_told (person_id)
