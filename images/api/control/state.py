"""Describes control to one user: who has it, what the user may do, and what happened last to the user's own control."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from rest_framework import serializers
from rest_framework.request import Request

from camera.registry import the_instrument, the_live_view
from images.api.control.accounts_count import is_one_account_alone
from images.api.control.holders import SIGHT_HEADER, is_streaming, read_holder
from images.api.jobs.under_way import JobUnderWaySerializer, describe_under_way
from images.control.control import Control, the_control
from images.control.hand_over import may_take
from images.control.lease import Holder, Kind, Lease, Notice
from images.control.line import MAX_IN_LINE, Line, find_ask, find_place
from images.control.words import describe_lease, initials_of
from images.jobs.heartbeat import JobSign
from images.jobs.under_way import find_job_under_way
from images.permissions import CAPTURE, TAKE_CONTROL
from images.record.image import format_time

STATES = ["free", "held"]


class HolderSerializer(serializers.Serializer):
    userId = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    initials = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment]  # the API's word, not the attribute of a field
        help_text='"browser", or the name of a script or job.'
    )


class AskStateSerializer(serializers.Serializer):
    userId = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    message = serializers.CharField()
    at = serializers.DateTimeField()
    secondsAgo = serializers.FloatField()
    isMine = serializers.BooleanField()
    place = serializers.IntegerField(help_text="In the line of those who ask; 1 is whoever the holder answers next.")
    inLine = serializers.IntegerField(help_text="How many ask.")


class NoticeSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    what = serializers.ChoiceField(["ended", "taken", "received", "denied"])
    byName = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    jobId = serializers.IntegerField(allow_null=True)
    pictureNumber = serializers.IntegerField(
        allow_null=True, help_text="After which picture the job was paused; null if that is not known yet."
    )


class RightsSerializer(serializers.Serializer):
    mayChange = serializers.BooleanField(help_text="Changes work for you now: the camera is free, or yours.")
    mayAsk = serializers.BooleanField()
    mayTake = serializers.BooleanField(help_text="POST /api/v1/control/take works now, without a reason.")
    mayTakeOver = serializers.BooleanField(help_text="POST /api/v1/control/take works with a reason.")
    mayKeepPicture = serializers.BooleanField(help_text="A capture without own settings works now.")


class ControlSerializer(serializers.Serializer):
    """Who controls the camera. Everything is null while it is free."""

    state = serializers.ChoiceField(STATES)
    kind = serializers.ChoiceField([str(kind) for kind in Kind], allow_null=True)
    holder = HolderSerializer(allow_null=True)
    isMine = serializers.BooleanField()
    isOwn = serializers.BooleanField(help_text="Your own script, job or browser controls it, and not this one.")
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    isKept = serializers.BooleanField()
    secondsToFree = serializers.FloatField(allow_null=True, help_text="If nothing is changed until then.")
    secondsSinceUse = serializers.FloatField(allow_null=True)
    isAway = serializers.BooleanField()
    note = serializers.CharField()
    share = serializers.BooleanField(help_text="Others may keep the pictures that they see.")
    fence = serializers.IntegerField(help_text="Rises each time that control passes on.")
    job = JobUnderWaySerializer(allow_null=True, help_text="If a job controls it.")
    ask = AskStateSerializer(allow_null=True, help_text="Your own ask; without one, that of whoever is first in line.")
    notice = NoticeSerializer(allow_null=True, help_text="What happened last to your own control.")
    watchers = serializers.IntegerField()
    watcherNames = serializers.ListField(child=serializers.CharField())
    you = RightsSerializer()
    isAlone = serializers.BooleanField(help_text="There is one account, and no job: nobody else can want control.")
    sentence = serializers.CharField()


class TakenSerializer(ControlSerializer):
    leaseId = serializers.UUIDField(help_text="Send it as X-Control-Lease with each change.")


@dataclass(frozen=True, slots=True)
class View:
    """Control as one user sees it at one moment."""

    control: Control
    who: Holder
    user: AbstractUser
    lease: Lease | None

    def describe(self) -> dict[str, Any]:
        job = find_job_under_way()
        return {
            **_describe_lease(self.lease, self.who, self.control.now_s),
            "job": _describe_job(self.lease, job),
            "ask": _describe_ask(self.control.current_line(), self.who, self.control.now_s),
            "notice": _describe_notice(self.control.notices.last_of(self.who.user_id)),
            "watchers": the_live_view().watchers,
            "watcherNames": the_instrument().admission_checker.watching_names(),
            "you": self._describe_rights(),
            "isAlone": job is None and is_one_account_alone(),
        }

    def _describe_rights(self) -> dict[str, bool]:
        may_capture = self.user.has_perm(CAPTURE)
        lease = None if self.lease is None or self.lease.belongs_to(self.who) else self.lease
        if lease is None:
            no = {"mayAsk": False, "mayTake": False, "mayTakeOver": False}
            return {"mayChange": may_capture, **no, "mayKeepPicture": may_capture}
        is_own = lease.holder.user_id == self.who.user_id
        return {
            "mayChange": False,
            "mayAsk": may_capture and not is_own and self._may_join_line(),
            "mayTake": may_capture and may_take(self.control, lease, self.who),
            "mayTakeOver": self.user.has_perm(TAKE_CONTROL),
            "mayKeepPicture": may_capture and lease.share and is_streaming(),
        }

    def _may_join_line(self) -> bool:
        line = self.control.current_line()
        return len(line) < MAX_IN_LINE and find_ask(line, self.who.user_id) is None


def describe_control(request: Request) -> dict[str, Any]:
    """Return the state for the user of this request. If the page says that it is in sight, its user is not away."""
    control, who = the_control(), read_holder(request)
    if request.headers.get(SIGHT_HEADER):
        control.note_sight(who.user_id)
    control.note_asker(who.user_id)
    return View(control, who, cast(AbstractUser, request.user), control.current()).describe()


def describe_taken(request: Request, lease: Lease) -> dict[str, Any]:
    """Return the state for whoever has just taken control."""
    return {**describe_control(request), "leaseId": str(lease.lease_id), "fence": lease.fence, "isMine": True}


def _describe_lease(lease: Lease | None, who: Holder, now_s: float) -> dict[str, Any]:
    holder = lease.holder if lease else None
    is_mine = lease is not None and lease.belongs_to(who)
    is_timed = lease is not None and not lease.is_kept
    return {
        "state": "held" if lease else "free",
        "kind": str(holder.kind) if holder else None,
        "holder": _describe_holder(holder) if holder else None,
        "isMine": is_mine,
        "isOwn": bool(holder and not is_mine and holder.user_id == who.user_id),
        "since": format_time(lease.since) if lease else None,
        "until": format_time(lease.until) if lease and lease.until else None,
        "isKept": bool(lease and lease.is_kept),
        "secondsToFree": round(lease.ends_at_s - now_s, 1) if lease and is_timed else None,
        "secondsSinceUse": round(now_s - lease.last_used_s, 1) if lease else None,
        "isAway": bool(lease and lease.is_away(now_s)),
        "note": lease.note if lease and lease.holder.kind is not Kind.JOB else "",
        "share": lease.share if lease else True,
        "fence": lease.fence if lease else 0,
        "sentence": describe_lease(lease) if lease else "The camera is free.",
    }


def _describe_holder(holder: Holder) -> dict[str, Any]:
    return {
        "userId": holder.user_id,
        "name": holder.name,
        "initials": initials_of(holder.name),
        "label": holder.label,
    }


def _describe_job(lease: Lease | None, job: JobSign | None) -> dict[str, Any] | None:
    if lease is None or lease.holder.kind is not Kind.JOB or job is None or job.number != lease.holder.job_id:
        return None
    return describe_under_way(job)


def _describe_ask(line: Line, who: Holder, now_s: float) -> dict[str, Any] | None:
    """Describe the user's own place in the line, if they ask. All others, also the holder, see the first in line."""
    if not line:
        return None
    ask = find_ask(line, who.user_id) or line[0]
    return {
        "userId": ask.who.user_id,
        "name": ask.who.name,
        "message": ask.message,
        "at": format_time(ask.at),
        "secondsAgo": round(now_s - ask.at_s, 1),
        "isMine": ask.who.user_id == who.user_id,
        "place": find_place(line, ask),
        "inLine": len(line),
    }


def _describe_notice(notice: Notice | None) -> dict[str, Any] | None:
    if notice is None:
        return None
    return {
        "number": notice.number,
        "what": notice.what,
        "byName": notice.by_name,
        "text": notice.text,
        "at": format_time(notice.at),
        "jobId": notice.job_id,
        "pictureNumber": notice.picture or None,
    }
