# SPDX-License-Identifier: Apache-2.0
"""The path that every verification takes: three short statements, without SQLAlchemy in between (facts/performance.md, 2.3)."""
