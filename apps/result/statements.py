"""Statements whose sums are listed cell by cell, generated from the axis.

`unnest .. WITH ORDINALITY` would need no list and takes five times as long: a sum per cell,
written out, is what PostgreSQL does quickly. Only integers ever enter these texts.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.result.axis import Block, Place


def _vector(alias: str, block: Block) -> str:
    listed = ", ".join(
        f"sum({alias}.cells[{ordinal}])::int8" for ordinal in range(1, block.width + 1)
    )
    return f"ARRAY[{listed}]"


def untied(block: Block) -> str:
    """Nodes and dimensions whose parts do not add up to their total; no row when all tie out.

    The members of each dimension against the run's node, and the children of each node against
    the node: counts, notionals and every cell.
    """
    parts = (
        f"sum(r.count)::int4, sum(r.covered)::int4, sum(r.covered_notional)::int8, "
        f"sum(r.uncovered_notional)::int8, {_vector('r', block)}"
    )
    whole = "t.count, t.covered, t.covered_notional, t.uncovered_notional, t.cells"
    total = f"t.run = %(run)s AND t.block = {block.number} AND t.dimension = 0"
    return f"""
SELECT parts.node, parts.dimension
FROM (
    SELECT r.node, r.dimension, {parts}
    FROM rollup r
    WHERE r.run = %(run)s AND r.block = {block.number} AND r.node = %(node)s
    GROUP BY r.node, r.dimension
) AS parts (node, dimension, count, covered, covered_notional, uncovered_notional, cells)
LEFT JOIN rollup t ON {total} AND t.node = parts.node
WHERE (parts.count, parts.covered, parts.covered_notional, parts.uncovered_notional, parts.cells)
    IS DISTINCT FROM ({whole})
UNION ALL
SELECT parts.node, -1
FROM (
    SELECT n.parent, {parts}
    FROM rollup r
    JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = r.node
    WHERE r.run = %(run)s AND r.block = {block.number} AND r.dimension = 0
      AND r.node <> %(node)s
    GROUP BY n.parent
) AS parts (node, count, covered, covered_notional, uncovered_notional, cells)
LEFT JOIN rollup t ON {total} AND t.node = parts.node
WHERE (parts.count, parts.covered, parts.covered_notional, parts.uncovered_notional, parts.cells)
    IS DISTINCT FROM ({whole})
ORDER BY 1, 2
"""


_LAST = "'-9223372036854775808'::int8"


def sum_rollups(places: Sequence[Place]) -> str:
    """The roll-ups of shown nodes by member: counts, notionals and the cells at `places`.

    Parameters run, dimension and the parallel arrays shown, part: the roll-up of `shown` is the
    sum of its parts, the node itself or the subtrees of it that the reader may see.
    """
    cells = "".join(
        f",\n       sum(r.cells[{place.ordinal}]) FILTER (WHERE r.block = {place.block})"
        for place in places
    )
    return f"""
SELECT s.shown, r.member,
       sum(r.count) FILTER (WHERE r.block = 0), sum(r.covered) FILTER (WHERE r.block = 0),
       sum(r.covered_notional) FILTER (WHERE r.block = 0),
       sum(r.uncovered_notional) FILTER (WHERE r.block = 0){cells}
FROM unnest(%(shown)s::int4[], %(part)s::int4[]) AS s (shown, part)
JOIN rollup r ON r.run = %(run)s AND r.node = s.part AND r.dimension = %(dimension)s
    AND r.block = ANY (%(blocks)s::int2[])
