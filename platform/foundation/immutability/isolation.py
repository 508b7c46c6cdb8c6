"""A guard that looks at other rows must see those that others have committed.

Under REPEATABLE READ and SERIALIZABLE a trigger sees the rows of the moment its transaction took
its snapshot: a header, or a completion, that came since is not there for it. A writer could open
such a transaction early, wait for the seal, and pass it. Whoever writes where such a guard stands
therefore works under READ COMMITTED, where each statement of a trigger sees what is committed.
"""

REFUSE_FROZEN_SNAPSHOT = """
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            MESSAGE = format('%s is refused under %s: its guard would not see what others have '
                'committed; use READ COMMITTED',
                TG_TABLE_NAME, current_setting('transaction_isolation'));
    END IF;"""
"""What stands first in the body of such a trigger's function."""
