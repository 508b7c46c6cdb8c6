-- Which positions a reverse stress values.

-- name: valued
-- The positions in ranges of ordinals, and whether the run has a value of each; status 0 is valued.
SELECT v.position, v.status = 0
FROM unnest(%(firsts)s::int4[], %(lasts)s::int4[]) AS part (first, last)
JOIN valuation v ON v.run = %(run)s AND v.block = 0
    AND v.position >= part.first AND v.position < part.last
ORDER BY v.position
