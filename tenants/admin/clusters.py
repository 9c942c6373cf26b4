"""Clusters: where organizations' databases stand, and how much room is left there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin
from tenants.admin.showing import badge
from tenants.models import Cluster, Organization
from tenants.operations.clusters import known_address_settings, look_at_clusters

PLACED_BY = ("name", "region", "tier", "capacity", "accepts_new")


class ClusterForm(forms.ModelForm):  # type: ignore[type-arg]
    """A cluster whose address this process knows."""

    class Meta:
        model = Cluster
        fields = (*PLACED_BY, "open_file_limit", "address_setting")

    def clean_address_setting(self) -> str:
        name: str = self.cleaned_data["address_setting"]
        # A setting's name, before anything else: an address typed here by mistake holds a password.
        Cluster._meta.get_field("address_setting").run_validators(name)
        known = known_address_settings()
        if name not in known:
            raise forms.ValidationError(
                f"This process has no setting {name}. It has {', '.join(known)}. Set the variable for every "
                "process and restart them, then name it here."
            )
        return name


@admin.register(Cluster)
class ClusterAdmin(StaffAdmin[Cluster]):
    form = ClusterForm
    delete_allowed = True
    list_display = ("name", "region", "tier", "capacity", "takes_new", "address_shown")
    list_filter = ("region", "tier", "accepts_new")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: Cluster | None = None) -> Any:
        fields = [*PLACED_BY, "open_file_limit", "address_setting"]
        return [*fields, "room", "firms"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Cluster | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        # Organizations refer to the name, and each repeats the address setting for its requests.
        in_use = Organization.objects.filter(cluster=obj.name).exists()
        return ("name", "room", "firms", *(("address_setting",) if in_use else ()))

    @admin.display(description="accepts new", boolean=True, ordering="accepts_new")
    def takes_new(self, cluster: Cluster) -> bool:
        return cluster.accepts_new

    @admin.display(description="address setting", ordering="address_setting")
    def address_shown(self, cluster: Cluster) -> Any:
        if cluster.address_setting in known_address_settings():
            return cluster.address_setting
        return format_html("{} {}", cluster.address_setting, badge("not set in this process", "bad"))

    @admin.display(description="firms")
    def firms(self, cluster: Cluster) -> SafeString:
        address = reverse("admin:tenants_organization_changelist")
        asked = urlencode({"cluster__name__exact": cluster.name})
        return format_html('<a href="{}?{}">Those on this cluster</a>', address, asked)

    @admin.display(description="room, measured now")
    def room(self, cluster: Cluster) -> SafeString:
        state = look_at_clusters([cluster])[0]
        held = f"{state.organizations} of {cluster.capacity} organizations"
        if state.room is None:
            return format_html("{}<br>{} {}", held, badge("no answer", "bad"), state.problem)
        limit = (
            f"of {state.room.limit:,} at most" if state.room.limit else "(its limit is not known from here)"
        )
        word = badge("has room", "good") if state.room.suffices else badge("no room", "bad")
        return format_html("{}<br>{} {} files open {}", held, word, f"{state.room.open_files:,}", limit)
