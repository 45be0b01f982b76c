"""The words about accounts: roles, organisations and links, the ways in, and the mail that one gets."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "roles": {
        "administrator": _l("Administrator"),
        "broker": _l("Broker"),
        "owner": _l("Need owner"),
        "startup": _l("Startup"),
        "host": _l("Testbed host"),
    },
    "kinds": {
        "public": _l("Public body"),
        "company": _l("Company"),
        "host": _l("Testbed host"),
        "hub": _l("Hub"),
    },
    "mail_status": {
        "waiting": _l("Waiting"),
        "sent": _l("Sent"),
        "given_up": _l("Given up"),
        "dropped": _l("Not sent, no longer needed"),
    },
    "mail_wanted": {
        "each": _l("Each mail at once"),
        "daily": _l("One mail a day, at six in the morning"),
    },
}
FIELD_ERRORS: dict[str, Any] = {
    "name_taken": _l("Somebody else here is called that. Add a middle name, or what you work with."),
    "password_length": _l("The password must have %(low)s to %(high)s characters. Three or four words are fine."),
    "password_common": _l(
        "That password is one of the first that somebody else would try: it is common, a name, or a repetition. "
        "Choose three or four words that do not belong together."
    ),
    "password_wrong": _l("That is not the password of your account."),
    "code_wrong": _l(
        "That code is wrong, too old, or was used. Wait until the app shows a new one, and check the phone’s clock."
    ),
    "code_unreadable": _l(
        "The hub cannot check codes any more, because its key was changed. Use a recovery code, or ask the hub."
    ),
    "recovery_wrong": _l("That recovery code is wrong or was used. Each works once; take another one."),
}
SENTENCES: dict[str, Any] = {
    "email_taken": _l("There is already an account for %(email)s. Use that one, or choose another address."),
    "orgnr_taken": _l("There is already an organisation with the number %(orgnr)s. Use that one."),
    "role_kind": _l("That role does not exist in that kind of organisation. Choose another role or organisation."),
    "last_administrator": _l("This is the last administrator. Give somebody else the role first."),
    "link": _l("This link does not work any more: it has been used, withdrawn, or is too old. Ask for a new one."),
    "person_erased": _l("The person is erased already. There is nothing more to do."),
    "person_disabled": _l("The account of %(email)s is closed. Open it again on its page first."),
    "person_already_disabled": _l("The account is already closed. Look at it again."),
    "person_not_disabled": _l("The account is already open. Look at it again."),
    "role_held": _l("%(email)s already has that role there. There is nothing more to do."),
    "organisation_kind_in_use": _l(
        "The kind cannot be changed: people have roles here, or something is published, that only fit the present kind."
    ),
    "mail_not_given_up": _l("That mail has been sent or is waiting already. Look at the list again."),
    "identity_taken": _l("That account is connected with another account here already, or yours with another one."),
    "identity_other_account": _l(
        "There is an account for this address already, and that log-in is not connected with it. Log in with the "
        "password, open the link of the invitation again, and connect under My account."
    ),
    "identity_only_way": _l(
        "You have no password here, so this is your only way in. An administrator of the hub can disconnect it."
    ),
    "identity_gone": _l("It is disconnected already. There is nothing more to do."),
    "session": _l("That log-in has ended already. Look at My account again."),
    "log_in_again": _l("Log out here and log in again first: for %(minutes)s minutes after that it can be done."),
    "factor_on": _l("The second factor is on already. There is nothing more to do."),
    "factor_off": _l("There is no second factor any more. Look at the page again."),
    "factor_not_begun": _l("Begin anew: a new secret has to be made first."),
}
