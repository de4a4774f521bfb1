-- The gate of a phase: a work or an act is accepted if and only if the phase is open.
-- A work is somebody's own, or from a unit: a team, or a part of one (`team#slot`); limits count per unit then.
-- The shared lock is taken in a statement of its own, before the one that looks: the closer holds it exclusively, so
-- whoever looks after it sees what it wrote. Both locks end with their transaction. In an `each` several visits of one
-- phase are open at once: `p_visit` says which; without it the latest is meant.
-- Works and acts are looked up by index whatever the planner believes: many come in within one transaction, before
-- anybody has counted them.

CREATE OR REPLACE FUNCTION trellis_gate_key(p_run text, p_phase text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT hashtextextended(p_run || '/' || p_phase, 7) $$;

CREATE OR REPLACE FUNCTION trellis_submit(
    p_run text, p_phase text, p_authors text[], p_units text[], p_at timestamptz[], p_fields text[], p_into text[],
    p_named jsonb, p_limit integer, p_mark boolean, p_visit bigint DEFAULT NULL
) RETURNS TABLE (place integer, verdict text, id text, late boolean, closes_at timestamptz, visit bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    gate record;
    status text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(trellis_gate_key(p_run, p_phase));
    SELECT v.visit, v.since, v.state, v.deadline, v.closed_at, v.community INTO gate
      FROM visit v WHERE v.run = p_run AND v.phase = p_phase AND (p_visit IS NULL OR v.visit = p_visit)
     ORDER BY v.visit DESC LIMIT 1;
    SELECT r.status INTO status FROM run r WHERE r.id = p_run;
    RETURN QUERY
    WITH asked AS (
        SELECT row_number() OVER ()::integer - 1 AS place, a.*, coalesce(a.unit, a.author) AS whose
          FROM unnest(p_authors, p_units, p_at, p_fields, p_into) AS a(author, unit, at, fields, into_)
    ), had AS (
        SELECT a.whose, h.works, h.last
          FROM (SELECT DISTINCT whose FROM asked) a
         CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE w.state IN ('open', 'accepted')) AS works,
                      coalesce(max(w.n) FILTER (WHERE w.visit = gate.visit), 0) AS last
                 FROM work w
                WHERE w.run = p_run AND w.phase = p_phase AND coalesce(w.unit, w.author) = a.whose
                  AND w.visit BETWEEN gate.since AND gate.visit
               ) h
    ), looked AS (
        SELECT a.place, a.author, a.unit, a.whose, a.at, a.fields, a.into_,
               coalesce(h.last, 0) AS last, coalesce(h.works, 0) AS works,
               CASE WHEN gate.visit IS NULL THEN 'no_phase'
                    WHEN status IS DISTINCT FROM 'running' THEN 'run_over'
                    WHEN gate.state <> 'open' THEN 'closed'
                    WHEN a.at >= gate.deadline AND NOT p_mark THEN 'late'
                    ELSE 'accepted' END AS verdict,
               coalesce(a.at >= gate.deadline, false) AS late
          FROM asked a LEFT JOIN had h USING (whose)
    ), numbered AS (
        SELECT l.*, row_number() OVER (PARTITION BY l.whose, l.verdict ORDER BY l.place) AS turn FROM looked l
    ), judged AS (
        SELECT n.place, n.author, n.unit, n.at, n.fields, n.into_, n.late,
               CASE WHEN n.verdict = 'accepted' AND n.works + n.turn > p_limit THEN 'limit' ELSE n.verdict END AS verdict,
               n.last + n.turn AS number,
               p_run || '/' || p_phase || '/' || gate.visit || '/'
                 || coalesce(replace(substr(n.unit, length(p_run) + 2), '/', '.'), n.author)
                 || '/' || (n.last + n.turn) AS id
          FROM numbered n
    ), entered AS (
        INSERT INTO work (community, id, run, phase, visit, author, unit, authors, shares, n, at, late, into_, fields)
        SELECT gate.community, j.id, p_run, p_phase, gate.visit, j.author, j.unit,
               CASE WHEN p_named ? j.unit
                    THEN ARRAY(SELECT jsonb_array_elements_text(p_named -> j.unit -> 'authors')) END,
               CASE WHEN p_named ? j.unit
                    THEN ARRAY(SELECT jsonb_array_elements_text(p_named -> j.unit -> 'shares')::integer) END,
               j.number, j.at, j.late, j.into_, j.fields::jsonb
          FROM judged j WHERE j.verdict = 'accepted' ORDER BY j.place
        ON CONFLICT (community, id) DO NOTHING
        RETURNING work.id
    )
    SELECT j.place,
           CASE WHEN j.verdict = 'accepted' AND e.id IS NULL THEN 'again' ELSE j.verdict END,
           CASE WHEN e.id IS NULL THEN '' ELSE j.id END,
           j.late, coalesce(gate.closed_at, gate.deadline), gate.visit
      FROM judged j LEFT JOIN entered e ON e.id = j.id AND j.verdict = 'accepted'
     ORDER BY j.place;
