# SPDX-License-Identifier: Apache-2.0
"""Import contract "imported_only_by": packages from outside that one room keeps to itself, such as SQL or JOSE."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


class ImportedOnlyBy(Contract):
    """``outside`` packages are imported by ``importers`` (and what lies in them) and by no other module of ours.

    A package that nobody imports yet keeps the contract; so does an importer that does not exist yet.
    """

    type_name = "imported_only_by"

    # Declared as fields, found as what these parse to.
    outside: Any = fields.ListField(subfield=fields.StringField())
    importers: Any = fields.ListField(subfield=fields.ModuleField(), required=False, default=())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001, ARG002 - import-linter's signature
        """Look at everyone who imports the packages."""
        if str(self.session_options.get("include_external_packages")).lower() != "true":
            raise ValueError(f"{self.name}: include_external_packages must be true")
        links = [
            (importer, package)
            for package in self.outside
            if package in graph.modules
            for importer in sorted(graph.find_modules_that_directly_import(package))
            if not any(Module(importer).is_in_package(room) for room in self.importers)
        ]
        return ContractCheck(kept=not links, metadata={"links": links})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import by a stranger."""
        for importer, package in check.metadata["links"]:
            output.print_error(f"{importer} may not import {package}", bold=False)
