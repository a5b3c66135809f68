# SPDX-License-Identifier: Apache-2.0
"""The type of an open transaction, for rooms that hand one on without speaking SQL themselves."""

from sqlalchemy import Connection

__all__ = ["Connection"]
