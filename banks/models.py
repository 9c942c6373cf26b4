"""Shared resources that every organization reads, and what an organization keeps beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import EmbeddedModelArrayField
from django_mongodb_backend.models import EmbeddedModel

from banks.formats.checksums import checksum_of
from banks.formats.problems import FormatProblem
from tenants.planes import Plane, PlaneManager, SharedModel, TenantModel

CODE = RegexValidator(r"^[A-Z][A-Z0-9_]{1,19}$", "Use 2 to 20 capital letters, digits or underscores.")
IFSC = RegexValidator(
    r"^[A-Z]{4}0[A-Z0-9]{6}$", "An IFSC has four letters, a zero and six letters or digits."
)
PIN_CODE = RegexValidator(r"^[1-9][0-9]{5}$", "A PIN code has six digits and does not begin with 0.")
MICR = RegexValidator(r"^[0-9]{9}$", "A MICR code has nine digits.")
PHONE = RegexValidator(
    r"^(?=(?:[^0-9]*[0-9]){6})[0-9+(][0-9 ()/,.+-]*$",
    "A phone number has at least six digits; besides them only spaces and + - ( ) / , . may stand in it.",
)
# What people may call a new branch of their own; lists that were imported have other codes too.
BRANCH_CODE = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "Use letters, digits, hyphens, dots or underscores, without spaces."
)
LATITUDE = (MinValueValidator(-90), MaxValueValidator(90))
LONGITUDE = (MinValueValidator(-180), MaxValueValidator(180))


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
    micr = models.CharField("MICR", max_length=9, blank=True, validators=[MICR])
    street = models.CharField(max_length=200, blank=True)
    area = models.CharField(max_length=120, blank=True)
    landmark = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    district = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=80)
    pin_code = models.CharField("PIN code", max_length=6, blank=True, validators=[PIN_CODE])
    phone = models.CharField(max_length=40, blank=True, validators=[PHONE])
    email = models.EmailField("e-mail", blank=True)
    manager_name = models.CharField("manager", max_length=100, blank=True)
    manager_phone = models.CharField("manager's phone", max_length=40, blank=True, validators=[PHONE])
    latitude = models.FloatField(null=True, blank=True, validators=LATITUDE)
    longitude = models.FloatField(null=True, blank=True, validators=LONGITUDE)
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


# What never changes once a version of a format is published: its key, and all that reports stand on.
FROZEN = frozenset(
    {
        "bank_code",
        "scheme",
        "property_type",
        "version",
        "title",
        "description",
        "content",
        "checksum",
        "sample",
    }
)


class PublishedFormatChanged(FormatProblem):
    """A published (or retired) version of a format would become another, or has become one."""

    def __init__(self, versions: Iterable[str], source: str = "") -> None:
        super().__init__(
            [
                f"{key} is published, and reports may stand on it: it never changes. Give what is new the "
                "next version."
                for key in versions
            ],
            source,
        )


class FormatQuerySet(models.QuerySet["Format"]):
    """Refuses to change what is published, whichever way it is asked."""

    def update(self, **kwargs: Any) -> int:
        """As Django's; of FROZEN fields only for drafts, and no other becomes a draft again. Raises
        PublishedFormatChanged.
        """
        if kwargs.keys() & FROZEN or kwargs.get("status") == FormatStatus.DRAFT:
            self._require_drafts(self)
            return super(FormatQuerySet, self.filter(status=FormatStatus.DRAFT)).update(**kwargs)
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[Format], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        """As Django's; of FROZEN fields only for drafts. Raises PublishedFormatChanged."""
        given, names = list(objs), list(fields)
        unpublished = "status" in names and any(one.is_draft for one in given)
        if set(names) & FROZEN or unpublished:
            self._require_drafts(self.model._default_manager.filter(pk__in=[one.pk for one in given]))
        return super().bulk_update(given, names, *args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Drafts only: reports stand on the others. Raises PublishedFormatChanged."""
        self._require_drafts(self)
        return super().delete()

    # As Django has it, so that no template deletes anything.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    @staticmethod
    def _require_drafts(found: models.QuerySet[Format]) -> None:
        names = ("bank_code", "scheme", "property_type", "version")
        keys = list(found.exclude(status=FormatStatus.DRAFT).order_by().values_list(*names)[:5])
        if keys:
            raise PublishedFormatChanged("/".join(map(str, key)) for key in keys)


class FormatManager(PlaneManager["Format"]):
    def get_queryset(self) -> FormatQuerySet:
        return FormatQuerySet(self.model, using=self._db)


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

    objects: ClassVar[FormatManager] = FormatManager()

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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, one command more. Raises PublishedFormatChanged, see FROZEN."""
        # One made anew with the id of another would take its place.
        if self.pk is not None and not kwargs.get("force_insert"):
            self._require_unchanged(kwargs.get("update_fields"))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Drafts only: reports stand on the others. Raises PublishedFormatChanged."""
        if Format.objects.filter(pk=self.pk).exclude(status=FormatStatus.DRAFT).exists():
            raise PublishedFormatChanged([self.key])
        return super().delete(*args, **kwargs)

    @property
    def key(self) -> str:
        """``SBI/general/flat/1``: bank, scheme, property type, version."""
        return f"{self.bank_code}/{self.scheme}/{self.property_type}/{self.version}"

    @property
    def file_name(self) -> str:
        """``sbi_general_flat_v1.json``"""
        return f"{self.key.lower().replace('/', '_').rpartition('_')[0]}_v{self.version}.json"

    @property
    def is_draft(self) -> bool:
        return self.status == FormatStatus.DRAFT

    def sound_content(self) -> Any:
        """The content, of what was published only if it still is what was published; about 2 ms.

        Raises FormatProblem, naming the version, when the content does not fit its checksum.
        """
        if not self.is_draft and checksum_of(self.content) != self.checksum:
            raise FormatProblem(
                [
                    "It is published, but its content is not what was published (the checksum differs). "
                    "Somebody changed the database by hand; restore this version from a backup."
                ],
                self.key,
            )
        return self.content

    def _require_unchanged(self, update_fields: Iterable[str] | None) -> None:
        written = FROZEN | {"status"} if update_fields is None else set(update_fields)
        names = FROZEN & written
        unpublished = "status" in written and self.is_draft
        if not (names or unpublished):
            return
        key = ("bank_code", "scheme", "property_type", "version")
        stored = Format.objects.filter(pk=self.pk).values("status", *{*names, *key}).first()
        if stored is None or stored["status"] == FormatStatus.DRAFT:
            return
        if unpublished or any(stored[name] != getattr(self, name) for name in names):
            raise PublishedFormatChanged(["/".join(str(stored[name]) for name in key)])


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
