"""The control plane (``valuation_admin``): organizations, plans, subscriptions, clusters, the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from tenants.naming import org_id_problem
from tenants.planes import ControlPlaneModel
from tenants.registry import Placement

ACCENTS = [(name, name.capitalize()) for name in "teal blue indigo plum green amber red slate".split()]
DEFAULT_REFERENCE_PATTERN = "{initials}/{seq:04}/{DDMMYYYY}"


def validate_org_id(value: str) -> None:
    problem = org_id_problem(value)
    if problem:
        raise ValidationError(problem, code="invalid_org_id")


def empty_letterhead() -> dict[str, Any]:
    return {}


class Cluster(ControlPlaneModel):
    """A MongoDB replica set that holds organizations' databases.

    The address is not here: ``address_setting`` names the setting (an environment variable) that holds it.
    """

    name = models.SlugField(max_length=40, unique=True)
    region = models.CharField(max_length=40, default="local")
    tier = models.CharField(max_length=40, default="standard")
    capacity = models.PositiveIntegerField(default=500, help_text="Organizations this cluster may hold.")
    address_setting = models.CharField(
        max_length=80,
        default="MONGODB_URI",
        validators=[
            RegexValidator(r"^MONGODB_URI(_[A-Z0-9_]+)?$", "Name a setting: MONGODB_URI or MONGODB_URI_NAME.")
        ],
        help_text="Name of the environment variable that holds the cluster's MongoDB address.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "clusters"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganizationStatus(models.TextChoices):
    PROVISIONING = "provisioning", "Provisioning"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"


class Organization(ControlPlaneModel):
    """A firm of valuers as tenant. Its database is named exactly by ``org_id``, which never changes."""

    org_id = models.CharField(
        "organization id", max_length=38, unique=True, validators=[validate_org_id], help_text="For ever."
    )
    name = models.CharField(max_length=120)
    initials = models.CharField(
        max_length=6,
        validators=[RegexValidator(r"^[A-Z0-9]{1,6}$", "Use 1 to 6 capital letters or digits.")],
        help_text="Begin every report's reference number, e.g. DO.",
    )
    status = models.CharField(
        max_length=20, choices=OrganizationStatus.choices, default=OrganizationStatus.PROVISIONING
    )
    status_reason = models.CharField(max_length=300, blank=True)
    cluster = models.ForeignKey(
        Cluster, to_field="name", db_column="cluster", on_delete=models.PROTECT, related_name="organizations"
    )
    # The cluster's address setting, repeated here so that a request needs no look-up of the cluster.
    address_setting = models.CharField(max_length=80, default="MONGODB_URI", editable=False)
    placement_version = models.PositiveIntegerField(default=1, editable=False)
    # Whether the database is reached as a database user of its own instead of the cluster's.
    own_database_user = models.BooleanField(default=False, editable=False)
    # Which migrations this organization's database has: ["reports.0001_initial", …].
    migrations = models.JSONField(default=list, editable=False)
    reference_pattern = models.CharField(max_length=80, default=DEFAULT_REFERENCE_PATTERN)
    accent = models.CharField(max_length=10, choices=ACCENTS, default="teal")
    # name, tagline, address (lines), phone, email, website, registration, logo (a stored file's id).
    letterhead = models.JSONField(default=empty_letterhead, blank=True)
    valuers_may_review = models.BooleanField(
        default=False, help_text="A valuer may review and approve another valuer's report."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "organizations"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status == OrganizationStatus.ACTIVE

    @property
    def logo_url(self) -> str:
        """Where the logo is served, renewed with every new one; empty when there is none."""
        logo = self.letterhead.get("logo") if self.letterhead else None
        return f"{reverse('firm-logo')}?v={logo}" if logo else ""

    @property
    def placement(self) -> Placement:
        """Where this organization's database lives."""
        return Placement(
            self.org_id, self.address_setting, self.placement_version, own_user=self.own_database_user
        )


class Plan(ControlPlaneModel):
    """What a subscription buys."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    seats = models.PositiveIntegerField(help_text="People who may sign in.")
    reports_a_month = models.PositiveIntegerField()
    storage_mb = models.PositiveIntegerField("storage, MB")
    price_a_month = models.DecimalField("price a month, ₹", max_digits=10, decimal_places=2)

    class Meta:
        db_table = "plans"
        ordering: ClassVar = ["price_a_month"]

    def __str__(self) -> str:
        return self.name


class SubscriptionStatus(models.TextChoices):
    TRIAL = "trial", "Trial"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Past due"
    ENDED = "ended", "Ended"


class Subscription(ControlPlaneModel):
    """An organization's plan for a time."""

    organization = models.ForeignKey(
        Organization,
        to_field="org_id",
        db_column="org_id",
        on_delete=models.PROTECT,
        related_name="subscriptions",
    )
    plan = models.ForeignKey(Plan, to_field="code", db_column="plan", on_delete=models.PROTECT)
    status = models.CharField(
        max_length=20, choices=SubscriptionStatus.choices, default=SubscriptionStatus.TRIAL
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "subscriptions"
        ordering: ClassVar = ["-starts_on"]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.plan_id}"

    def clean(self) -> None:
        if self.ends_on and self.starts_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": "The end is before the start."})


class AuditEntry(ControlPlaneModel):
    """One thing that was done to the system. Written by the function that did it, never changed."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    action = models.CharField(max_length=60)
    actor = models.CharField(max_length=254, help_text="E-mail address, or “system”.")
    org_id = models.CharField("organization id", max_length=38, blank=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_logs"
        ordering: ClassVar = ["-at"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes: ClassVar = [models.Index(fields=["org_id", "-at"], name="audit_org_at")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()
