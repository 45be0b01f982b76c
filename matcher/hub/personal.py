"""What is kept about people: every table and every column, what it is, and what becomes of it when a person is erased.

One place for export, erasure and the page about personal data. A test reads the schema and fails for a table or a
column that is not here, so whoever adds one decides. The columns of a table are of these kinds:

- `facts`: ids of things, codes, figures and moments: nothing about a person without the row's `who`. They stay.
- `who`: ids of people. They stay, and point to a row that names nobody any more.
- `said`: what a person wrote in their own name. Exported, and taken away.
- `work`: what was written for an organisation or as a decision's reason. Exported to its writer; it stays, for a public
  body must be able to account for it, but the person's name and address are taken out of it.
- `contact`: who is to be asked, and how (parts of one contact joined by `+`). Emptied when it is the person.
- `kept`: evidence that is never altered; `why` says by what reason (`KEPT_FOR`) and so for how long.
- `hashes`: of tokens and passwords, which let in or prove. Never exported; they go with their row.
- `machine`: made from other texts and made again when these change. Copies of vectors and words lie in files beside the
  database (`ranking.shared`); `ranking.opening.forget` deletes within the hour those that hold what is gone here.

The index of vectors that a hub may keep beside these (`ranking/pgvector_build.py`) stands in a schema of its own: ids,
vectors and hashed letters, made from `embedding`. A row leaves it with the profile or need, in the same transaction.

A text's writer stands after a colon: columns of `who`, of which the first that is filled in counts, or
`@action` for whoever did that to the row, by the record (`@action/side=owner`: of that side).
"""

from __future__ import annotations

from dataclasses import dataclass

ERASED_NAME = "Raderad\u00a0person"  # the hard space tells it from what anybody types; pages show it in their language
ERASED_TEXT = "Raderad\u00a0text"
NOWHERE = "erased.invalid"  # a name that never leads anywhere (RFC 2606)


@dataclass(frozen=True)
class Holding:
    """One table: its `group` on a person's page, and its columns by kind, parted by blanks."""

    group: str
    facts: str = ""
    who: str = ""
    said: str = ""
    work: str = ""
    contact: str = ""
    kept: str = ""
    hashes: str = ""
    machine: str = ""
    why: str = ""

    @property
    def columns(self) -> set[str]:
        """Every column that is named."""
        named = [*self.names("facts"), *self.names("who"), *self.names("kept"), *self.names("hashes")]
        named += [*self.names("machine"), *dict(self.texts())]
        return {*named, *(name for group in self.contacts() for name in group)}

    def names(self, kind: str) -> list[str]:
        """Return the columns of one kind, without who wrote them."""
        return [item.partition(":")[0] for item in getattr(self, kind).split()]

    def texts(self, *kinds: str) -> list[tuple[str, str]]:
        """Return (column, writer) of what people write; the writer is empty where nobody can be told."""
        items = [item for kind in kinds or ("said", "work") for item in getattr(self, kind).split()]
        return [(name, writer) for name, _, writer in (item.partition(":") for item in items)]

    def contacts(self) -> list[list[str]]:
        """Return the columns of each contact that the row may name."""
        return [item.split("+") for item in self.contact.split()]


