"""Notices on their way in the admin: what was delivered, and what was not and why. Nobody can change them."""

from django.contrib import admin

from images.admin.lists import ReadOnlyLists
from images.models import Delivery


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyLists):
    list_display = ["created_at", "job", "what", "channel", "recipient", "state", "tries", "detail"]
    list_filter = ["state", "channel", "what"]
    list_select_related = ["job"]
    show_full_result_count = False
    actions = None
