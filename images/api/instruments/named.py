"""The short description of an instrument, inside the description of something else."""

from typing import Any

from rest_framework import serializers

from images.models import Instrument


class NamedInstrumentSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


def describe_named(instrument: Instrument | None) -> dict[str, Any] | None:
    return {"id": str(instrument.pk), "name": instrument.name} if instrument else None