HOLDINGS: dict[str, Holding] = {
    # the account
    "person": Holding(
        "account", "id locale keyboard_at created_at disabled_at digest_at erased_at",
        contact="email+name", hashes="password_hash",
    ),
    "erasure": Holding("machine", "at everywhere", who="person_id"),
    "membership": Holding("account", "id organisation_id role granted_at revoked_at", who="person_id"),
    "session": Holding("account", "created_at seen_at revoked_at factor device", who="person_id", hashes="token_hash"),
    "second_factor": Holding(
        "account", "made_at confirmed_at last_step earlier_steps", who="person_id", hashes="sealed"
    ),
    "recovery_code": Holding("account", "made_at used_at", who="person_id", hashes="code_hash"),
    "login_step": Holding("machine", "kind detail created_at expires_at", who="person_id", hashes="token_hash"),
    "identity": Holding("account", "issuer subject linked_at", who="person_id"),
    "link": Holding(
        "account", "purpose organisation_id role created_at expires_at used_at", who="created_by",
        contact="email", hashes="token_hash",
    ),
    "feed": Holding("account", "id testbed_id made_at revoked_at", who="person_id", hashes="token_hash"),
    "feed_read": Holding("machine", "feed_id read_on"),
    "attempt": Holding("machine", "period count", hashes="bucket"),
    "outbox": Holding(
        "mail", "id locale template created_at next_try_at tries sent_at given_up_at digest_at dropped_at",
        work="params", contact="recipient+event+error",
    ),
    "audit": Holding(
        "record", "id at action kind subject_id n", who="person_id", work="detail:person_id",
        hashes="salt digest previous mac",
    ),
    "audit_end": Holding("machine", "one n", hashes="hash mac"),
    "copy_under_way": Holding("machine", "name source done last_key"),
    "security_incident": Holding(
        "record",
        "id noticed_at effects malicious cross_border personal people early_at notice_at privacy_at final_at closed_at "
        "revision created_at",
        who="created_by",
        work="title:created_by what:created_by whose:created_by consequences:created_by measures:created_by "
        "cause:created_by contact",
    ),
    "security_incident_change": Holding("record", "incident_id revision changed_at", who="changed_by", work="before"),
    # organisations and what they publish
    "organisation": Holding(
        "machine", "id name orgnr kind parent_id county_code municipality_code website created_at merged_into"
    ),
    "need": Holding(
        "need",
        "id organisation_id beneficiaries themes goals county_code municipality_code budget wanted_by testbed_id "
        "language languages min_readiness local valid_until source external_id version revision seq created_at "
        "updated_at submitted_at returned_at published_at closed_at close_reason",
        who="person_id",
        work="title:person_id people:person_id description:person_id effect:person_id measure:person_id "
        "tried:person_id keep:person_id runner:person_id return_comment:@need.return close_note:@need.close",
        contact="contact",
    ),
    "need_version": Holding("need", "need_id number at", who="person_id", work="content:person_id"),
    "startup": Holding(
        "startup",
        "id organisation_id name readiness regions languages seeks capacity website themes language source "
        "external_id revision seq created_at updated_at published_at hidden_at flagged_at merged_into merged_at",
        who="person_id",
        work="problem:person_id audience:person_id description:person_id novelty:person_id evidence:person_id "
        "hidden_reason:@startup.hide flag_reason:@startup.flag",
    ),
    "merge_offer": Holding(
        "startup", "id keep_id drop_id reason found_at decided_at decision undone_at", who="decided_by", work="before"
    ),
    "doubt": Holding("startup", "startup_id code found_at answered_at", who="answered_by", work="passages others"),
    "testbed": Holding(
        "testbed",
        "id organisation_id places answer_days themes county_code municipality_code language source external_id "
        "revision seq created_at updated_at published_at withdrawn_at buffer_days staff_hours",
        who="person_id",
        work="name:person_id description:person_id users:person_id methods:person_id equipment:person_id "
        "conditions:person_id",
        contact="contact_name+contact_email backup_name+backup_email",
    ),
    "testbed_closure": Holding("testbed", "id testbed_id starts_on ends_on created_at", work="reason"),
    "prerequisite": Holding("testbed", "id testbed_id kind created_at retired_at", work="text"),
    # from interest to access
    "interest": Holding(
        "interest", "id need_id startup_id need_version created_at answer_by withdrawn_at answered_at answer reason",
        who="person_id answered_by", said="message:person_id", work="note:answered_by|person_id",
    ),
    "dismissal": Holding(
        "interest", "id need_id startup_id reason at undone_at", who="person_id", said="note:person_id", work="seen"
    ),
    "share": Holding(
        "interest", "id need_id startup_id at withdrawn_at known_before commented_at", who="person_id commented_by",
        said="note:person_id comment:commented_by", work="seen",
    ),
    "conflict": Holding(
        "interest", "id need_id startup_id declared_at lifted_at", who="person_id lifted_by", said="note:person_id"
    ),
    "pairing": Holding(
        "case",
        "id need_id startup_id testbed_id need_version proposed_at answer_by owner_accepted_at startup_accepted_at "
        "confirmed_at declined_at declined_side ended_at ended_side reason",
        who="proposed_by owner_accepted_by startup_accepted_by confirmed_by declined_by ended_by",
        said="message:proposed_by", work="seen note:ended_by|declined_by",
    ),
    "access": Holding("machine", "id pairing_id testbed_id starts_on ends_on opened_at ended_at"),
    "case_holder": Holding(
        "case", "id pairing_id since replaced_at", who="holder_id substitute_id set_by"
    ),
    "case_note": Holding(
        "case", "id pairing_id kind minutes on_day visible side at struck_at", who="person_id struck_by",
        said="text:person_id",
    ),
    "case_task": Holding(
        "case", "id pairing_id phase code position due_on added_at done_at removed_at",
        who="added_by done_by removed_by", work="text:added_by why:added_by",
    ),
    "case_asked": Holding("machine", "pairing_id still_since level at"),
    "prerequisite_met": Holding(
        "case", "id pairing_id prerequisite_id met_at undone_at", who="met_by undone_by", work="note:met_by"
    ),
    "need_question": Holding(
        "question", "id need_id need_version asked_at asked_for answer_by answered_at", who="asked_by answered_by",
        said="asked:asked_by", work="question:answered_by answer:answered_by",
    ),
    "need_told": Holding(
        "question", "question_id organisation why at", who="person_id", contact="email+name"
    ),
    "agreement_template": Holding(
        "agreement", "id language uploaded_at retired_at hash", who="uploaded_by", work="name:uploaded_by",
        kept="content", why="contract",
    ),
    "agreement": Holding(
        "agreement",
        "id pairing_id number language template_id starts_on ends_on drafted_at revision paper_hash sent_at "
        "in_force_at withdrawn_at ended_at",
        who="drafted_by sent_by withdrawn_by ended_by", work="note:ended_by|withdrawn_by",
        kept="terms:drafted_by paper", why="contract",
    ),
    "signature": Holding(
        "agreement", "agreement_id side method paper_hash at", who="person_id",
        kept="name:person_id title:person_id file_name:person_id file", why="contract",
    ),
    "state_aid": Holding(
        "case", "id organisation_id pairing_id given_on amount kind at cancelled_at", who="person_id cancelled_by",
        work="note:person_id beyond:person_id",
    ),
    # the pilot and what came of it
    "pilot": Holding(
        "pilot",
        "id pairing_id starts_on ends_on route_code personal_data impact_assessment patients research review_board "
        "security revision created_at updated_at started_at decided_at decided_side decision",
        who="updated_by started_by decided_by",
        work="question:updated_by runner_name:updated_by runner_role:updated_by signer_name:updated_by "
        "signer_role:updated_by route:updated_by checks_note:updated_by evidence:decided_by lesson:decided_by "
        "early_reason:decided_by",
    ),
    "indicator": Holding(
        "pilot", "id pilot_id position baseline target created_at", work="name unit method measured_by uncertainty"
    ),
    "reading": Holding(
        "pilot", "id indicator_id on_day value at withdrawn_at", who="person_id withdrawn_by",
        work="note:person_id withdrawn_reason:withdrawn_by",
    ),
    "feedback_round": Holding(
        "pilot", "id pilot_id number opened_at closes_on closed_at changed_at", who="opened_by closed_by changed_by",
        work="question:opened_by changed:changed_by", hashes="token_hash",
    ),
    "feedback_answer": Holding("machine", "id round_id grade on_day", work="text"),
    "incident": Holding(
        "pilot", "id pilot_id happened_on severity at handled_at", who="person_id handled_by",
        work="what:person_id done:handled_by",
    ),
    "outcome_link": Holding("machine", "pairing_id month side sent_at", hashes="token_hash"),
    "outcome": Holding(
        "outcome",
        "id pairing_id month in_use used_by economic social functional environmental perspectives hours answered_at "
        "replaced_at",
        who="answered_by",
        work="why_not:answered_by used_by_whom:answered_by economic_note:answered_by social_note:answered_by "
        "functional_note:answered_by environmental_note:answered_by work:answered_by",
    ),
    "outcome_spread": Holding("machine", "outcome_id position name organisation_id"),
    "outcome_company": Holding(
        "outcome", "id pairing_id month jobs customers answered_at replaced_at", who="answered_by"
    ),
    "release": Holding(
        "outcome",
        "pairing_id revision language written_at owner_released_at startup_released_at owner_name startup_name",
        who="written_by owner_released_by startup_released_by",
        work="title:written_by owner_text:@release.write/side=owner startup_text:@release.write/side=startup",
    ),
    # ways, spread, bookings, rounds
    "route_answer": Holding("need", "id need_id number answers answered_at", who="answered_by"),
    "route_choice": Holding(
        "need", "id need_id answer_id way chosen_at replaced_at shown", who="chosen_by", work="why:chosen_by"
    ),
    "route_tick": Holding("need", "id need_id way item ticked_at undone_at", who="ticked_by undone_by"),
    "innovation_answer": Holding(
        "need", "need_id number considered answered_at", who="answered_by", work="note:answered_by"
    ),
    "copied_need": Holding("spread", "need_id pairing_id copied_at", who="copied_by", work="brought"),
    "spread_consent": Holding("spread", "pairing_id opened_at closed_at", who="opened_by"),
    "spread_question": Holding(
        "spread", "id pairing_id organisation_id asked_at", who="person_id", said="text:person_id"
    ),
    "spread_letter": Holding(
        "spread", "id startup_id organisation_id need_id guess sent_at", who="sent_by",
        said="subject:sent_by text:sent_by",
    ),
    "booking": Holding(
        "booking",
        "id testbed_id organisation_id startup_id need_id pairing_id starts_on ends_on staff_hours requested_at "
        "promised_by answer_by answered_at operation_score users_score scored_at waiting_at room_at approved_at "
        "declined_at withdrawn_at cancelled_at cancelled_side reason agreed_at agreed_until used_at used_pairing_id",
        who="requested_by scored_by waiting_by approved_by declined_by withdrawn_by cancelled_by agreed_by",
        said="message:requested_by",
        work="title:requested_by benefit_operation:requested_by benefit_users:requested_by "
        "note:cancelled_by|withdrawn_by|declined_by|approved_by|waiting_by agreed_note:agreed_by",
    ),
    "booking_question": Holding(
        "booking", "id booking_id asked_at replied_at", who="asked_by replied_by",
        said="question:asked_by reply:replied_by",
    ),
    "booking_met": Holding(
        "booking", "id booking_id prerequisite_id met_at undone_at", who="met_by undone_by", work="note:met_by"
    ),
    "round": Holding(
        "plan",
        "id starts_on quarters days demand most places least model scoring need_ids startup_ids made_at created_at "
        "held_on opens_at minutes pause tables closed_at by_words",
        who="person_id", work="name:person_id", machine="arcs",
    ),
    "round_demand": Holding("machine", "round_id need_id demand"),
    "round_rule": Holding(
        "plan", "id round_id need_id startup_id kind testbed_id starts_on cost at undone_at",
        who="person_id undone_by", said="note:person_id",
    ),
    "year_target": Holding("plan", "year measure value set_at", who="set_by"),
    # imports
    "import_batch": Holding(
        "import",
        "id kind created_at wanted claimed_at done total previewed_at finished_at undone_at wanted_at",
        who="person_id", work="filename:person_id mapping options report error", machine="content",
    ),
    "import_row": Holding("machine", "batch_id line subject_id change revision", work="before", machine="digest"),
    "import_note": Holding("machine", "batch_id line outcome", work="title faults cells"),
    # made by the machine from the texts above
    "embedding": Holding(
        "machine", "kind subject_id model text_hash embedded_at spoken_at used_at weighed_at", machine="vector terms"
    ),
    "sentence": Holding("machine", "kind subject_id position model", work="text", machine="vector rest"),
    "past_text": Holding(
        "machine", "kind subject_id model text_hash put_aside_at", work="sentences",
        machine="vector terms sentence_vectors",
    ),
    "ranking_run": Holding("machine", "id need_id documents made_documents made_questions made_at", work="facts"),
    "roster": Holding("machine", "id kind base depth made_at", machine="content"),
    "learned": Holding(
        "plan", "id kind number scoring model decisions made_at adopted_at replaces retired_at",
        who="adopted_by retired_by", machine="content",
    ),
    "map_drawn": Holding("machine", "name at model scoring", machine="figures"),
    "map_region": Holding("machine", "number x y", machine="words"),
    "map_point": Holding("machine", "kind subject_id stamp x y region shared best"),
    "exposure": Holding("machine", "startup_id lists scoring counted_at"),
    "removal": Holding("machine", "kind subject_id seq"),
    "counter": Holding("machine", "name value"),
    "migration": Holding("machine", "name applied_at"),
}  # fmt: skip

# The groups of a person's page, in their order, the long lists last; what only the machine uses is in none of them.
_LAST = ("mail", "record")
_NAMED = dict.fromkeys(holding.group for holding in HOLDINGS.values() if holding.group != "machine")
GROUPS = (*(group for group in _NAMED if group not in _LAST), *_LAST)
