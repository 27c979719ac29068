"""The one statement of `commit_sql`: it plans, writes, counts, and in between keeps or obeys a preview."""

from typing import NamedTuple

from upkeep.operations.execution.digests import (
    INSERT,
    IS_EFFECT,
    NOT_APPROVED,
    NOT_AS_PREVIEWED,
    ROW_CONTENT,
    ROW_KEY,
)

SQL = """
WITH {plan}{written}{done}
SELECT (SELECT jsonb_agg(c) FROM (SELECT action, reason, count(*) AS number FROM {source} GROUP BY action, reason) c),
       {rows}, {tally}, {came_up}
"""
ROWS = """
    (SELECT jsonb_agg(r) FROM (
        SELECT action, key, label, fields, reason FROM {source} WHERE action <> 'unchanged' LIMIT %(room)s) r)
"""
DONE = ", done AS (SELECT * FROM {source})"
TALLY = """
    (SELECT jsonb_object_agg(name, number)
       FROM (SELECT name, sum(number) AS number FROM ({tally}) AS one (name, number) GROUP BY name) AS figures)
"""
WRITTEN = ", written AS ({write} RETURNING {columns})"
INSERTED = """,
    inserted AS ({write}), written AS (SELECT {columns} FROM plan WHERE (plan.id IN (SELECT id FROM inserted)) IS TRUE)
"""
"""PostgreSQL returns nothing from an INSERT but columns of its table. By `IS TRUE` it makes a hash of these: it expects
one row, and would compare each with each."""
PLAN = "plan AS ({plan})"
KEPT = f""", kept AS (
    {INSERT} SELECT %(upkeep_run)s, %(upkeep_step)s, {ROW_KEY.format(row="plan")}, {ROW_CONTENT.format(row="plan")}
      FROM plan WHERE {IS_EFFECT.format(row="plan")})
"""  # noqa: S608 - of constants, and of what an operation declares
"""A dry run keeps what it would do."""
JUDGED = f"""
    judged AS MATERIALIZED (
        SELECT planned.*, {IS_EFFECT.format(row="planned")} AS upkeep_effect,
               (cardinality(%(upkeep_only)s::text[]) = 0 OR planned.key = ANY(%(upkeep_only)s))
                   AND planned.key <> ALL(%(upkeep_without)s::text[])
                   AND (cardinality(%(upkeep_reasons)s::text[]) = 0 OR planned.reason::text = ANY(%(upkeep_reasons)s))
                   AND (cardinality(%(upkeep_actions)s::text[]) = 0 OR planned.action::text = ANY(%(upkeep_actions)s))
                   AS upkeep_selected,
               (SELECT bool_or(kept.content = {ROW_CONTENT.format(row="planned")})
                  FROM upkeep_operations_rundigest AS kept
                 WHERE kept.run_id = %(upkeep_run)s AND kept.step = %(upkeep_step)s
                   AND kept.key = {ROW_KEY.format(row="planned")}) AS upkeep_same
          FROM ({{plan}}) AS planned),
    plan AS (SELECT * FROM judged WHERE NOT upkeep_effect OR (upkeep_selected AND upkeep_same))
"""  # noqa: S608 - of constants, and of what an operation declares
"""A run that applies a preview does what was approved of it."""
OUTCOMES = f""", outcomes AS (
    SELECT action::text, reason::text{{columns}} FROM written
     UNION ALL
    SELECT 'skipped', CASE WHEN upkeep_selected THEN '{NOT_AS_PREVIEWED}' ELSE '{NOT_APPROVED}' END{{columns}}
      FROM judged WHERE upkeep_effect AND (upkeep_selected AND upkeep_same) IS NOT TRUE)
"""  # noqa: S608 - of constants, and of what an operation declares
COUNTED = "plan.action, plan.reason"
RECORDED = f"{COUNTED}, plan.key, plan.label, plan.fields"
"""Once no more changes are recorded, PostgreSQL need not make them up."""


class Statement(NamedTuple):
    """The one statement that plans, writes and counts."""

    plan: str
    write: str
    """Empty: the plan is not carried out."""
    tally: str
    keeps: bool
    """Whether what is planned is kept as digests."""
    applies: bool
    """Whether what is carried out is what a preview has kept."""

    def sql(self, *, recorded: bool) -> str:
        """Its text; with the changes among its results when they are to be `recorded`."""
        source, columns = ("written" if self.write else "plan"), (RECORDED if recorded else COUNTED)
        clause = INSERTED if self.write.lstrip().startswith("INSERT") else WRITTEN
        written = clause.format(write=self.write, columns="plan.*" if self.tally else columns) if self.write else ""
        plan = (JUDGED if self.applies else PLAN).format(plan=self.plan)
        done = DONE.format(source=source) if self.tally else ""
        if self.applies:
            done += OUTCOMES.format(columns=", key, label, fields" if recorded else "")
        return SQL.format(
            plan=plan + (KEPT if self.keeps else ""),
            written=written,
            done=done,
            source="outcomes" if self.applies else source,
            rows=ROWS.format(source="outcomes" if self.applies else source) if recorded else "NULL",
            tally=TALLY.format(tally=self.tally) if self.tally else "NULL",
            came_up="(SELECT count(*) FROM judged WHERE upkeep_effect AND upkeep_same IS NOT NULL)"
            if self.applies
            else "0",
        )
