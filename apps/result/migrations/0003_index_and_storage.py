"""Leaves of eight rows a page, no statistics of vectors, and the index that lists by BASE PV.

A plain-stored bytea has a header of four bytes: with 114 cells the row then misses the eighth
place on the page by eight bytes. Statistics of the elements of a vector help no plan and cost
seconds. A worker owns no table, so the index is made by a function that checks the run.
"""

from django.db import migrations

LEAVES = (
    "run_axis",
    "run_context",
    "valuation",
    "valuation_digest",
    "rollup_partial",
    "rollup",
    "group_result",
    "node_result",
)
_LIST = ", ".join(f"'{leaf}'" for leaf in LEAVES)

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION run_open(run int4) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    parent text;
    leaf text;
BEGIN
    PERFORM FROM public.run r WHERE r.run_id = run_open.run AND r.status = 'QUEUED' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not QUEUED: its leaves cannot be opened', run);
    END IF;
    FOREACH parent IN ARRAY ARRAY[{_LIST}] LOOP
        leaf := format('public.%I', parent || '_r' || run);
        EXECUTE format('CREATE TABLE %s (LIKE public.%I INCLUDING ALL)', leaf, parent);
        EXECUTE format('ALTER TABLE %s ADD CHECK (run = %s)', leaf, run);
        IF parent IN ('valuation', 'rollup_partial', 'rollup') THEN
            EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', leaf);
            EXECUTE format('ALTER TABLE %s ALTER cells SET STORAGE MAIN, '
                'ALTER cells SET STATISTICS 0', leaf);
        END IF;
        IF parent = 'valuation' THEN
            EXECUTE format('ALTER TABLE %s ALTER input_hash SET STORAGE MAIN, '
                'ALTER input_hash SET STATISTICS 0, ALTER error SET STATISTICS 0', leaf);
        END IF;
        IF parent = 'valuation_digest' THEN
            EXECUTE format('ALTER TABLE %s ALTER digests SET STORAGE EXTERNAL', leaf);
        END IF;
        PERFORM public.seal_leaf(leaf::regclass);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION %s FOR VALUES IN (%s)',
            parent, leaf, run);
    END LOOP;
END
$body$;

CREATE FUNCTION run_index(run int4, block int2, ordinal int2) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- No lock: the finalising transaction takes a stronger one later, and raising it would
    -- deadlock with a cancellation. An index on a cancelled run harms nobody.
    PERFORM FROM public.run r WHERE r.run_id = run_index.run AND r.status = 'FINALISING';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not FINALISING: its results cannot be indexed', run);
    END IF;
    IF ordinal IS NOT NULL THEN
        EXECUTE format('CREATE INDEX ON public.%I '
            '((coalesce(cells[%s], ''-9223372036854775808''::int8)) DESC, position DESC) '
            'WHERE block = %s', 'valuation_r' || run, ordinal, block);
    END IF;
    EXECUTE format('ANALYZE public.%I', 'valuation_r' || run);
    EXECUTE format('ANALYZE public.%I', 'rollup_r' || run);
END
$body$;

REVOKE ALL ON FUNCTION run_index(int4, int2, int2) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION run_index(int4, int2, int2) TO tieout_worker;
"""


class Migration(migrations.Migration):
    """The cube's functions, second edition."""

    dependencies = [("result", "0002_cube")]

    operations = [
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION run_index(int4, int2, int2)"),
    ]
