# SPDX-License-Identifier: Apache-2.0
"""Import contract "may_import": one row of the table of rooms in docs/architecture.md. What a row does not name is forbidden."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


class MayImport(Contract):
    """Of our own packages, ``room`` imports itself and ``allowed`` only; what is outside of them is not its subject.

    Direct imports are enough: what an allowed room imports in turn is judged by that room's own row.
    """

    type_name = "may_import"

    # Declared as fields, found as what these parse to.
    room: Any = fields.ModuleField()
    allowed: Any = fields.ListField(subfield=fields.ModuleField(), required=False, default=())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001, ARG002 - import-linter's signature
        """Look at every import of every module in the room."""
        roots = set(self.session_options["root_packages"])
        room: Module = self.room
        permitted: list[Module] = [room, *self.allowed]
        for module in permitted:
            if module.name not in graph.modules:
                raise ValueError(f"{self.name}: there is no module {module.name}")
        links = [
            (importer, imported)
            for importer in sorted({room.name} | graph.find_descendants(room.name))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported.split(".")[0] in roots
            and not any(Module(imported).is_in_package(module) for module in permitted)
        ]
        told = [(*link, _lines(graph, *link)) for link in links]
        return ContractCheck(kept=not told, metadata={"links": told})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import that the row does not allow."""
        for importer, imported, lines in check.metadata["links"]:
            output.print_error(f"{importer} may not import {imported} ({lines})", bold=False)


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    return ", ".join(
        f"l.{told['line_number']}" for told in graph.get_import_details(importer=importer, imported=imported)
    )