GROUP BY s.shown, r.member
ORDER BY s.shown, r.member
"""


def order_expression(place: Place) -> str:
    """What positions are listed by: error rows have no cells and come last in descending order.

    The index that run_index makes is on this very expression.
    """
    return f"coalesce(v.cells[{place.ordinal}], {_LAST})"


def page(order: Place | None, *, descending: bool, after: bool, filtered: bool) -> str:
    """The ordinals of one page of positions, one more than asked to see whether more follow.

    Parameters run, snapshot, firsts, lasts (ranges of ordinals), first, last (their hull), limit,
    after_key, after_position, and those of the filter.
    """
    block = order.block if order else 0
    key = order_expression(order) if order else "v.position::int8"
    direction, comparison = ("DESC", "<") if descending else ("ASC", ">")
    if order:
        ordering = f"{key} {direction}, v.position {direction}"
        later = f"({key}, v.position) {comparison} (%(after_key)s::int8, %(after_position)s::int4)"
    else:
        ordering = f"v.position {direction}"
        later = f"v.position {comparison} %(after_position)s::int4"
    joined = (
        "JOIN position p ON p.snapshot_id = %(snapshot)s AND p.ordinal = v.position"
        if filtered
        else ""
    )
    conditions = _FILTER if filtered else ""
    return f"""
SELECT v.position, {key}
FROM valuation v {joined}
WHERE v.run = %(run)s AND v.block = {block}
  AND v.position >= %(first)s::int4 AND v.position < %(last)s::int4
  AND (cardinality(%(firsts)s::int4[]) = 1 OR EXISTS (
      SELECT FROM unnest(%(firsts)s::int4[], %(lasts)s::int4[]) AS part (first, last)
      WHERE v.position >= part.first AND v.position < part.last))
  {f"AND {later}" if after else ""}
  {conditions}
ORDER BY {ordering}
LIMIT %(limit)s
"""


_FILTER = """AND (%(status)s::int2 IS NULL OR v.status = %(status)s::int2)
  AND (%(error_codes)s::int2[] IS NULL OR v.error_code = ANY (%(error_codes)s::int2[]))
  AND (%(product_types)s::text[] IS NULL OR p.product_type = ANY (%(product_types)s::text[]))
  AND (%(currencies)s::text[] IS NULL OR p.currency = ANY (%(currencies)s::text[]))
  AND (%(counterparties)s::text[] IS NULL OR p.counterparty = ANY (%(counterparties)s::text[]))
  AND (%(instruments)s::text[] IS NULL OR p.instrument = ANY (%(instruments)s::text[]))
  AND (%(position_ids)s::text[] IS NULL OR p.position_id = ANY (%(position_ids)s::text[]))"""


def rows(places: Sequence[Place]) -> str:
    """What is shown of the positions of a page, with the cells at `places`.

    Parameters run, snapshot, tree and the ordinals of the page.
    """
    blocks = sorted({place.block for place in places} - {0})
    cells = "".join(f", v{place.block}.cells[{place.ordinal}]" for place in places)
    joins = "\n".join(
        f"LEFT JOIN valuation v{block} ON v{block}.run = %(run)s"
        f" AND v{block}.position = v0.position AND v{block}.block = {block}"
        for block in blocks
    )
    return f"""
SELECT v0.position, p.position_id, p.instrument, p.product_type, p.currency,
       coalesce(p.counterparty, ''), p.legal_entity, v0.book, n.code, v0.status, v0.error{cells}
FROM valuation v0
JOIN position p ON p.snapshot_id = %(snapshot)s AND p.ordinal = v0.position
JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = v0.book
{joins}
WHERE v0.run = %(run)s AND v0.block = 0 AND v0.position = ANY (%(positions)s::int4[])
"""


def detail(places: Sequence[Place]) -> str:
    """Status and cells of positions [first, last) in order; 0 where a position is an error.

    Parameters run, first, last. For a binary COPY: every column has one width.
    """
    blocks = sorted({place.block for place in places} - {0})
    cells = "".join(
        f", coalesce(v{place.block}.cells[{place.ordinal}], 0::int8)" for place in places
    )
    joins = "\n".join(
        f"LEFT JOIN valuation v{block} ON v{block}.run = %(run)s"
        f" AND v{block}.position = v0.position AND v{block}.block = {block}"
        for block in blocks
    )
    return f"""
SELECT v0.position, v0.status{cells}
FROM valuation v0
{joins}
WHERE v0.run = %(run)s AND v0.block = 0
  AND v0.position >= %(first)s AND v0.position < %(last)s
"""
