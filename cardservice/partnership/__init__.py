# SPDX-License-Identifier: Apache-2.0
"""The callers we know: verifiers and their credentials."""
