# SPDX-License-Identifier: Apache-2.0
"""The key process as a program: its start and what it refuses to start with, supervisor, workers, server."""
