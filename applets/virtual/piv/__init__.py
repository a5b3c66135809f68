# SPDX-License-Identifier: Apache-2.0
"""The PIV card application (SP 800-73-5 part 2; docs/card-edge.md, "PIV")."""
