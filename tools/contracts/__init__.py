# SPDX-License-Identifier: Apache-2.0
"""The kinds of import contract that import-linter does not have; used by [tool.importlinter] in pyproject.toml."""
