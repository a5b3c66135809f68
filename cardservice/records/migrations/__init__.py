# SPDX-License-Identifier: Apache-2.0
"""Alembic migrations, run by the program itself (see cardservice/records/schema.py)."""
