"""What the steps of an organization ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from tenants.admin.base import StepForm
from tenants.admin.showing import size
from tenants.models import Backup, BackupStatus, Cluster, Organization, Plan
from tenants.models.control import validate_org_id
from tenants.operations.backups.stores import store_names
from tenants.operations.clusters import ClusterState, look_at_clusters
from tenants.operations.provision import UNMADE, NewOrganization

# Backups that may be chosen in a list: the newest.
_BACKUPS = 50


class InitialsField(forms.RegexField):
    """A firm's initials."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(
            r"^[A-Z0-9]{1,6}$",
            max_length=6,
            required=required,
            error_messages={"invalid": "Use 1 to 6 capital letters or digits."},
            help_text="Begin every report's reference number, e.g. DO.",
        )


class NewOrganizationForm(forms.Form):
    """What is asked for a new organization."""

    name = forms.CharField(label="Firm's name", max_length=120)
    initials = InitialsField()
    org_id = forms.CharField(
        label="Organization id",
        max_length=38,
        validators=[validate_org_id],
        help_text="Names the firm's database, for ever: lower-case letters, digits and underscores.",
    )
    cluster: forms.ModelChoiceField[Cluster] = forms.ModelChoiceField(
        Cluster.objects.all(),
        to_field_name="name",
        required=False,
        empty_label="The least loaded one",
        help_text="Where the firm's database is made.",
    )
    region = forms.ChoiceField(required=False, help_text="Of the clusters to choose from.")
    tier = forms.ChoiceField(required=False)
    plan: forms.ModelChoiceField[Plan] = forms.ModelChoiceField(
        Plan.objects.all(), to_field_name="code", required=False, help_text="Begins a subscription today."
    )
    manager_email = forms.EmailField(
        label="First manager's e-mail",
        required=False,
        help_text="Gets an invitation with a link at which to choose a password.",
    )
    manager_name = forms.CharField(label="First manager's name", required=False, max_length=120)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        placed = list(Cluster.objects.values_list("region", "tier"))
        for name, values in (("region", {one for one, _ in placed}), ("tier", {one for _, one in placed})):
            field: Any = self.fields[name]
            field.choices = [("", "Any"), *((value, value) for value in sorted(values))]

    def clean_org_id(self) -> str:
        """Refuse an id that is taken, in any case of its letters; a half-made firm may be tried again."""
        org_id: str = self.cleaned_data["org_id"]
        if Organization.objects.filter(org_id=org_id).exclude(status__in=UNMADE).exists():
            raise forms.ValidationError(f"There is an organization “{org_id}” already. Choose another id.")
        return org_id

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        nobody = not values.get("manager_email") and "manager_email" not in self.errors
        if values.get("manager_name") and nobody:
            self.add_error("manager_email", "Without an address nobody can be invited.")
        return values

    def wanted(self) -> NewOrganization:
        values = self.cleaned_data
        return NewOrganization(
            org_id=values["org_id"],
            name=values["name"],
            initials=values["initials"],
            cluster=values["cluster"].name if values["cluster"] else "",
            region=values["region"],
            tier=values["tier"],
            plan=values["plan"].code if values["plan"] else "",
            manager_email=values["manager_email"],
            manager_name=values["manager_name"],
        )


