"""What the database refuses to everybody: migration operations for seals, states and grants.

They are our own and not pgtrigger's: those cannot refuse TRUNCATE by statement, are not ENABLE
ALWAYS, and one plain SQL setting switches them off. None of the functions here reads a setting.
"""

from foundation.immutability.grants import Grant
from foundation.immutability.history import KeepHistory
from foundation.immutability.isolation import REFUSE_FROZEN_SNAPSHOT
from foundation.immutability.members import SealMembers
from foundation.immutability.seal import Seal, close_leaf_sql, seal_leaf_sql
from foundation.immutability.states import StateMachine

__all__ = [
    "REFUSE_FROZEN_SNAPSHOT",
    "Grant",
    "KeepHistory",
    "Seal",
    "SealMembers",
    "StateMachine",
    "close_leaf_sql",
    "seal_leaf_sql",
]
