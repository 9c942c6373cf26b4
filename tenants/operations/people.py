"""Adding people to an organization."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password

from tenants.audit import record_audit
from tenants.models import Organization, User
from tenants.models.users import normalise_email
from tenants.permissions import Role


def add_member(
    *, organization: Organization, email: str, name: str, role: Role, password: str, by: User | None
) -> User:
    """A person of the organization with a password. Raises ValidationError naming the field."""
    user = User(email=normalise_email(email), name=name, organization=organization, role=role)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    record_audit(
        "person.added", by=by, organization=organization, target=user.email, details={"role": role.value}
    )
    return user


def add_staff(*, email: str, name: str, password: str, by: User | None) -> User:
    """A member of the staff, who belongs to no organization. Raises ValidationError naming the field."""
    user = User(email=normalise_email(email), name=name, is_staff=True)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    record_audit("staff.added", by=by, target=user.email)
    return user
