"""Shared resources that every organization reads, and what an organization keeps beside them."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import EmbeddedModelArrayField
from django_mongodb_backend.models import EmbeddedModel

from tenants.planes import Plane, SharedModel, TenantModel

CODE = RegexValidator(r"^[A-Z][A-Z0-9_]{1,19}$", "Use 2 to 20 capital letters, digits or underscores.")
IFSC = RegexValidator(
    r"^[A-Z]{4}0[A-Z0-9]{6}$", "An IFSC has four letters, a zero and six letters or digits."
)
PIN_CODE = RegexValidator(r"^[1-9][0-9]{5}$", "A PIN code has six digits and does not begin with 0.")


class BankType(models.TextChoices):
    PUBLIC = "public", "Public sector"
    PRIVATE = "private", "Private"
    COOPERATIVE = "cooperative", "Co-operative"
    NBFC = "nbfc", "NBFC"


class Branch(EmbeddedModel):
    """A branch of a bank, embedded in the bank's document."""

    plane: ClassVar[Plane] = Plane.SHARED

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    ifsc = models.CharField("IFSC", max_length=11, validators=[IFSC])
    micr = models.CharField("MICR", max_length=9, blank=True)
    street = models.CharField(max_length=200, blank=True)
    area = models.CharField(max_length=120, blank=True)
    landmark = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    district = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=80)
    pin_code = models.CharField("PIN code", max_length=6, blank=True, validators=[PIN_CODE])
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField("e-mail", blank=True)
    manager_name = models.CharField("manager", max_length=100, blank=True)
    manager_phone = models.CharField("manager's phone", max_length=40, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)
    # What the import from the former system read and has no field for; see docs/import.md.
    legacy = models.JSONField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name


class Bank(SharedModel):
    """A bank that commissions reports."""

    code = models.CharField(max_length=20, unique=True, validators=[CODE])
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, blank=True)
    bank_type = models.CharField("type", max_length=20, choices=BankType.choices)
    city = models.CharField("head office", max_length=80, blank=True)
    state = models.CharField(max_length=80, blank=True)
    branches = EmbeddedModelArrayField(Branch, default=list, blank=True)
    is_active = models.BooleanField("active", default=True)
    # Where the import from the former system found it, and what it read that has no field here.
    legacy = models.JSONField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "banks"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class CommonFields(SharedModel):
    """The fields that stand above every format, in one version; formats are composed with it when loaded."""

    version = models.PositiveIntegerField(unique=True)
    content = models.JSONField()
    legacy = models.JSONField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "common_fields"
        verbose_name = verbose_name_plural = "common fields"

    def __str__(self) -> str:
        return f"Common fields, version {self.version}"


class DocumentType(SharedModel):
    """A kind of document that an applicant produces: sale deed, approved plan, tax receipt."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    category = models.SlugField(max_length=40, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "document_types"
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class FormatStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


class Format(SharedModel):
    """One version of a bank's format for a scheme and a property type. A published one never changes."""

    bank_code = models.CharField(max_length=20, validators=[CODE])
    scheme = models.SlugField(max_length=40)
    property_type = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    description = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=20, choices=FormatStatus.choices, default=FormatStatus.DRAFT)
    # The self-contained definition: the file's content with the common fields materialised.
    content = models.JSONField()
    # SHA-256 of the content; a published version whose file has changed since is refused on loading.
    checksum = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(default=timezone.now)
    # The day from which the bank takes this version; null: from its publication.
    effective_from = models.DateField(null=True, blank=True)
    # Answers that staff fill the preview with, and samples of reports: the shape of a report's answers.
    sample = models.JSONField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_by_name = models.CharField(max_length=100, blank=True, editable=False)
    legacy = models.JSONField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "system_templates"
        ordering: ClassVar = ["bank_code", "scheme", "property_type", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bank_code", "scheme", "property_type", "version"], name="format_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class BankOverride(TenantModel):
    """What one organization changes or adds for a bank; merged over the shared bank when read."""

    bank_code = models.CharField(max_length=20, unique=True)
    hidden = models.BooleanField(default=False)
    # Values of the bank that the firm replaces, and branches {code: {field: value}} changed or added.
    changes = models.JSONField(default=dict)
    branches = models.JSONField(default=dict)
    # What the firm changes of the bank's formats; its shape is told in banks.formats.overriding.
    formats = models.JSONField(null=True)
    # Lines of the letterhead that this bank's reports bear instead of the firm's own: {"name": …, …}.
    letterhead = models.JSONField(null=True)
    # The firm's empanelment with the bank: number, category, since, until (ISO dates), remarks.
    empanelment = models.JSONField(null=True)
    # By the place of each change, the shared value that lay under it when it was made.
    under = models.JSONField(null=True)
    # Grows with every change and guards it.
    version = models.PositiveIntegerField(default=1)
    updated_by_name = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "bank_overrides"

    def __str__(self) -> str:
        return self.bank_code


class CustomTemplate(TenantModel):
    """An organization's saved answers for a format, to begin a report from."""

    name = models.CharField(max_length=120)
    bank_code = models.CharField(max_length=20)
    scheme = models.CharField(max_length=40)
    property_type = models.CharField(max_length=40)
    answers = models.JSONField(default=dict)
    created_by = models.CharField(max_length=24)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "custom_templates"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
