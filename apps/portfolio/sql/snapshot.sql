-- One import of a content at a time: the second sees the first one's rows.
-- name: snapshot_lock
SELECT pg_advisory_xact_lock(hashtextextended('position_snapshot/' || %(content_hash)s, 0))

-- name: snapshot_of_hash
SELECT id FROM position_snapshot WHERE content_hash = %(content_hash)s

-- name: snapshot_next
SELECT nextval(pg_get_serial_sequence('position_snapshot', 'id'))

-- name: snapshot_copy_positions
COPY position (snapshot_id, ordinal, position_id, book, product_type, instrument, terms_id,
               counterparty, counterparty_version_id, legal_entity, currency, document, row_hash,
               facility, facility_version_id)
FROM STDIN

-- name: snapshot_copy_blocks
COPY position_block (snapshot_id, block, first, count, book, product_type, format, sha256,
                     dimensions, terms) FROM STDIN

-- name: snapshot_insert
INSERT INTO position_snapshot (id, content_hash, as_of, name, tree_id, position_count, names,
                               dimensions, control, source)
VALUES (%(id)s, %(content_hash)s, %(as_of)s, %(name)s, %(tree)s, %(count)s, %(names)s,
        %(dimensions)s, %(control)s, %(source)s)

-- name: snapshot_header
SELECT s.content_hash, s.tree_id, s.position_count FROM position_snapshot s WHERE s.id = %(id)s

-- name: snapshot_names
SELECT names FROM position_snapshot WHERE id = %(id)s

-- name: snapshot_members
SELECT names, dimensions FROM position_snapshot WHERE id = %(id)s

-- The blocks that overlap [first, last): none is larger than %(largest)s rows, so the index on
-- first bounds the search at both ends.
-- name: snapshot_blocks
SELECT block, first, count, book, product_type, format, sha256, dimensions, terms
  FROM position_block
 WHERE snapshot_id = %(id)s AND first > %(first)s - %(largest)s AND first < %(last)s
   AND first + count > %(first)s
 ORDER BY first

-- name: snapshot_block_places
SELECT block, first, count FROM position_block WHERE snapshot_id = %(id)s ORDER BY block

-- name: snapshot_block
SELECT book, product_type, dimensions, terms FROM position_block
 WHERE snapshot_id = %(id)s AND block = %(block)s

-- name: snapshot_book_ranges
SELECT book, min(first), max(first + count) FROM position_block
 WHERE snapshot_id = %(id)s AND book BETWEEN %(low)s AND %(high)s
 GROUP BY book ORDER BY book

-- The hash of a snapshot from its rows alone, row hashes from the documents: what an auditor
-- without Python recomputes. The order is the canonical one, not the ordinals as they stand.
-- name: snapshot_recomputed
SELECT sha256(t.content_hash || convert_to(to_char(s.as_of, 'YYYY-MM-DD'), 'UTF8') || COALESCE(
         (SELECT string_agg(sha256(convert_to(p.document, 'UTF8')), ''::bytea
                            ORDER BY p.book, p.product_type COLLATE "C",
                                     sha256(convert_to(p.position_id, 'UTF8')))
            FROM position p WHERE p.snapshot_id = s.id), ''::bytea))
  FROM position_snapshot s JOIN portfolio_tree t ON t.id = s.tree_id
 WHERE s.id = %(id)s

-- name: snapshot_control
SELECT p.currency, count(*),
       sum(COALESCE((p.document::jsonb -> 'state' ->> 'outstanding_principal')::numeric, 0)),
       sum(COALESCE((p.document::jsonb -> 'state' ->> 'quantity')::numeric, 0))
  FROM position p WHERE p.snapshot_id = %(id)s
 GROUP BY p.currency ORDER BY p.currency COLLATE "C"

-- name: snapshot_rows
SELECT p.position_id, p.book, p.product_type, p.currency, p.document, p.row_hash,
       p.terms_id, p.counterparty_version_id, p.facility_version_id, s.as_of
  FROM position p JOIN position_snapshot s ON s.id = p.snapshot_id
 WHERE p.snapshot_id = %(id)s AND p.ordinal >= %(first)s AND p.ordinal < %(last)s
 ORDER BY p.ordinal
