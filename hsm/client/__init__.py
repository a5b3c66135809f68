# SPDX-License-Identifier: Apache-2.0
"""The caller's side of the key process: connections, trips that callers share, and the faces of the keys."""
