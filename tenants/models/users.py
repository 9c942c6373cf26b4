"""People: members of one organization, or staff."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from tenants.models.access import SupportSession
from tenants.models.control import Organization
from tenants.permissions import Permission, Role, can
from tenants.planes import ControlPlaneModel, PlaneManager


class UserManager(BaseUserManager["User"], PlaneManager["User"]):
    """Finds people by their e-mail address, which is kept in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalise_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person with a usable password, checked as a whole. Raises ValidationError."""
        user = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.full_clean()
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Staff, for ``manage.py createsuperuser``."""
        return self.create_user(email, password, is_staff=True, **fields)


def normalise_email(value: str) -> str:
    """The form in which an e-mail address is stored and looked up."""
    return value.strip().lower()


class User(AbstractBaseUser, ControlPlaneModel):
    """A person who signs in by e-mail address: a member of one organization, or staff."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=100)
    organization = models.ForeignKey(
        Organization,
        to_field="org_id",
        db_column="org_id",
        on_delete=models.PROTECT,
        related_name="users",
        null=True,
        blank=True,
    )
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    is_staff = models.BooleanField(
        "staff", default=False, help_text="Runs the system in the admin; belongs to no organization."
    )
    is_active = models.BooleanField("active", default=True)
    # Who the person is at an OpenID provider: its ``iss`` and the ``sub`` there. Both or neither.
    oidc_issuer = models.CharField("OpenID issuer", max_length=200, blank=True, editable=False)
    cognito_id = models.CharField("OpenID subject", max_length=255, blank=True, editable=False)
    # When the open invitation was made; null when there is none.
    invited_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Where the import from the former system found the person, and what it read that has no field here.
    legacy = models.JSONField(null=True, editable=False)

    # What this request is made with, never stored: the support session of a member of the staff, and the
    # scopes of the token that the person came with (None: as themselves, all that the role allows).
    support: SupportSession | None = None
    scopes: frozenset[str] | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "users"
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cognito_id", "oidc_issuer"],
                condition=models.Q(cognito_id__gt=""),
                name="user_subject_once",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = normalise_email(self.email)
        if self.is_staff and self.organization_id:
            raise ValidationError({"organization": "Staff belong to no organization."})
        if self.organization_id and not self.role:
            raise ValidationError({"role": "Choose what this person is in the organization."})
        if self.role and not self.organization_id:
            raise ValidationError({"role": "A role needs an organization."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, but what the request attached to a member of the staff is never stored with them."""
        firm = self.organization if self.support is not None else None
        if firm is None:
            super().save(*args, **kwargs)
            return
        self.organization = None
        try:
            super().save(*args, **kwargs)
        finally:
            self.organization = firm

    @property
    def acting_name(self) -> str:
        """What the firm's records call who did something: staff in a support session say so."""
        # As long as a name may be.
        return self.name if self.support is None else f"{self.name[:90]} (support)"

    def can(self, permission: Permission) -> bool:
        """Whether this person may do ``permission`` in the own organization."""
        return can(self, permission)

    # The admin asks these; staff run the whole of it, nobody else sees any of it.

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        return self.is_active and self.is_staff

    def has_perms(self, perms: list[str], obj: models.Model | None = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff
