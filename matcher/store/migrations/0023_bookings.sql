alter table testbed add column buffer_days {bigint} not null default 0 check (buffer_days between 0 and 60)
--;
alter table testbed add column staff_hours {bigint} check (staff_hours between 0 and 1000)
--;
create table booking (
    id text primary key,
    testbed_id text not null references testbed (id),
    organisation_id text not null references organisation (id),
    startup_id text references startup (id),
    need_id text references need (id),
    pairing_id text references pairing (id),
    title text not null check (length(title) between 1 and 200),
    starts_on text not null,
    ends_on text not null check (ends_on >= starts_on),
    benefit_operation text not null check (length(benefit_operation) >= 1),
    benefit_users text not null check (length(benefit_users) >= 1),
    staff_hours {bigint} check (staff_hours between 0 and 1000),
    message text not null default '',
    requested_at text not null,
    requested_by text references person (id),
    promised_by text not null,
    answer_by text not null,
    answered_at text,
    operation_score {bigint} check (operation_score between 1 and 5),
    users_score {bigint} check (users_score between 1 and 5),
    scored_at text,
    scored_by text references person (id),
    waiting_at text,
    waiting_by text references person (id),
    room_at text,
    approved_at text,
    approved_by text references person (id),
    declined_at text,
    declined_by text references person (id),
    withdrawn_at text,
    withdrawn_by text references person (id),
    cancelled_at text,
    cancelled_by text references person (id),
    cancelled_side text check (cancelled_side in ('asker', 'host', 'broker')),
    reason text,
    note text not null default '',
    agreed_at text,
    agreed_by text references person (id),
    agreed_until text,
    agreed_note text not null default '',
    used_at text,
    used_pairing_id text references pairing (id),
    check (room_at is null or waiting_at is not null),
    check ((operation_score is null) = (users_score is null)),
    check ((operation_score is null) = (scored_at is null)),
    check (approved_at is null or operation_score is not null),
    check (approved_at is null or (declined_at is null and withdrawn_at is null)),
    check (declined_at is null or withdrawn_at is null),
    check (cancelled_at is null or approved_at is not null),
    check ((cancelled_at is null) = (cancelled_side is null)),
    check ((declined_at is null and cancelled_at is null) or reason is not null),
    check ((agreed_at is null) = (agreed_until is null)),
    check ((used_at is null) = (used_pairing_id is null)),
    check (used_at is null or (approved_at is not null and cancelled_at is null and pairing_id is null)),
    check ((waiting_at is null and approved_at is null and declined_at is null) or answered_at is not null)
){strict}
--;
create index booking_testbed on booking (testbed_id, ends_on)
--;
create index booking_organisation on booking (organisation_id)
--;
create index booking_startup on booking (startup_id)
--;
create index booking_need on booking (need_id)
--;
create index booking_pairing on booking (pairing_id)
--;
create index booking_used on booking (used_pairing_id)
--;
create index booking_undecided on booking (answer_by)
    where approved_at is null and declined_at is null and withdrawn_at is null
--;
create table booking_question (
    id text primary key,
    booking_id text not null references booking (id),
    question text not null check (length(question) >= 1),
    asked_at text not null,
    asked_by text references person (id),
    reply text,
    replied_at text,
    replied_by text references person (id),
    check ((replied_at is null) = (reply is null))
){strict}
--;
create index booking_question_booking on booking_question (booking_id)
--;
create unique index booking_question_open on booking_question (booking_id) where replied_at is null
--;
create table booking_met (
    id text primary key,
    booking_id text not null references booking (id),
    prerequisite_id text not null references prerequisite (id),
    note text not null default '',
    met_at text not null,
    met_by text references person (id),
    undone_at text,
    undone_by text references person (id)
){strict}
--;
create unique index booking_met_live on booking_met (booking_id, prerequisite_id) where undone_at is null
--;
create index booking_met_booking on booking_met (booking_id)
--;
create index booking_met_prerequisite on booking_met (prerequisite_id)
