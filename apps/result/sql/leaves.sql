-- A run's leaves: made at submit, closed when it is finalised (migration 0002_cube).

-- name: open
SELECT run_open(%(run)s::int4)

-- name: close_axis
SELECT run_close_axis(%(run)s::int4)

-- name: close
SELECT run_close(%(run)s::int4)

-- name: context
SELECT facts FROM run_context
WHERE run = %(run)s AND position >= %(first)s AND position < %(last)s
ORDER BY position

-- name: index
SELECT run_index(%(run)s::int4, %(block)s::int2, %(ordinal)s::int2)

-- name: leaf_hash_of_value_task
-- The Python twin is apps/result/leaf.py.
SELECT sha256(
    sha256(coalesce((
        SELECT string_agg(
            sha256(int4send(v.position) || int2send(v.block) || int2send(v.status)
                || int2send(v.error_code) || array_send(v.cells))
            || int4send(v.book) || v.input_hash || convert_to(v.error, 'UTF8'),
            ''::bytea ORDER BY v.position, v.block)
        FROM valuation v WHERE v.run = %(run)s AND v.task = %(task)s
    ), ''::bytea))
    || sha256(coalesce((
        SELECT string_agg(
            sha256(int4send(p.node) || int2send(p.dimension) || int4send(p.member)
                || int2send(p.block) || int4send(p.count) || int4send(p.covered)
                || int8send(p.covered_notional) || int8send(p.uncovered_notional)
                || array_send(p.cells)),
            ''::bytea ORDER BY p.node, p.dimension, p.member, p.block)
        FROM rollup_partial p WHERE p.run = %(run)s AND p.task = %(task)s
    ), ''::bytea))
)

-- name: leaf_hash_of_context_task
SELECT sha256(coalesce(string_agg(
    int4send(position) || context_hash || array_send(facts), ''::bytea ORDER BY position
), ''::bytea))
FROM run_context WHERE run = %(run)s AND task = %(task)s

-- name: leaf_hash_of_group_task
SELECT sha256(coalesce(string_agg(
    sha256(convert_to(kind, 'UTF8') || '\x00'::bytea || convert_to("group", 'UTF8')
        || '\x00'::bytea || array_send(cells)),
    ''::bytea ORDER BY convert_to(kind, 'UTF8'), convert_to("group", 'UTF8')
), ''::bytea))
FROM group_result WHERE run = %(run)s AND task = %(task)s
