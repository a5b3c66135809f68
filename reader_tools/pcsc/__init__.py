# SPDX-License-Identifier: Apache-2.0
"""The PC/SC side of the desk: one killable worker process per reader, and what the service says about readers."""
