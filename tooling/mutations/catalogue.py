"""The mutations: what is broken, where, and which tests are asked to notice.

``old`` stands in the file exactly once; a test of the suite says so, so that none goes stale.
"""

from __future__ import annotations

from dataclasses import dataclass

HAZARDS = "tenants/tests/test_hazards.py"
REGISTRY = "tenants/tests/test_registry.py"
LAZY = "tests/isolation/test_lazy.py"
STREAMS = "tests/isolation/test_streams.py"
CONTEXT = "tests/isolation/test_context.py"
SAME_IDS = "tests/isolation/test_same_ids.py"
ADDRESSES = "tests/isolation/test_addresses.py"
CANARIES = "tests/isolation/test_canaries.py"
REVOCATION = "tests/isolation/test_revocation.py"
USERS = "tests/isolation/database_users"
PLANES = "tests/architecture/test_planes.py"
UNREACHABLE = "tenants/tests/test_unreachable.py"
REACHABILITY = "tenants/tests/test_reachability.py"
SHARED_CACHE = "tenants/tests/test_shared_cache.py"
ENGINE = "tests/operations/test_engine.py"
FREEZE = "tests/operations/test_freeze.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change to one file: ``what`` it breaks, in words, and the ``tests`` that are run against it."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTATIONS = (
    # The router
    Mutation(
        "the router falls back to the control plane when no firm is active",
        "tenants/router.py",
        "        active = require_org_id(model._meta.label)\n",
        '        active = getattr(__import__("tenants.context").context, "active_org_id")() or "default"\n',
        (HAZARDS,),
    ),
    Mutation(
        "the router takes an instance of another firm",
        "tenants/router.py",
        "            if belongs_to is not None and belongs_to != active:",
        "            if False:",
        (HAZARDS,),
    ),
    Mutation(
        "the router lets firms write shared resources",
        "tenants/router.py",
        "if plane_of(model) is Plane.SHARED and not shared_resources_are_writable():",
        "if False:",
        (HAZARDS,),
    ),
    # The middleware and the context
    Mutation(
        "the middleware leaves the firm active after the request",
        "tenants/context.py",
        "        _shared_writing.reset(writing)\n        _active.reset(token)",
        "        _shared_writing.reset(writing)",
        (HAZARDS,),
    ),
    Mutation(
        "the middleware does not begin with nothing active",
        "tenants/context.py",
        "    token = _active.set(None)\n    writing",
        "    token = _active.set(_active.get())\n    writing",
        (CONTEXT, HAZARDS),
    ),
    Mutation(
        "a streaming response is not carried",
        "tenants/middleware.py",
        "                _carry_stream(response)\n",
        "                pass\n",
        (STREAMS, HAZARDS),
    ),
    Mutation(
        "a request may go on to a second firm",
        "tenants/context.py",
        "    if current is not None and current != placement.org_id:\n        raise",
        "    if False:\n        raise",
        (CONTEXT, HAZARDS),
    ),
    Mutation(
        "a suspended firm's people are let in",
        "tenants/access.py",
        "    if not organization.is_active:",
        "    if False:",
        (REVOCATION, ADDRESSES),
    ),
    Mutation(
        "staff who once had a firm keep it",
        "tenants/access.py",
        "    if organization is None or (user.is_staff and user.support is None):",
        "    if organization is None:",
        (HAZARDS,),
    ),
    # Querysets and connections
    Mutation(
        "a queryset is evaluated for whichever firm is active then",
        "tenants/planes.py",
        "        if alias is not None and alias != active:",
        "        if False:",
        (HAZARDS, LAZY),
    ),
    Mutation(
        "a queryset does not know the firm it was built for",
        "tenants/planes.py",
        "TenantQuerySet(model=self.model, using=alias, hints=hints)",
        "TenantQuerySet(model=self.model, hints=hints)",
        (HAZARDS, LAZY),
    ),
    Mutation(
        "a connection answers whichever firm is active",
        "tenants/mongodb/base.py",
        "        if activation.org_id != self.alias:",
        "        if False:",
        (HAZARDS, LAZY),
    ),
    Mutation(
        "a connection answers while no firm is active",
        "tenants/mongodb/base.py",
        "        if activation is None:\n"
        '            raise NoActiveOrganization(f"The database {self.alias!r}")',
        "        if activation is None:\n            return None",
        (HAZARDS, CONTEXT, LAZY),
    ),
    Mutation(
        "firms get writable collections of the shared resources",
        "tenants/mongodb/base.py",
        "return self.alias == SHARED_ALIAS and not shared_resources_are_writable()",
        "return False",
        (HAZARDS,),
    ),
    Mutation(
        "firms read the shared resources as the user that may write them",
        "tenants/mongodb/base.py",
        "            return reader\n",
        "            pass\n",
        (USERS,),
    ),
    Mutation(
        "every firm's database is the first one's",
        "tenants/registry.py",
        '            "NAME": placement.org_id,\n',
        '            "NAME": "alpha_valuers",\n',
        (SAME_IDS, HAZARDS),
    ),
    Mutation(
        "iexact takes regular expressions",
        "tenants/mongodb/base.py",
        '{"$regex": f"^{re.escape(str(value))}$", "$options": "i"}',
        '{"$regex": f"^{value}$", "$options": "i"}',
        (HAZARDS,),
    ),
    Mutation(
        "a relation across planes passes the checks",
        "valuation/checks.py",
        "        and plane_of(model) is not plane_of(field.related_model)",
        "        and False",
        (PLANES,),
    ),
    # Clients and the registry
    Mutation(
        "racing threads make a client each",
        "tenants/mongodb/clients.py",
        "        with self._lock:\n"
        "            client = self._clients.get(address_setting)\n"
        "            if client is None:",
        "        if True:\n            if client is None:",
        (HAZARDS,),
    ),
    Mutation(
        "a forked child keeps the parent's clients",
        "tenants/mongodb/clients.py",
        "os.register_at_fork(after_in_child=clients.forget_after_fork)\n",
        "",
        (HAZARDS,),
    ),
    Mutation(
        "closing one thread's connection closes everybody's client",
        "tenants/mongodb/base.py",
        "            self._end_session()\n        self.connection = None",
        "            self._end_session()\n        self.connection.close()\n        self.connection = None",
        (HAZARDS,),
    ),
    Mutation(
        "the registry drops whichever came first, not the least recently used",
        "tenants/registry.py",
        "            if entry is not None and entry[0] == placement:\n"
        "                self._entries.move_to_end(placement.org_id)",
        "            if entry is not None and entry[0] == placement:\n                pass",
        (REGISTRY,),
    ),
    Mutation(
        "an eviction drops a connection within its transaction",
        "tenants/registry.py",
        "    if wrapper is not None and wrapper.session is not None:\n        return False\n",
        "",
        (REGISTRY,),
    ),
    Mutation(
        "a connection made before a move is used after it",
        "tenants/registry.py",
        "        if known != placement and not _drop_connection(placement.org_id):",
        "        if False:",
        (REGISTRY,),
    ),
    Mutation(
        "an organization's own client signs in as the cluster's user",
        "tenants/mongodb/clients.py",
        "        address = credentials.with_credentials(address, as_user_of)\n",
        "        pass\n",
        (USERS,),
    ),
    # Transactions
    Mutation(
        "a failed commit leaves its hooks to the next block",
        "tenants/mongodb/transaction.py",
        "    connection.run_on_commit = []\n    session",
        "    session",
        (HAZARDS,),
    ),
    Mutation(
        "a transaction without a firm goes to the control plane",
        "tenants/mongodb/transaction.py",
        'connection: Any = connections[using or require_org_id("A transaction")]\n'
        "    if connection.in_atomic_block_mongo:\n        connection.nested",
        'connection: Any = connections[using or "default"]\n'
        "    if connection.in_atomic_block_mongo:\n        connection.nested",
        (HAZARDS,),
    ),
    # Who is asking
    Mutation(
        "removing a person leaves the sessions",
        "tenants/operations/people.py",
        "        if end_sessions:\n            end_sessions_of([person.pk])\n",
        "",
        (REVOCATION,),
    ),
    Mutation(
        "suspending a firm leaves its people's sessions",
        "tenants/operations/suspending.py",
        "        if status == OrganizationStatus.SUSPENDED:\n",
        "        if False:\n",
        (REVOCATION,),
    ),
    Mutation(
        "a session brings along whomever its record names, whatever is signed in it",
        "tenants/sessions.py",
        "    return person if person is not None and str(person.pk) == str(user_id) else None",
        "    return person",
        (REVOCATION,),
    ),
    Mutation(
        "a request under way brings an ended session back",
        "tenants/sessions.py",
        "        if not changed:\n",
        "        if False:\n",
        (REVOCATION,),
    ),
    Mutation(
        "a page may be used without its permission",
        "tenants/access.py",
        "            if not cast(User, request.user).can(permission):",
        "            if False:",
        (ADDRESSES,),
    ),
    Mutation(
        "another firm's report is refused instead of not found",
        "reports/views/finding.py",
        '    if found is None:\n        raise Http404("There is no such report.")',
        "    if found is None:\n"
        "        raise __import__('django.core.exceptions').core.exceptions.PermissionDenied",
        (ADDRESSES,),
    ),
    # Caches and reachability
    Mutation(
        "pictures of pages are kept without the firm they belong to",
        "reports/page_cache.py",
        "    org_id: str\n    report_id: str\n",
        "    org_id: str = __import__('dataclasses').field(compare=False)\n    report_id: str\n",
        (CANARIES,),
    ),
    Mutation(
        "shared data that staff changed is still kept",
        "tenants/shared_cache.py",
        "            if self._revision == revision:\n",
        "            if True:\n",
        (SHARED_CACHE,),
    ),
    Mutation(
        "writing shared resources tells nobody",
        "tenants/context.py",
        "            for told in _after_shared_write:\n                told()\n",
        "            pass\n",
        (SHARED_CACHE,),
    ),
    Mutation(
        "every request waits for a cluster that is down",
        "tenants/mongodb/reachability.py",
        "            if now - self._tried_at < TRIAL_SECONDS:",
        "            if now < self._tried_at:",
        (REACHABILITY,),
    ),
    Mutation(
        "an unreachable database is an error of the program",
        "tenants/middleware.py",
        "    return any(\n        isinstance(one, _OUT_OF_REACH)\n",
        "    return False and any(\n        isinstance(one, _OUT_OF_REACH)\n",
        (UNREACHABLE,),
    ),
    # Operations and the freeze
    Mutation(
        "an operation takes an organization that another one has",
        "tenants/operations/engine.py",
        "Organization.objects.filter(org_id=org_id, operation=None).update(",
        "Organization.objects.filter(org_id=org_id).update(",
        (ENGINE,),
    ),
    Mutation(
        "an operation is run by two at once",
        "tenants/operations/engine.py",
        "        | Q(status=OperationStatus.RUNNING.value, lease_until__lt=now)\n",
        "        | Q(status=OperationStatus.RUNNING.value)\n",
        (ENGINE,),
    ),
    Mutation(
        "a runner that lost its lease still records",
        "tenants/operations/engine.py",
        "filter(pk=self.operation.pk, owner=self.operation.owner).update(**fields)",
        "filter(pk=self.operation.pk).update(**fields)",
        (ENGINE,),
    ),
    Mutation(
        "a step that is done is not recorded",
        "tenants/operations/engine.py",
        "            self.record(step=one.step, done=0, total=0)",
        "            self.record(done=0, total=0)",
        (ENGINE,),
    ),
    Mutation(
        "a failed operation lets its organization go",
        "tenants/operations/engine.py",
        "    one.status, one.problem = OperationStatus.STOPPED, problem[:1000]\n",
        "    one.status, one.problem = OperationStatus.STOPPED, problem[:1000]\n"
        "    Organization.objects.filter(operation=one.pk).update(operation=None)\n",
        (ENGINE,),
    ),
    Mutation(
        "an operation is cancelled past the point of no return",
        "tenants/operations/engine.py",
        "        return all(one.undo is not None for one in self.steps[: names.index(name) + 1])",
        "        return True",
        (ENGINE,),
    ),
    Mutation(
        "a frozen organization is written to",
        "tenants/mongodb/collections.py",
        "    setattr(TenantCollection, _name, _after(require_writable, _name))\n",
        "    pass\n",
        (FREEZE,),
    ),
    Mutation(
        "what began before a freeze is committed within it",
        "tenants/mongodb/base.py",
        "        if self._guard() is not None:\n            require_writable()\n",
        "        self._guard()\n",
        (FREEZE,),
    ),
    Mutation(
        "knowledge of a placement is good for ever",
        "tenants/writing.py",
        "    until = min(read_at, time.monotonic()) + float(settings.WRITES_KNOWN_SECONDS)\n",
        "    until = float('inf')\n",
        (FREEZE,),
    ),
    Mutation(
        "old work writes to the place that its organization has left",
        "tenants/context.py",
        "    if activation.version not in (None, placement.version):",
        "    if False:",
        (FREEZE,),
    ),
    Mutation(
        "files are stored while the organization is frozen",
        "tenants/files.py",
        "        require_writable()\n        bucket = self._bucket()\n",
        "        bucket = self._bucket()\n",
        (FREEZE,),
    ),
    Mutation(
        "every thread waits for a freeze to end",
        "tenants/access.py",
        "    if not _waiting.acquire(blocking=False):",
        "    if False:",
        (FREEZE,),
    ),
)
