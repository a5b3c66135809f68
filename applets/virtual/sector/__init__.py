# SPDX-License-Identifier: Apache-2.0
"""The sector application (docs/card-edge.md, "A sector is a face" and "Sector commands")."""
