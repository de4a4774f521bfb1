-- The ledger of contributions only grows. Whoever is erased is replaced by a pseudonym, by whoever says
-- SET LOCAL trellis.erasing = 'on' first: then names may change, weights and times may not.

CREATE OR REPLACE FUNCTION trellis_contribution_stays() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('trellis.erasing', true) = 'on'
       AND (NEW.seq, NEW.community, NEW.run, NEW.weight, NEW.at, NEW.line)
           IS NOT DISTINCT FROM (OLD.seq, OLD.community, OLD.run, OLD.weight, OLD.at, OLD.line) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'contributions are append-only: % is refused', lower(TG_OP);
END $$;

DO $$ BEGIN
    IF to_regclass('contribution') IS NOT NULL THEN
        DROP TRIGGER IF EXISTS contribution_stays ON contribution;
        CREATE TRIGGER contribution_stays BEFORE UPDATE OR DELETE ON contribution
            FOR EACH ROW EXECUTE FUNCTION trellis_contribution_stays();
        DROP TRIGGER IF EXISTS contribution_never_emptied ON contribution;
        CREATE TRIGGER contribution_never_emptied BEFORE TRUNCATE ON contribution
            FOR EACH STATEMENT EXECUTE FUNCTION trellis_contribution_stays();
    END IF;
END $$;
