# SPDX-License-Identifier: Apache-2.0
"""The sector applet (docs/card-edge.md, "A sector is a face"), one file each command."""
