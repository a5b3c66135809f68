# SPDX-License-Identifier: Apache-2.0
"""Reports as page-ready data: figures only, no names and no NIK, groups smaller than k suppressed (docs/reports.md)."""
