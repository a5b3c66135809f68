# SPDX-License-Identifier: Apache-2.0
"""The desk: PC/SC readers, the virtual reader and the ``kartu`` command."""
