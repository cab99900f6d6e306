"""What happens to personal tokens: they are made, shown by scripts, revoked, and forgotten.

The secret is random and long. A fast hash of it is enough, because nobody can try 2**256 secrets; a password needs a
slow one.
"""

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.errors import AccountEnded, BadToken, TokenExpired, TokenMissing, TokenRevoked, TokenUnknown
from accounts.events import token_changed
from accounts.models import PersonalToken, User

logger = logging.getLogger(__name__)

# Programs that look for secrets in published code know a token by such a beginning.
BEGINNING = "msc_"
SECRET_BYTES = 32
PREFIX_LENGTH = 8
MAX_DAYS = 366
MAX_TOKENS = 50
MAX_NAME_LENGTH = 60
# A script may send many requests a second. Each would otherwise write.
USE_IS_NOTED_EVERY = timedelta(minutes=1)
ENDED_ARE_KEPT_FOR = timedelta(days=90)
MAKE_ANOTHER = "Make a new one on the profile page."

VIEW, CAPTURE = "images.view_image", "images.capture_image"
# Never more than operators may do, also for the token of a manager or an administrator.
LEFT_BY_SCOPE = {
    PersonalToken.Scope.VIEW: frozenset({VIEW}),
    PersonalToken.Scope.CAPTURE: frozenset({VIEW, CAPTURE}),
}


@transaction.atomic
def make_token(user: User, name: str, scope: str, days: int) -> tuple[PersonalToken, str]:
    """Make a token. Returns its row and its text, which cannot be shown again. Raises BadToken."""
    # Two requests at once must not make two tokens of one name, for example because a page was sent twice.
    User.objects.select_for_update().get(pk=user.pk)
    name = _check_name(user, name)
    if scope == PersonalToken.Scope.CAPTURE and not user.has_perm(CAPTURE):
        raise _refuse("scope", "You may not capture, so your tokens may not either.")
    if not 1 <= days <= MAX_DAYS:
        raise _refuse("days", f"A token lives from 1 to {MAX_DAYS} days.")
    text = BEGINNING + secrets.token_urlsafe(SECRET_BYTES)
    now = timezone.now()
    token = PersonalToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        prefix=text[:PREFIX_LENGTH],
        secret_hash=_hash(text),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    token_changed.send(None, what="token_made", token=token, by=user)
    return token, text


def find_token(text: str) -> PersonalToken:
    """Return the token with its user. Raises TokenRefused, in one of its kinds, if the token opens nothing."""
    token = PersonalToken.objects.select_related("user").filter(secret_hash=_hash(text)).first()
    if token is None:
        raise TokenUnknown(f"This token is not known. Compare it with the one you copied. {MAKE_ANOTHER}")
    if not token.user.is_active:
        raise AccountEnded(f"The account of the token “{token.name}” has ended. Ask an administrator.")
    if token.revoked_at:
        raise TokenRevoked(f"The token “{token.name}” was revoked. {MAKE_ANOTHER}")
    if token.is_expired:
        ended = timezone.localtime(token.expires_at)
        raise TokenExpired(f"The token “{token.name}” ended on {ended.day} {ended:%B %Y}. {MAKE_ANOTHER}")
    return token


def note_use(token: PersonalToken, address: str) -> None:
    """Note when and from where the token was used, at most once a minute."""
    now = timezone.now()
    # A time in the future comes from a wrong clock, and is replaced.
    if token.last_used_at and timedelta(0) <= now - token.last_used_at < USE_IS_NOTED_EVERY:
        return
    try:
        with transaction.atomic():
            PersonalToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_from=address)
    # A full disk must not keep a script from reading images.
    except DatabaseError as problem:
        logger.warning("The use of a token could not be noted: %s", problem)


def living_tokens() -> QuerySet[PersonalToken]:
    return PersonalToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now())


def list_tokens(user: User) -> list[PersonalToken]:
    """Return the user's tokens, the newest first, those that have ended last. Tokens that ended long ago are left
    out."""
    ended_since = timezone.now() - ENDED_ARE_KEPT_FOR
    recent = user.personal_tokens.select_related("revoked_by").filter(_ended_at_least(ended_since))
    return sorted(recent, key=lambda token: token.ended_at is not None)


def revoke_token(user: User, token_id: int) -> PersonalToken:
    """End a token of this user at once. Does nothing if it is revoked already. Raises TokenMissing."""
    token = user.personal_tokens.filter(pk=token_id).first()
    if token is None:
        raise TokenMissing("You have no token with this number.")
    _end(user.personal_tokens.filter(pk=token_id), by=user)
    token.refresh_from_db()
    return token


def revoke_tokens(tokens: QuerySet[PersonalToken], by: User) -> int:
    """End these tokens at once, whosever they are. Returns how many could still be used."""
    return _end(tokens.filter(expires_at__gt=timezone.now()), by)


def forget_ended_tokens() -> int:
    """Remove tokens that ended long ago. Returns how many."""
    ended_since = timezone.now() - ENDED_ARE_KEPT_FOR
    return PersonalToken.objects.exclude(_ended_at_least(ended_since)).delete()[0]


@receiver(post_save, sender=User)
def end_tokens_with_account(instance: User, raw: bool = False, **_: Any) -> None:
    """Revoke the tokens of an account that ends. They stay revoked if the account is activated again."""
    if not instance.is_active and not raw:
        _end(instance.personal_tokens.all(), by=None)


@transaction.atomic
def _end(tokens: QuerySet[PersonalToken], by: User | None) -> int:
    """Return how many were not revoked yet."""
    living = list(tokens.filter(revoked_at=None).select_for_update(of=["self"]).select_related("user"))
    for token in living:
        token.revoked_at, token.revoked_by = timezone.now(), by
        token.save(update_fields=["revoked_at", "revoked_by"])
        token_changed.send(None, what="token_revoked", token=token, by=by)
    return len(living)


def _check_name(user: User, name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise _refuse("name", f"Give the token a name of up to {MAX_NAME_LENGTH} characters.")
    living = living_tokens().filter(user=user)
    if living.filter(name=name).exists():
        raise _refuse("name", f"You have a token “{name}” already. Revoke it first, or choose another name.")
    if living.count() >= MAX_TOKENS:
        raise _refuse("name", f"You have {MAX_TOKENS} tokens already. Revoke those that you no longer need.")
    return name


def _refuse(field: str, sentence: str) -> BadToken:
    return BadToken(sentence, {field: [sentence]})


def _ended_at_least(moment: Any) -> Q:
    """Tokens that have not ended, or ended after this moment."""
    return Q(revoked_at__gt=moment) | Q(revoked_at=None, expires_at__gt=moment)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
