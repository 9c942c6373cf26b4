"""The control plane (``valuation_admin``): organizations, plans, subscriptions, clusters, the audit trail."""

from __future__ import annotations

import math
import time
from datetime import date
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django_mongodb_backend.fields import ObjectIdField

from tenants.auditing.append_only import Final, FinalManager
from tenants.naming import org_id_problem
from tenants.planes import ControlPlaneModel
from tenants.registry import Placement
from tenants.writing import is_frozen, writable_until

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
    accepts_new = models.BooleanField(
        "accepts new organizations",
        default=True,
        help_text="Off: nothing new is placed here unless staff name it; what is here stays.",
    )
    open_file_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How many files the server may open (its “ulimit -n”). Needed where it runs on another "
        "machine; on this one it is measured.",
    )
    address_setting = models.CharField(
        max_length=80,
        default="MONGODB_URI",
        validators=[
            RegexValidator(r"^MONGODB_URI(_[A-Z0-9_]+)?$", "Name a setting: MONGODB_URI or MONGODB_URI_NAME.")
        ],
        help_text="Name of the environment variable that holds the cluster's MongoDB address.",
    )
    # How often room was promised: who promises increases it, so that two do so one after the other.
    promises = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "clusters"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganizationStatus(models.TextChoices):
    """Where an organization is in its life. People get in while it is active or moving."""

    REQUESTED = "requested", "Requested"
    PROVISIONING = "provisioning", "Provisioning"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    MOVING = "moving", "Moving"
    OFFBOARDING = "offboarding", "Offboarding"
    DELETED = "deleted", "Deleted"


OPEN_STATUSES = frozenset({OrganizationStatus.ACTIVE, OrganizationStatus.MOVING})


class Ring(models.TextChoices):
    """When an organization gets a migration: the canaries first, then everybody else."""

    CANARY = "canary", "Canary"
    GENERAL = "general", "General"


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
        max_length=20, choices=OrganizationStatus.choices, default=OrganizationStatus.REQUESTED
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
    # Those of them that code must know to serve the database: they took something away.
    destructive_migrations = models.JSONField(default=list, editable=False)
    ring = models.CharField(max_length=10, choices=Ring.choices, default=Ring.GENERAL)
    # The unfinished operation that has the organization for itself; null while there is none.
    operation = ObjectIdField(null=True, editable=False)
    # Nobody writes from this moment on, which is announced before it comes; null while nothing is frozen.
    frozen_at = models.DateTimeField(null=True, editable=False)
    last_backup_at = models.DateTimeField(null=True, editable=False)
    # The end of an offboarding's grace.
    delete_after = models.DateTimeField(null=True, editable=False)
    reference_pattern = models.CharField(max_length=80, default=DEFAULT_REFERENCE_PATTERN)
    accent = models.CharField(max_length=10, choices=ACCENTS, default="teal")
    # name, tagline, address (lines), phone, email, website, registration, logo (a stored file's id).
    letterhead = models.JSONField(default=empty_letterhead, blank=True)
    valuers_may_review = models.BooleanField(
        default=False, help_text="A valuer may review and approve another valuer's report."
    )
    own_reports_may_be_approved = models.BooleanField(
        default=False, help_text="Whoever submitted a report may approve it; for a firm of one valuer."
    )
    # What the present subscription grants, repeated here so that a request needs no look-up. ``plan`` is
    # empty for a firm that never had one: nothing is limited then.
    plan = models.CharField(max_length=30, blank=True, editable=False)
    limits = models.JSONField(null=True, editable=False)
    subscription_ends_on = models.DateField(null=True, editable=False)
    # The first day on which nothing can be changed any more: the subscription and its grace are over.
    read_only_from = models.DateField(null=True, editable=False)
    # How often a seat was asked for: who asks increases it, so that two do so one after the other.
    seat_changes = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    # When this was read (time.monotonic()); a new one is known as well as can be.
    read_at: float = math.inf

    class Meta:
        db_table = "organizations"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether its people may work."""
        return self.status in OPEN_STATUSES

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be changed because the subscription and its grace are over."""
        return self.read_only_on(timezone.localdate())

    def read_only_on(self, day: date) -> bool:
        return self.read_only_from is not None and self.read_only_from <= day

    @property
    def logo_url(self) -> str:
        """Where the logo is served, renewed with every new one; empty when there is none."""
        logo = self.letterhead.get("logo") if self.letterhead else None
        return f"{reverse('firm-logo')}?v={logo}" if logo else ""

    @property
    def is_frozen(self) -> bool:
        """Whether nobody may write to its database in this moment."""
        return is_frozen(self.frozen_at)

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        organization = super().from_db(*args, **kwargs)
        organization.read_at = time.monotonic()
        return organization

    @property
    def placement(self) -> Placement:
        """Where this organization's database lives, and until when this knowledge is good for writing."""
        return Placement(
            self.org_id,
            self.address_setting,
            self.placement_version,
            own_user=self.own_database_user,
            writable_until=writable_until(self.read_at, self.frozen_at),
            frozen=self.is_frozen,
        )


class Plan(ControlPlaneModel):
    """What a subscription buys."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    seats = models.PositiveIntegerField(help_text="People who may sign in.")
    reports_a_month = models.PositiveIntegerField()
    storage_mb = models.PositiveIntegerField("storage, MB")
    api_requests_a_minute = models.PositiveIntegerField("API requests a minute", default=120)
    # Codes of tenants.permissions.Feature.
    features = models.JSONField(default=list, blank=True)
    backup_every_hours = models.PositiveIntegerField(default=24, help_text="0: no backups by schedule.")
    backups_kept_days = models.PositiveIntegerField(
        default=30, help_text="How long a scheduled backup stays."
    )
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


class AuditEntry(Final, ControlPlaneModel):
    """One thing that was done to the system. Written by the function that did it, never changed."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    action = models.CharField(max_length=60)
    actor = models.CharField(max_length=254, help_text="E-mail address, or “system”.")
    org_id = models.CharField("organization id", max_length=38, blank=True)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    # From where, and in which request; empty for what no request did.
    ip = models.CharField("address", max_length=45, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    # The place in the chain and the hash over this entry and the one before; null until it is chained.
    number = models.BigIntegerField(null=True, editable=False)
    hash = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar = FinalManager()

    class Meta:
        db_table = "audit_logs"
        ordering: ClassVar = ["-at"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes: ClassVar = [models.Index(fields=["org_id", "-at"], name="audit_org_at")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(number__gt=0), name="audit_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()