END $$;

CREATE OR REPLACE FUNCTION trellis_act(
    p_run text, p_phase text, p_verbs text[], p_by text[], p_about text[], p_versions integer[], p_at timestamptz[],
    p_roles text[], p_choices text[], p_fields text[], p_visit bigint DEFAULT NULL
) RETURNS TABLE (place integer, verdict text, id text, late boolean, closes_at timestamptz, visit bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    gate record;
    status text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(trellis_gate_key(p_run, p_phase));
    SELECT v.visit, v.state, v.deadline, v.closed_at, v.community INTO gate
      FROM visit v WHERE v.run = p_run AND v.phase = p_phase AND (p_visit IS NULL OR v.visit = p_visit)
     ORDER BY v.visit DESC LIMIT 1;
    SELECT r.status INTO status FROM run r WHERE r.id = p_run;
    RETURN QUERY
    WITH asked AS (
        SELECT row_number() OVER ()::integer - 1 AS place, a.*
          FROM unnest(p_verbs, p_by, p_about, p_versions, p_at, p_roles, p_choices, p_fields)
               AS a(verb, by_, about, version, at, role, choice, fields)
    ), looked AS (
        SELECT a.*,
               CASE WHEN gate.visit IS NULL THEN 'no_phase'
                    WHEN status IS DISTINCT FROM 'running' THEN 'run_over'
                    WHEN gate.state <> 'open' THEN 'closed'
                    WHEN a.at >= gate.deadline THEN 'late'
                    ELSE 'accepted' END AS verdict
          FROM asked a
    ), entered AS (
        INSERT INTO act (run, phase, visit, by_, about, verb, version, at, role, choice, fields)
        SELECT p_run, p_phase, gate.visit, l.by_, l.about, l.verb, l.version, l.at, l.role, l.choice, l.fields::jsonb
          FROM looked l WHERE l.verdict = 'accepted' ORDER BY l.place
        ON CONFLICT (run, phase, visit, by_, about, verb, version) DO UPDATE
           SET at = excluded.at, role = excluded.role, choice = excluded.choice, fields = excluded.fields
         WHERE (act.choice, act.fields) IS DISTINCT FROM (excluded.choice, excluded.fields) OR excluded.verb = 'enrol'
        RETURNING act.by_, act.about, act.verb, act.version
    ), revised AS (
        UPDATE work SET version = l.version, fields = l.fields::jsonb
          FROM looked l
         WHERE l.verdict = 'accepted' AND l.verb = 'revise' AND work.community = gate.community AND work.id = l.about
           AND work.version = l.version - 1
        RETURNING work.id
    )
    SELECT l.place,
           CASE WHEN l.verdict = 'accepted' AND e.by_ IS NULL THEN 'known' ELSE l.verdict END,
           l.about, false, coalesce(gate.closed_at, gate.deadline), gate.visit
      FROM looked l
      LEFT JOIN entered e ON (e.by_, e.about, e.verb, e.version) = (l.by_, l.about, l.verb, l.version)
     ORDER BY l.place;
END $$;

CREATE OR REPLACE FUNCTION trellis_shut(p_run text, p_phase text, p_visit bigint, p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(trellis_gate_key(p_run, p_phase));
    UPDATE visit SET state = 'closing', shut_at = p_at
     WHERE run = p_run AND phase = p_phase AND visit = p_visit AND state = 'open';
END $$;
