# SPDX-License-Identifier: Apache-2.0
"""What is done with the keys themselves, by people and rarely: ceremony, list, rotation, attestation, backup, publication."""