class ReasonForm(StepForm):
    reason = forms.CharField(
        max_length=300,
        help_text="For the audit log, and for colleagues: what has to happen before it is opened again.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )


class TypedForm(StepForm):
    """Asks for the organization id, typed: what follows cannot be undone, or takes the place of data."""

    typed = forms.CharField(label="Organization id", max_length=38)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        typed = self.fields["typed"]
        typed.widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        typed.help_text = f"Type it to confirm: {self.meant()}"

    def meant(self) -> str:
        """The id that has to be typed."""
        return str(self.record.org_id)

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.meant():
            raise forms.ValidationError(f"That is not “{self.meant()}”.")
        return typed


class MigrateForm(StepForm):
    destructive = forms.BooleanField(
        label="Those that take something away, too",
        required=False,
        help_text="Only when no older version of the application serves the firm any more.",
    )


class BackupForm(StepForm):
    store = forms.ChoiceField(help_text="Where it is kept.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.choices = [(name, name) for name in store_names()]


class MoveForm(StepForm):
    to: forms.ModelChoiceField[Cluster] = forms.ModelChoiceField(
        Cluster.objects.none(), label="To cluster", to_field_name="name", help_text="Measured just now."
    )
    read_only_hours = forms.IntegerField(
        label="Keep the old data for",
        min_value=1,
        max_value=24 * 30,
        initial=24,
        help_text="Hours. It stays read-only on the present cluster, then it is dropped.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Cluster.objects.exclude(name=self.record.cluster_id)
        self.fields["to"] = clusters_with_room(others, self.fields["to"])


class CloneForm(StepForm):
    """Another organization with a copy of the data."""

    into = forms.CharField(
        label="New organization id",
        max_length=38,
        validators=[validate_org_id],
        help_text="Names the new firm's database, for ever: lower-case letters, digits and underscores.",
    )
    name = forms.CharField(label="New firm's name", max_length=120)
    initials = InitialsField()
    mask = forms.BooleanField(
        label="Mask people's data",
        required=False,
        initial=True,
        help_text="Names, addresses, numbers and photographs are replaced. Leave it on for demos and trials.",
    )
    cluster: forms.ModelChoiceField[Cluster] = forms.ModelChoiceField(
        Cluster.objects.all(), to_field_name="name", required=False, empty_label="That of the original"
    )

    def clean_into(self) -> str:
        return free_org_id(self.cleaned_data["into"])


class RenameForm(StepForm):
    name = forms.CharField(label="Firm's name", max_length=120)
    initials = InitialsField()
    letterhead = forms.BooleanField(
        label="The letterhead too",
        required=False,
        help_text="Documents issued from now on carry the new name. Those issued already stay as they are.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"name": self.record.name, "initials": self.record.initials}


class OffboardForm(TypedForm):
    field_order = ("grace_days", "typed")
    grace_days = forms.IntegerField(
        label="Days of grace",
        min_value=0,
        max_value=365,
        initial=30,
        help_text="Until then it can be taken back. Nothing is deleted before, nor after it by itself.",
    )


class RestoreForm(TypedForm):
    """A backup of the organization over what it has now."""

    field_order = ("backup", "typed")
    backup: forms.ModelChoiceField[Backup] = forms.ModelChoiceField(Backup.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["backup"] = BackupChoice(good_backups(self.record.org_id), empty_label=None)


class RestoreElsewhereForm(StepForm):
    """A backup into its own organization, or into a new one."""

    into = forms.CharField(
        label="Into organization id",
        max_length=38,
        validators=[validate_org_id],
        help_text="The firm's own id puts the backup in the place of what it has now; another one makes a "
        "new firm of it.",
    )
    typed = forms.CharField(
        label="Its id again",
        required=False,
        max_length=38,
        help_text="Only when it goes over a firm that exists.",
    )
    name = forms.CharField(label="New firm's name", required=False, max_length=120)
    initials = InitialsField(required=False)
    cluster: forms.ModelChoiceField[Cluster] = forms.ModelChoiceField(
        Cluster.objects.all(),
        to_field_name="name",
        required=False,
        empty_label="Where the firm is, or was",
        help_text="Restores there instead.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"into": self.record.org_id}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        into = values.get("into", "")
        exists = Organization.objects.filter(org_id=into).exists()
        if exists and values.get("typed") != into:
            self.add_error("typed", f"“{into}” exists. Type its id again to put the backup in its place.")
        if into and not exists:
            for name in ("name", "initials"):
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, "A new firm needs it.")
        return values


class DeleteForm(TypedForm):
    field_order = ("keep_backups_until", "typed")
    keep_backups_until = forms.DateField(
        required=False,
        help_text="Backups stay until the end of that day, e.g. 2027-03-31. Empty: they are deleted as well.",
        widget=forms.DateInput(attrs={"placeholder": "YYYY-MM-DD"}),
        input_formats=["%Y-%m-%d"],
    )


class CheckForm(StepForm):
    mend = forms.BooleanField(
        label="Mend it",
        required=False,
        help_text="Makes the collections and indexes that are missing, as an operation.",
    )
    drop_surplus = forms.BooleanField(
        label="Drop surplus indexes, too",
        required=False,
        help_text="And makes those anew that are other than they should be. Collections are never dropped.",
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("drop_surplus") and not values.get("mend"):
            self.add_error("drop_surplus", "Only together with mending.")
        return values


class BackupChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A backup by its moment and size."""

    def label_from_instance(self, obj: Backup) -> str:
        at = timezone.localtime(obj.taken_at or obj.created_at)
        return f"{at:%-d %b %Y, %H:%M} · {size(obj.stored_bytes)} in {obj.store}"


class ClusterChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A cluster with the room it has."""

    states: dict[str, ClusterState]

    def label_from_instance(self, obj: Cluster) -> str:
        return room_in_words(self.states[obj.name])


def good_backups(org_id: str) -> Any:
    """The newest good backups of an organization."""
    newest = Backup.objects.filter(org_id=org_id, status=BackupStatus.GOOD).order_by("-created_at")
    return newest.filter(pk__in=[one["pk"] for one in newest.values("pk")[:_BACKUPS]])


def clusters_with_room(clusters: Any, like: forms.Field) -> ClusterChoice:
    """A field to choose among clusters, each measured."""
    choice = ClusterChoice(
        clusters, label=like.label, help_text=like.help_text, required=like.required, to_field_name="name"
    )
    choice.states = {state.cluster.name: state for state in look_at_clusters(list(clusters))}
    return choice


def room_in_words(state: ClusterState) -> str:
    """``east: 12 of 500 firms, 3,200 of 20,000 files open``."""
    said = f"{state.cluster.name}: {state.organizations:,} of {state.cluster.capacity:,} firms"
    if state.room is None:
        return f"{said}, does not answer"
    limit = f" of {state.room.limit:,}" if state.room.limit else ""
    word = "" if state.room.suffices else ", no room"
    return f"{said}, {state.room.open_files:,}{limit} files open{word}"


def free_org_id(org_id: str) -> str:
    """Raises ValidationError for an id that is taken, or was: it is never given again."""
    if Organization.objects.filter(org_id=org_id).exists():
        raise forms.ValidationError(f"There is an organization “{org_id}” already. Choose another id.")
    return org_id
