"""Expected failures of the tenant engine. Each says in one sentence what was refused and why."""


class TenancyError(Exception):
    """Base of every refusal of the tenant engine."""


class NoActiveOrganization(TenancyError):
    """A query for organization data was made while no organization was active."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} belongs to an organization, and no organization is active here.")


class WrongOrganization(TenancyError):
    """An object, queryset or connection of one organization was used while another was active."""

    def __init__(self, what: str, *, belongs_to: str, active: str | None) -> None:
        super().__init__(f"{what} belongs to {belongs_to!r}, but the active organization is {active!r}.")


class SharedResourcesAreReadOnly(TenancyError):
    """Something tried to write shared resources outside ``shared_resources_writable()``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is a shared resource: organizations read it and never write it.")


class UnknownOrganization(TenancyError):
    """The control plane has no organization of that org_id, or none that has a database yet."""

    def __init__(self, org_id: str) -> None:
        super().__init__(f"There is no organization {org_id!r} with a database.")


class UnknownCluster(TenancyError):
    """A cluster's address setting is not among the settings of this process."""

    def __init__(self, address_setting: str) -> None:
        super().__init__(f"The setting {address_setting} holds no MongoDB address in this process.")


class ClusterUnreachable(TenancyError):
    """The cluster does not answer, and somebody else is finding out whether it does again."""

    def __init__(self, address_setting: str) -> None:
        super().__init__(f"The cluster of {address_setting} does not answer.")


class OrganizationRefused(TenancyError):
    """The organization exists but may not be used now (suspended, not yet provisioned)."""

    def __init__(self, org_id: str, status: str) -> None:
        super().__init__(f"The organization {org_id!r} is {status}.")
        self.org_id = org_id
        self.status = status


class ReadOnly(TenancyError):
    """Nothing may be changed in this request: ``why`` is ``"subscription"`` or ``"support"``."""

    def __init__(self, org_id: str, why: str) -> None:
        super().__init__(f"Nothing may be changed in {org_id!r} now ({why}).")
        self.org_id = org_id
        self.why = why


class WritesFrozen(TenancyError):
    """The organization's data is being moved in this moment: reading goes on, writing waits."""

    def __init__(self, org_id: str) -> None:
        super().__init__(f"The data of {org_id!r} is being moved; nothing can be written for a moment.")
        self.org_id = org_id


class PlacementChanged(WritesFrozen):
    """The organization has moved since this piece of work began; begun anew, it goes where it belongs."""
