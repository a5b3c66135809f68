# SPDX-License-Identifier: Apache-2.0
"""What the key process demands of a document before it signs: one guard per kind of document, each reading it whole and strictly."""
