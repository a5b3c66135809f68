# SPDX-License-Identifier: Apache-2.0
"""The keys, in a process of their own: typed operations on a UNIX socket, a sealed software file behind one contract."""
