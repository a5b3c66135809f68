# SPDX-License-Identifier: Apache-2.0
"""Why the key process does not start."""

from hsm.errors.root import HsmError


class StateUnusable(HsmError):
    """The state folder, or a file of it, can't be used; evidence: path, rule."""

    code = "hsm-state-unusable"


class OfficerRefused(HsmError):
    """An officer's name or key is none, or two officers have one key; evidence: name, rule."""

    code = "hsm-officer-refused"


class SocketUnusable(HsmError):
    """The socket can't be made, or not safely; evidence: path, rule."""

    code = "hsm-socket-unusable"


class StartRefused(HsmError):
    """The root of reasons not to start."""

    code = "hsm-start-refused"


class WorkerFailed(StartRefused):
    """A worker of the key process ended without a typed error; evidence: ended_by, an exit code, minus a signal or a kind of error."""

    code = "hsm-worker-failed"


class WorkersFailing(StartRefused):
    """Workers end as fast as they are started; the key process gives up; evidence: rule, last."""

    code = "hsm-workers-failing"


class KeysChanged(StartRefused):
    """A worker found other keys than those that this key process began with; evidence: lacking, how many of them."""

    code = "hsm-keys-changed"


class RefusedInProduction(StartRefused):
    """Something that only development may have; evidence: rule."""

    code = "hsm-refused-in-production"


class SoftwareKeys(RefusedInProduction):
    """Keys in a sealed file; evidence: rule."""

    code = "hsm-software-keys-refused"


class WellKnownKey(RefusedInProduction):
    """A published key serves as a master; evidence: rule."""

    code = "hsm-well-known-key-refused"


class TransportMaster(RefusedInProduction):
    """A supplier's transport key serves as one of our masters; evidence: rule."""

    code = "hsm-transport-key-as-master"


class UnvalidatedToken(RefusedInProduction):
    """A token that nobody validated, and no flag that says somebody knows; evidence: rule."""

    code = "hsm-unvalidated-token-refused"


class OpenTokenFolder(RefusedInProduction):
    """The folder of a token in software is open to others; evidence: rule, path."""

    code = "hsm-token-folder-open"


class ReplaceablePath(RefusedInProduction):
    """Others could put something else in the place of what keys are trusted on account of; evidence: path, rule."""

    code = "hsm-path-replaceable"


class IssuerUnnamed(RefusedInProduction):
    """Nobody said whose eligibility tokens are signed here; evidence: rule."""

    code = "hsm-issuer-unnamed"


class CoreDumpsOn(StartRefused):
    """Core dumps could not be switched off; evidence: rule."""

    code = "hsm-core-dumps-on"


class KeysIncomplete(StartRefused):
    """There is too little to serve with; evidence: rule."""

    code = "hsm-keys-incomplete"


class EnvironmentUnknown(StartRefused):
    """KARTU_ENV says something we do not know, so we assume nothing; evidence: value."""

    code = "hsm-environment-unknown"
