create table pilot (
    id text primary key,
    pairing_id text not null unique references pairing (id),
    question text not null default '',
    starts_on text,
    ends_on text,
    runner_name text not null default '',
    runner_role text not null default '',
    signer_name text not null default '',
    signer_role text not null default '',
    route text not null default '',
    route_code text not null default '',
    personal_data text not null default 'unknown' check (personal_data in ('yes', 'no', 'unknown')),
    impact_assessment text not null default 'unknown' check (impact_assessment in ('yes', 'no', 'unknown')),
    patients text not null default 'unknown' check (patients in ('yes', 'no', 'unknown')),
    research text not null default 'unknown' check (research in ('yes', 'no', 'unknown')),
    review_board text not null default 'unknown' check (review_board in ('yes', 'no', 'unknown')),
    security text not null default 'unknown' check (security in ('yes', 'no', 'unknown')),
    checks_note text not null default '',
    revision {bigint} not null default 1,
    created_at text not null,
    updated_at text not null,
    updated_by text references person (id),
    started_at text,
    started_by text references person (id),
    decided_at text,
    decided_by text references person (id),
    decided_side text check (decided_side in ('owner', 'broker')),
    decision text check (decision in ('adopt', 'adapt', 'retest', 'stop')),
    evidence text,
    lesson text,
    early_reason text,
    check (starts_on is null or ends_on is null or ends_on > starts_on),
    check (started_at is null or (
        question <> '' and starts_on is not null and ends_on is not null and runner_name <> '' and runner_role <> ''
        and signer_name <> '' and signer_role <> '' and route <> '')),
    check (started_at is null or (
        personal_data <> 'unknown' and patients <> 'unknown' and research <> 'unknown' and security = 'yes'
        and (personal_data = 'no' or impact_assessment = 'yes')
        and ((patients = 'no' and research = 'no') or review_board = 'yes'))),
    check (decided_at is null or started_at is not null),
    check ((decided_at is null) = (decision is null)),
    check ((decided_at is null) = (decided_side is null)),
    check (decided_at is null or (evidence <> '' and lesson <> ''))
){strict}
--;
create index pilot_undecided on pilot (ends_on) where started_at is not null and decided_at is null
--;
create index pilot_updated_by on pilot (updated_by)
--;
create index pilot_started_by on pilot (started_by)
--;
create index pilot_decided_by on pilot (decided_by)
--;
create table indicator (
    id text primary key,
    pilot_id text not null references pilot (id),
    position {bigint} not null check (position between 1 and 3),
    name text not null check (name <> ''),
    unit text not null check (unit <> ''),
    baseline {float} not null,
    target {float} not null,
    method text not null check (method <> ''),
    measured_by text not null check (measured_by <> ''),
    uncertainty text not null check (uncertainty <> ''),
    created_at text not null,
    unique (pilot_id, position)
){strict}
--;
create table reading (
    id text primary key,
    indicator_id text not null references indicator (id),
    on_day text not null,
    value {float} not null,
    note text not null default '',
    person_id text references person (id),
    at text not null,
    withdrawn_at text,
    withdrawn_by text references person (id),
    withdrawn_reason text,
    check ((withdrawn_at is null) = (withdrawn_reason is null))
){strict}
--;
create index reading_indicator on reading (indicator_id, on_day)
--;
create index reading_person on reading (person_id)
--;
create index reading_withdrawn_by on reading (withdrawn_by)
--;
create table feedback_round (
    id text primary key,
    pilot_id text not null references pilot (id),
    number {bigint} not null,
    question text not null check (question <> ''),
    token_hash text not null unique,
    opened_at text not null,
    opened_by text references person (id),
    closes_on text not null,
    closed_at text,
    closed_by text references person (id),
    changed text,
    changed_at text,
    changed_by text references person (id),
    unique (pilot_id, number),
    check ((changed is null) = (changed_at is null))
){strict}
--;
create index feedback_round_opened_by on feedback_round (opened_by)
--;
create index feedback_round_closed_by on feedback_round (closed_by)
--;
create index feedback_round_changed_by on feedback_round (changed_by)
--;
create table feedback_answer (
    id text primary key,
    round_id text not null references feedback_round (id),
    grade {bigint} not null check (grade between 1 and 5),
    text text not null default '',
    on_day text not null
){strict}
--;
create index feedback_answer_round on feedback_answer (round_id, on_day)
--;
create table incident (
    id text primary key,
    pilot_id text not null references pilot (id),
    happened_on text not null,
    what text not null check (what <> ''),
    severity text not null check (severity in ('low', 'serious', 'stops')),
    done text not null default '',
    person_id text references person (id),
    at text not null,
    handled_at text,
    handled_by text references person (id),
    check (handled_at is null or done <> '')
){strict}
--;
create index incident_pilot on incident (pilot_id)
--;
create index incident_person on incident (person_id)
--;
create index incident_handled_by on incident (handled_by)
