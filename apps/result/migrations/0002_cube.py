"""The tables of the result cube, partitioned by run, and the functions that open and close them.

run_open makes a leaf with LIKE, CHECK and ATTACH, in that order: CREATE TABLE .. PARTITION OF
would wait for every open COPY into any other leaf. Storage options are not inherited, so they
are set here on each leaf.
"""

from django.db import migrations

from foundation.immutability import Grant, Seal

TABLES = """
CREATE TABLE run_axis (
    run int4 NOT NULL, block int2 NOT NULL, ordinal int2 NOT NULL,
    measure text NOT NULL, scenario text NOT NULL, factor text NOT NULL,
    unit text NOT NULL, currency text NOT NULL, quantum int2 NOT NULL,
    kind text NOT NULL,
    CHECK (ordinal BETWEEN 1 AND 480),
    CHECK (kind IN ('SUM', 'RATIO', 'WEIGHTED', 'GROUP', 'NODE', 'NONE')),
    PRIMARY KEY (run, block, ordinal),
    UNIQUE (run, measure, scenario, factor)
) PARTITION BY LIST (run);

CREATE TABLE run_context (
    run int4 NOT NULL, position int4 NOT NULL, task int4 NOT NULL,
    context_hash bytea NOT NULL, facts int8[] NOT NULL,
    PRIMARY KEY (run, position)
) PARTITION BY LIST (run);

CREATE TABLE valuation (
    run int4 NOT NULL, position int4 NOT NULL, book int4 NOT NULL, task int4 NOT NULL,
    block int2 NOT NULL, status int2 NOT NULL, error_code int2 NOT NULL,
    input_hash bytea NOT NULL, error text NOT NULL, cells int8[] NOT NULL,
    CHECK ((status = 0 AND error_code = 0 AND error = '')
        OR (status = 1 AND error_code > 0 AND error <> '' AND cells = '{}')),
    PRIMARY KEY (run, position, block)
) PARTITION BY LIST (run);

CREATE TABLE valuation_digest (
    run int4 NOT NULL, task int4 NOT NULL, first int4 NOT NULL, count int4 NOT NULL,
    digests bytea NOT NULL,
    CHECK (length(digests) % 32 = 0),
    PRIMARY KEY (run, task)
) PARTITION BY LIST (run);

CREATE TABLE rollup_partial (
    run int4 NOT NULL, task int4 NOT NULL, node int4 NOT NULL, member int4 NOT NULL,
    dimension int2 NOT NULL, block int2 NOT NULL,
    count int4 NOT NULL, covered int4 NOT NULL,
    covered_notional int8 NOT NULL, uncovered_notional int8 NOT NULL,
    cells int8[] NOT NULL,
    CHECK (covered BETWEEN 0 AND count),
    PRIMARY KEY (run, task, node, dimension, member, block)
) PARTITION BY LIST (run);

CREATE TABLE rollup (
    run int4 NOT NULL, node int4 NOT NULL, member int4 NOT NULL,
    dimension int2 NOT NULL, block int2 NOT NULL,
    count int4 NOT NULL, covered int4 NOT NULL,
    covered_notional int8 NOT NULL, uncovered_notional int8 NOT NULL,
    cells int8[] NOT NULL,
    CHECK (covered BETWEEN 0 AND count),
    PRIMARY KEY (run, node, dimension, member, block)
) PARTITION BY LIST (run);

CREATE TABLE group_result (
    run int4 NOT NULL, kind text NOT NULL, "group" text NOT NULL, task int4 NOT NULL,
    cells int8[] NOT NULL,
    PRIMARY KEY (run, kind, "group")
) PARTITION BY LIST (run);

CREATE TABLE node_result (
    run int4 NOT NULL, node int4 NOT NULL,
    measure text NOT NULL, scenario text NOT NULL, factor text NOT NULL,
    value int8 NOT NULL, method text NOT NULL,
    PRIMARY KEY (run, node, measure, scenario, factor)
) PARTITION BY LIST (run);
"""

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
CREATE FUNCTION run_open(run int4) RETURNS void
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
            EXECUTE format('ALTER TABLE %s ALTER cells SET STORAGE MAIN', leaf);
        END IF;
        IF parent = 'valuation' THEN
            EXECUTE format('ALTER TABLE %s ALTER input_hash SET STORAGE PLAIN', leaf);
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

CREATE FUNCTION run_close_axis(run int4) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM FROM public.run r
      WHERE r.run_id = run_close_axis.run AND r.status = 'QUEUED' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not QUEUED: its axis cannot be closed', run);
    END IF;
    PERFORM public.close_leaf(format('public.%I', 'run_axis_r' || run)::regclass);
END
$body$;

CREATE FUNCTION run_close(run int4) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    parent text;
BEGIN
    PERFORM FROM public.run r
      WHERE r.run_id = run_close.run AND r.status = 'FINALISING' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not FINALISING: its leaves cannot be closed', run);
    END IF;
    FOREACH parent IN ARRAY ARRAY[{_LIST}] LOOP
        IF parent <> 'run_axis' THEN
            PERFORM public.close_leaf(format('public.%I', parent || '_r' || run)::regclass);
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION run_open(int4), run_close_axis(int4), run_close(int4) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION run_open(int4), run_close_axis(int4) TO tieout_web;
GRANT EXECUTE ON FUNCTION run_close(int4) TO tieout_worker;
"""

VIEW = """
CREATE VIEW valuation_result WITH (security_invoker = true) AS
SELECT v.run AS run_id, p.position_id, x.scenario AS scenario_id, x.measures_json,
       v.input_hash, v.status = 1 AS is_error, v.error
FROM valuation v
JOIN run r ON r.run_id = v.run
JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
CROSS JOIN LATERAL (
    SELECT a.scenario,
           jsonb_object_agg(
               a.measure || CASE a.factor WHEN '' THEN '' ELSE '/' || a.factor END,
               v.cells[a.ordinal] * power(10::numeric, -a.quantum)
           ) AS measures_json
    FROM run_axis a
    WHERE a.run = v.run AND a.block = v.block
    GROUP BY a.scenario
) x;
COMMENT ON VIEW valuation_result IS
    'One row per run, position, scenario and axis block: the classical shape for BI tools.';
"""


class Migration(migrations.Migration):
    """Tables, functions, seals and grants of the cube."""

    dependencies = [
        ("result", "0001_initial"),
        ("run", "0002_guards"),
        ("portfolio", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(
            TABLES, "".join(f"DROP TABLE {leaf} CASCADE;" for leaf in reversed(LEAVES))
        ),
        *(Seal(leaf) for leaf in LEAVES),
        Grant("run_axis", {"web": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"}),
        *(
            Grant(leaf, {"worker": "SELECT, INSERT", "web": "SELECT", "auditor": "SELECT"})
            for leaf in LEAVES
            if leaf != "run_axis"
        ),
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION run_open(int4); DROP FUNCTION run_close_axis(int4);"
            "DROP FUNCTION run_close(int4);",
        ),
        migrations.RunSQL(VIEW, "DROP VIEW valuation_result"),
        Grant("valuation_result", {"web": "SELECT", "worker": "SELECT", "auditor": "SELECT"}),
    ]
