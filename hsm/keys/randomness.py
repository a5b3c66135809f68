# SPDX-License-Identifier: Apache-2.0
"""Randomness is an argument: so many fresh bytes from whoever is given, the system's generator at work (SP 800-90A behind getrandom(2))."""

from collections.abc import Callable

Randomness = Callable[[int], bytes]
